// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/emulator"
)

// usualDomain is what an authority is made for if no domain is given, so that it can still be used
// when one is.
const usualDomain = "arr.test"

const localhost = "localhost"

// listening says where clients find the emulator.
type listening struct {
	address string
	tls     bool
	domain  string
	hosts   []string // further ones
	// external is the address by which clients reach the emulator, if it is another one.
	external string
	proxies  []netip.Prefix
	caDir    string
	// certFile and keyFile are of a certificate of the user's own.
	certFile, keyFile string
	own               *emulator.CertificateFiles // nil without these
}

func (l *listening) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(
		&l.address,
		"listen",
		defaultAddress,
		"`HOST:PORT` to listen on; port 0 means any free port, localhost both 127.0.0.1 and ::1",
	)
	flags.BoolVar(&l.tls, "tls", false, "serve https instead of http")
	flags.StringVar(
		&l.domain,
		"domain",
		"",
		"`DOMAIN` of the service, such as "+usualDomain+": the token service is sts.DOMAIN, the session service "+
			"remoterendering.REGION.DOMAIN, both on the one port (default: that of the hosted service)",
	)
	flags.StringSliceVar(
		&l.hosts,
		"allow-host",
		nil,
		"further `HOST` by which clients reach the emulator, such as the name of a container, or "+
			".HOST for all names below it too; may be repeated. Requests for unknown hosts are "+
			"refused; known are localhost, the address listened on and names at or below the domain",
	)
	flags.StringVar(
		&l.external,
		"external-url",
		"",
		"`URL` by which clients reach the emulator, such as https://arr.example.com, if it is "+
			"behind a proxy or in a container; printed as the endpoint, and used in links to the next page",
	)
	flags.Var(
		(*proxyList)(&l.proxies),
		"trusted-proxy",
		"addresses of proxies, such as 10.0.0.0/8, whose headers Forwarded, X-Forwarded-Proto and "+
			"X-Forwarded-Host tell the address that a client used; may be repeated (default: none)",
	)
	flags.StringVar(
		&l.certFile,
		"cert",
		"",
		"`FILE` with a certificate of your own and its chain (PEM), to serve https with it; its names are "+
			"allowed hosts; it is read again when it changes",
	)
	flags.StringVar(&l.keyFile, "key", "", "`FILE` with the private key of --cert (PEM)")
	flags.StringVar(
		&l.caDir,
		"ca-dir",
		"",
		"`DIR` of the certificate authority of --tls (default: arr-emulator in your "+
			"configuration folder)",
	)
}

// listenAddress is an address of this machine.
type listenAddress struct {
	text     string
	name     string // as the user gave it, or empty
	loopback bool   // other machines cannot reach it, not even through a proxy
}

// resolve looks at the flags. It returns the IP address that it has checked, so that a name cannot
// lead to another one later.
func (l *listening) resolve() (listenAddress, error) {
	if l.tls && l.domain != "" && !strings.Contains(l.domain, ".") {
		return listenAddress{}, usagef(
			"--domain %q is a top-level domain, too much for a certificate authority: give one below it, such as %s",
			l.domain,
			usualDomain,
		)
	}
	if l.caDir != "" && l.certFile != "" {
		return listenAddress{}, usagef("--ca-dir has no effect with --cert")
	}
	if (l.certFile == "") != (l.keyFile == "") {
		return listenAddress{}, usagef("--cert and --key need each other")
	}
	l.tls = l.tls || l.certFile != ""
	if l.caDir != "" && !l.tls {
		return listenAddress{}, usagef("--ca-dir has no effect without --tls")
	}
	name, port, err := net.SplitHostPort(l.address)
	if err == nil && port == "" {
		err = errors.New("the port is missing")
	}
	var tcp *net.TCPAddr
	if err == nil && strings.EqualFold(name, localhost) {
		return listenAddress{l.address, name, !l.proxied()}, nil // which is both loopback addresses
	}
	if err == nil {
		tcp, err = net.ResolveTCPAddr("tcp", l.address)
	}
	if err != nil {
		return listenAddress{}, usagef(
			"--listen %q: %w; give HOST:PORT of this machine, such as %s, or port 0 for any that is free",
			l.address,
			err,
			defaultAddress,
		)
	}
	loopback := tcp.IP.IsLoopback() && !l.proxied() // no IP means all addresses
	return listenAddress{tcp.String(), name, loopback}, nil
}

// proxied reports whether a proxy on this machine may let others in.
func (l *listening) proxied() bool {
	external, err := url.Parse(l.external)
	return len(l.proxies) > 0 || err == nil && external.Host != "" && !isLoopback(external.Hostname())
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, localhost) || err == nil && ip.Unmap().IsLoopback()
}

// proxyList is a flag that can be given several times.
type proxyList []netip.Prefix

func (l *proxyList) Set(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		ip, notAddress := netip.ParseAddr(text)
		if notAddress != nil || ip.Zone() != "" {
			return errors.New("give an address or a range of addresses, such as 10.0.0.0/8")
		}
		prefix = netip.PrefixFrom(ip, ip.BitLen())
	}
	*l = append(*l, prefix.Masked())
	return nil
}

func (l *proxyList) String() string {
	texts := make([]string, len(*l))
	for i, prefix := range *l {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

func (l *proxyList) Type() string { return "CIDR" }

// openCertificate reads the certificate of the user's own, if there is one.
func (l *listening) openCertificate(log *slog.Logger) error {
	if l.certFile == "" {
		return nil
	}
	own, err := emulator.OpenCertificateFiles(
		input.Path(l.certFile, ""), input.Path(l.keyFile, ""), log)
	if err != nil {
		return &failure.Advised{
			Err:    usagef("--cert, --key: %w", err),
			Advice: "Give a valid certificate and its key, or --tls alone for one that arr makes.",
		}
	}
	l.own = own
	return nil
}

// allowed returns the hosts that the user has named.
func (l *listening) allowed(address listenAddress) []string {
	hosts := slices.Clone(l.hosts)
	if l.own != nil {
		for _, name := range l.own.Names() {
			hosts = append(hosts, strings.TrimPrefix(name, "*")) // ".domain" is all below it
		}
	}
	_, err := netip.ParseAddr(address.name)
	if address.name == "" || err == nil {
		return hosts
	}
	return append(hosts, address.name)
}

// certifiedHost returns a host that the certificate of the user's own is for: that one if it is,
// or else its first name that is no pattern.
func (l *listening) certifiedHost(host string) string {
	if l.own == nil || l.own.Covers(host) {
		return host
	}
	for _, name := range l.own.Names() {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return host
}

// listen starts the server. The authority is nil without TLS.
func (l *listening) listen(
	e *emulator.Emulator,
	address listenAddress,
	domain string,
) (*emulator.Server, *emulator.Authority, error) {
	var authority *emulator.Authority
	var err error
	if l.tls && l.own == nil {
		if authority, err = l.openAuthority(domain); err != nil {
			return nil, nil, err
		}
	}
	serve := func() (*emulator.Server, error) { return e.Listen(address.text) }
	switch {
	case l.own != nil:
		serve = func() (*emulator.Server, error) { return e.ListenTLS(address.text, l.own.TLSConfig()) }
	case l.tls:
		serve = func() (*emulator.Server, error) { return e.ListenTLS(address.text, authority.TLSConfig()) }
	}
	server, err := serve()
	if err != nil {
		return nil, nil, &failure.Advised{
			Err: err,
			Advice: "If another program uses the port, perhaps another emulator, end it, " +
				"or choose a port with --listen; --listen 127.0.0.1:0 takes any that is free.",
		}
	}
	return server, authority, nil
}

func (l *listening) openAuthority(domain string) (*emulator.Authority, error) {
	dir := input.Path(l.caDir, "")
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf(
				"there is no place for the certificate authority: %w; give one with --ca-dir",
				err,
			)
		}
		dir = filepath.Join(base, "arr-emulator")
	}
	if domain == "" {
		if authority, err := emulator.OpenAuthority(dir, usualDomain); err == nil {
			return authority, nil
		}
		// It may be one for another domain, which will do: without a domain only loopback addresses
		// are needed.
		authority, err := emulator.OpenAuthority(dir)
		return authority, aboutAuthority(err)
	}
	authority, err := emulator.OpenAuthority(dir, domain)
	return authority, aboutAuthority(err)
}

func aboutAuthority(err error) error {
	if err == nil {
		return nil
	}
	return &failure.Advised{
		Err:    err,
		Advice: "Another folder can be given with --ca-dir; clients must trust its authority then.",
	}
}
