// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// mostSkew is how much a clock may be wrong. Sign-in services tolerate five minutes.
const mostSkew = 5 * time.Minute

// network checks the way to the token service and to each rendering endpoint. It stops at the first
// step that fails for a host, and goes on with the next host.
func (d *doctor) network(ctx context.Context, target config.Target) {
	account := url.PathEscape(target.Account.ID)
	if target.SignIn != config.SignInToken {
		d.reach(ctx, target, tokenService(target)+"/Accounts/"+account+"/token?api-version=2019-02-28-preview")
	}
	for _, endpoint := range target.WithFallback() {
		d.reach(ctx, target, strings.TrimRight(endpoint, "/")+"/accounts/"+account+"/sessions?api-version=2021-01-01")
	}
}

// tokenService returns the address of the token service.
func tokenService(target config.Target) string {
	if target.STSEndpoint != "" {
		return strings.TrimRight(target.STSEndpoint, "/")
	}
	return "https://sts." + target.Account.Domain
}

// reach sends a request without credentials to an address and reports each step on the way.
func (d *doctor) reach(ctx context.Context, target config.Target, address string) {
	if ctx.Err() != nil {
		return
	}
	parsed, err := url.Parse(address)
	if err != nil || !d.once(parsed.Scheme+"://"+parsed.Host) {
		return // the settings were checked
	}
	p, err := send(ctx, target.CAFile, address)
	if err != nil {
		d.fail(check{Check: "settings"}, err)
		return
	}
	steps := []func(*passage) (check, error){d.throughProxy, d.resolution, d.tcp, d.tls, d.http, d.time}
	for _, step := range steps {
		c, err := step(p)
		if c.Check == "" {
			continue
		}
		c.Host = p.host
		c.Milliseconds = float64(p.took[c.Check].Microseconds()) / 1000
		if err != nil {
			d.fail(c, err)
			d.unreachable[p.host] = d.unreachable[p.host] || c.Check != "clock"
			return
		}
		c.Status = checkOK
		d.report(c)
	}
}

// throughProxy reports the proxy that requests to a host go through.
func (d *doctor) throughProxy(p *passage) (check, error) {
	c := check{Check: "proxy"}
	switch {
	case p.proxyErr != nil && p.proxy == nil && !d.once("unreadable proxy"):
		return check{}, nil
	case p.proxyErr != nil:
		return c, p.proxyErr
	case p.proxy == nil && d.once("no proxy"):
		c.Detail = "none"
		return c, nil
	case p.proxy == nil:
		return check{}, nil
	}
	c.Detail = p.proxy.Host + " opens connections to " + p.host
	failed, ofProxy := errors.AsType[*transport.ProxyError](p.err)
	switch {
	case ofProxy:
		c.Detail, c.Cure = "", capitalized(failed.Advice())+"."
		return c, failed
	case p.err != nil && (p.connected == "" || p.secure && !p.tunnelled):
		c.Detail = fmt.Sprintf("%s cannot be used for %s: %s", p.proxy.Host, p.host, innermost(p.err))
		c.Cure = fmt.Sprintf(
			"Check %s_PROXY, or name %s in NO_PROXY.", map[bool]string{true: "HTTPS", false: "HTTP"}[p.secure], p.host)
		return c, p.err
	}
	return c, nil
}

// unreadableProxy returns an error if the setting of the proxy is not an address: net/http passes
// over such a setting in silence. The setting is not quoted, because it may hold a password.
func unreadableProxy(scheme string) error {
	name := strings.ToUpper(scheme) + "_PROXY"
	setting := cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name)))
	_, err := url.Parse(setting)
	_, withoutScheme := url.Parse("http://" + setting)
	if err == nil || withoutScheme == nil {
		return nil
	}
	return &failure.Advised{
		Err:    fmt.Errorf("the address of the proxy, %s, cannot be read, and is not used", name),
		Advice: "Correct " + name + ", with special characters of user name and password as %XX.",
	}
}

// resolution reports the addresses of a host. With a proxy that is the proxy's affair.
func (d *doctor) resolution(p *passage) (check, error) {
	c := check{Check: "name-resolution"}
	name := hostname(p.host)
	if p.proxy != nil || net.ParseIP(name) != nil {
		return check{}, nil
	}
	if p.resolveErr == nil && len(p.resolved) > 0 {
		c.Detail = fmt.Sprintf("%s is %s", name, p.resolved[0].String())
		return c, nil
	}
	if p.resolveErr == nil {
		return check{}, nil // the transport has not asked
	}
	c.Detail = fmt.Sprintf("%s: %s", name, innermost(p.resolveErr))
	unknown, ok := errors.AsType[*net.DNSError](p.resolveErr)
	switch {
	case config.IsHostedName(name):
		c.Cure = failure.Retired
	case ok && unknown.IsNotFound:
		c.Cure = fmt.Sprintf("Correct the name %s: \"arr config\" shows which setting it comes from.", name)
	default:
		c.Cure = "Check the DNS of this machine, its network and a VPN."
	}
	return c, p.err
}

// tcp reports the connection.
func (d *doctor) tcp(p *passage) (check, error) {
	if p.proxy != nil {
		return check{}, nil
	}
	c := check{Check: "tcp", Detail: "connected to " + p.connected}
	if p.connected != "" || p.err == nil {
		return c, nil
	}
	failed := p.dialErr
	if failed == nil {
		failed = p.err
	}
	c.Detail = fmt.Sprintf("no connection to %s: %s", p.host, innermost(failed))
	timeout, ok := errors.AsType[net.Error](failed)
	switch {
	case config.IsHostedName(hostname(p.host)):
		c.Cure = failure.Retired
	case errors.Is(failed, syscall.ECONNREFUSED):
		c.Cure = "Nothing listens there: check the port, and whether the service runs."
	case ok && timeout.Timeout():
		c.Cure = "A firewall may be in the way: allow the connection, or set HTTPS_PROXY."
	default:
		c.Cure = "Check the network, a VPN and a firewall."
	}
	return c, p.err
}

// tls reports the certificate of a host.
func (d *doctor) tls(p *passage) (check, error) {
	if !p.secure {
		return check{}, nil
	}
	c := check{Check: "tls"}
	if p.handshake != nil && (p.err == nil || !isAboutTLS(p.err)) {
		leaf := p.handshake.PeerCertificates[0]
		c.Detail = fmt.Sprintf(
			"%s, certificate of %s by %s until %s", tls.VersionName(p.handshake.Version), p.host,
			text.OneLine(leaf.Issuer.CommonName), leaf.NotAfter.Format(time.DateOnly))
		return c, nil
	}
	c.Detail, c.Cure = aboutTLS(p)
	return c, p.err
}

func isAboutTLS(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return certificate || record || alert
}

// aboutTLS says why there was no handshake, and what to do.
func aboutTLS(p *passage) (detail, cure string) {
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](p.err)
	wrongName, isName := errors.AsType[x509.HostnameError](p.err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](p.err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](p.err)
	now := time.Now()
	switch {
	case isInvalid && invalid.Reason == x509.Expired && now.Before(invalid.Cert.NotBefore):
		return fmt.Sprintf("the certificate of %s is valid from %s on", p.host, instant(invalid.Cert.NotBefore)),
			"Set the clock of this machine: it says " + instant(now) + "."
	case isInvalid && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s expired on %s", p.host, instant(invalid.Cert.NotAfter)),
			"Renew the certificate of the service, if the clock of this machine is right: it says " + instant(now) + "."
	case isName:
		return fmt.Sprintf("the certificate of %s is for %s", p.host, namesOf(wrongName.Certificate)),
			"Check the address: another server answers there, or the service needs a certificate for this name."
	case isUnknown:
		return fmt.Sprintf("the certificate of %s is of an authority that is not trusted", p.host),
			"If the address is right, name a file with the certificate of the authority: --ca-file or ARR_CA_FILE."
	case isRecord:
		return p.host + " does not speak TLS",
			"Check the port; an emulator without --tls has an address with http://."
	default:
		return fmt.Sprintf("no TLS connection to %s: %s", p.host, innermost(p.err)),
			"Check the address and the port; a firewall that reads TLS may be in the way."
	}
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func namesOf(certificate *x509.Certificate) string {
	names := append([]string{}, certificate.DNSNames...)
	for _, ip := range certificate.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name"
	}
	return text.OneLine(strings.Join(names, ", "))
}

// http reports the answer to a request without credentials, which a service refuses.
func (d *doctor) http(p *passage) (check, error) {
	c := check{Check: "http"}
	if p.err != nil {
		c.Detail = fmt.Sprintf("%s does not answer: %s", p.host, innermost(p.err))
		c.Cure = "Check the address and the port, and whether the service runs."
		return c, p.err
	}
	c.Detail = fmt.Sprintf("%s answers %s", p.host, p.answer.Status)
	status := p.answer.StatusCode
	switch {
	case status == http.StatusProxyAuthRequired:
		c.Cure = "Put the user name and password of the proxy into HTTP_PROXY, or name the host in NO_PROXY."
	case status == http.StatusNetworkAuthenticationRequired, status < 400, p.html && status < 500:
		c.Detail += ", which is not the service"
		if p.html {
			c.Detail = fmt.Sprintf("%s answers %s with a web page, which is not the service", p.host, p.answer.Status)
		}
		c.Cure = "Sign in to this network in a browser if it asks for that; otherwise check the address."
	default:
		return c, nil
	}
	return c, errors.New(c.Detail)
}

// time reports the clock of this machine, once.
func (d *doctor) time(p *passage) (check, error) {
	if !p.dated || !d.once("clock") {
		return check{}, nil
	}
	c := check{Check: "clock", Detail: fmt.Sprintf("agrees with %s", p.host)}
	if p.skew.Abs() <= mostSkew {
		if p.skew.Abs() > time.Second {
			c.Detail += fmt.Sprintf(" to %s", p.skew.Abs())
		}
		return c, nil
	}
	direction := "ahead of"
	if p.skew < 0 {
		direction = "behind"
	}
	c.Detail = fmt.Sprintf("this machine is %s %s %s", p.skew.Abs(), direction, p.host)
	c.Cure = "Set the clock of this machine, for example: timedatectl set-ntp true (Linux), w32tm /resync (Windows)."
	return c, errors.New(c.Detail)
}
