// SPDX-License-Identifier: MIT

package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	leafLifetime = 90 * 24 * time.Hour
	leafRenewal  = leafLifetime / 3 // before the end
	maxLeafs     = 256
)

// leafCache caches signed certificates. The lock is held while one is signed, for less than a
// millisecond, so that concurrent handshakes for one name sign once.
type leafCache struct {
	mu    sync.Mutex
	leafs map[string]*leaf
	uses  uint64
}

type leaf struct {
	certificate *tls.Certificate
	renewAt     time.Time
	lastUse     uint64
}

// TLSConfig returns a new configuration for a server: TLS 1.2 or newer, with a certificate signed
// for the name that the client asks for. A client that names none, as is usual for one that
// connects to an IP address, gets a certificate for that address.
//
// Certificates are valid for 90 days, at most as long as the authority, and are replaced 30 days
// before their end; the 256 most recently used are cached, in memory only. A handshake fails for a
// name or address that the authority is not for.
func (a *Authority) TLSConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.certificateFor}
}

func (a *Authority) certificateFor(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	if name == "" {
		address, err := localAddress(hello.Conn)
		if err != nil {
			return nil, err
		}
		name = address
	}
	address, _ := netip.ParseAddr(name) // some clients send an address, against the standard
	address = address.Unmap()
	if address.IsValid() {
		name = address.String() // one spelling
	}
	if !a.permits(name, address) {
		return nil, fmt.Errorf(
			"no certificate for %.80q: the authority is for %s; use one of these names and the "+
				"names below them, or make another authority",
			name,
			strings.Join(a.permitted(), ", "),
		)
	}
	return a.leafs.get(
		name,
		func() (*tls.Certificate, time.Time, error) { return a.sign(name, address) },
	)
}

// localAddress returns the IP address that a client has connected to.
func localAddress(connection net.Conn) (string, error) {
	if connection != nil {
		if tcp, ok := connection.LocalAddr().(*net.TCPAddr); ok {
			return tcp.AddrPort().Addr().Unmap().WithZone("").String(), nil
		}
	}
	return "", errors.New(
		"no certificate for a client that names no server, on a connection without IP address: connect by name",
	)
}

// permits reports whether the name constraints allow a name or, if it is valid, an address. A
// certificate for anything else would only fail later, at the client.
func (a *Authority) permits(name string, address netip.Addr) bool {
	if !address.IsValid() {
		return len(name) <= maxHostLength && hostPattern.MatchString(name) &&
			permitsDomain(a.certificate, name)
	}
	for _, network := range a.certificate.PermittedIPRanges {
		if network.Contains(address.AsSlice()) {
			return true
		}
	}
	return false
}

// permitted lists the permitted domains and networks, for error messages.
func (a *Authority) permitted() []string {
	names := append([]string(nil), a.certificate.PermittedDNSDomains...)
	for _, network := range a.certificate.PermittedIPRanges {
		names = append(names, network.String())
	}
	return names
}

// sign makes a key and a certificate for a name or, if it is valid, an address. It also returns
// when to replace them.
func (a *Authority) sign(name string, address netip.Addr) (*tls.Certificate, time.Time, error) {
	now := time.Now()
	end := now.Add(leafLifetime)
	if end.After(a.certificate.NotAfter) {
		end = a.certificate.NotAfter
	}
	if !end.After(now) {
		return nil, end, fmt.Errorf(
			"the certificate authority expired on %s: start again to see what to do",
			end.Format(time.DateOnly),
		)
	}
	template := &x509.Certificate{
		// No common name: some clients still take it for a host name.
		Subject:     pkix.Name{Organization: []string{authorityOrganization}},
		NotBefore:   now.Add(-clockTolerance),
		NotAfter:    end,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if address.IsValid() {
		template.IPAddresses = []net.IP{address.AsSlice()}
	} else {
		template.DNSNames = []string{name}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, end, fmt.Errorf("cannot make a key for %q: %w", name, err)
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, end, fmt.Errorf("cannot sign a certificate for %q: %w", name, err)
	}
	renewAt := end
	if end.Before(a.certificate.NotAfter) { // otherwise a new one would end no later
		renewAt = end.Add(-leafRenewal)
	}
	// Round(0) compares by wall clock, which goes on while the machine sleeps.
	return &tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, renewAt.Round(0), nil
}

// get returns the cached certificate for a name, or a new one from sign.
func (c *leafCache) get(
	name string,
	sign func() (*tls.Certificate, time.Time, error),
) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uses++
	if kept := c.leafs[name]; kept != nil && time.Now().Before(kept.renewAt) {
		kept.lastUse = c.uses
		return kept.certificate, nil
	}
	certificate, renewAt, err := sign()
	if err != nil {
		return nil, err
	}
	if c.leafs == nil {
		c.leafs = make(map[string]*leaf)
	}
	if _, known := c.leafs[name]; !known && len(c.leafs) >= maxLeafs {
		c.dropOldest()
	}
	c.leafs[name] = &leaf{certificate, renewAt, c.uses}
	return certificate, nil
}

// dropOldest evicts the least recently used certificate.
func (c *leafCache) dropOldest() {
	oldest, first := "", c.uses
	for name, kept := range c.leafs {
		if kept.lastUse < first {
			oldest, first = name, kept.lastUse
		}
	}
	delete(c.leafs, oldest)
}
