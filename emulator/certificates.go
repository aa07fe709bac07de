// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/arr-go/azremoterendering/internal/localca"
)

const (
	// certificateCheckInterval is how often handshakes look whether the files have changed.
	certificateCheckInterval = time.Second
	// certificateCheckPatience is how long a handshake waits for that.
	certificateCheckPatience = 250 * time.Millisecond
)

// CertificateFiles is a certificate of your own, such as one of mkcert or cert-manager, for
// [Emulator.ListenTLS]. Get one with [OpenCertificateFiles]. It is safe for concurrent use.
type CertificateFiles struct {
	certFile, keyFile string
	logger            *slog.Logger

	current atomic.Pointer[tls.Certificate]

	// mu guards what follows. It is not held while the files are looked at, which may take long, as
	// on a file system of a network.
	mu     sync.Mutex
	looked time.Time     // when the last check began
	over   chan struct{} // closed when the check in progress is over; nil if there is none

	// What follows belongs to the check in progress.
	seen    [2]fileVersion
	refused [2]fileVersion // was logged as unusable
}

// fileVersion tells whether a file has changed.
type fileVersion struct {
	modified time.Time
	size     int64
}

// OpenCertificateFiles reads a certificate with its chain, and its private key, both in PEM form.
// Changed files are read again at a handshake, at most once a second. A handshake waits 250 ms for
// that, and then uses the certificate before. If the files cannot be used, the certificate before
// stays in use, and the error is logged at level Warn. A nil logger discards it.
//
// It is an error if a file cannot be read, the key is not that of the certificate, or the
// certificate has expired, is not valid yet, or has no name and no address. Errors show no key.
func OpenCertificateFiles(certFile, keyFile string, logger *slog.Logger) (*CertificateFiles, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c := &CertificateFiles{certFile: certFile, keyFile: keyFile, logger: logger}
	c.looked, c.seen = time.Now(), c.versions()
	current, err := c.load(time.Now())
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	c.current.Store(current)
	return c, nil
}

// TLSConfig returns a new configuration for a server: TLS 1.2 or newer, with the certificate for
// every name that a client asks for.
func (c *CertificateFiles) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.certificate(), nil
		},
	}
}

// Names returns the names that the certificate is for, then its addresses. A name may begin with
// "*.".
func (c *CertificateFiles) Names() []string {
	leaf := c.certificate().Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// Covers reports whether the certificate is for a host name or an address.
func (c *CertificateFiles) Covers(host string) bool {
	return c.certificate().Leaf.VerifyHostname(host) == nil
}

// certificate returns the present certificate, from the files if they have changed.
func (c *CertificateFiles) certificate() *tls.Certificate {
	if over, patience := c.checking(); patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-over:
		case <-timer.C:
		}
	}
	return c.current.Load()
}

// checking begins a check if it is time for one. It returns a channel that is closed when the check
// in progress is over, and how long to wait for that, which is 0 if there is none. The goroutine of
// a check ends as soon as the file system has answered; there is one at a time.
func (c *CertificateFiles) checking() (over <-chan struct{}, patience time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case c.over != nil:
	case now.Sub(c.looked) < certificateCheckInterval:
		return nil, 0
	default:
		c.looked, c.over = now, make(chan struct{})
		go c.check(now)
	}
	return c.over, certificateCheckPatience - now.Sub(c.looked)
}

// check reads the files if they have changed.
func (c *CertificateFiles) check(now time.Time) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		close(c.over)
		c.over = nil
	}()
	versions := c.versions()
	if versions == c.seen {
		return
	}
	current, err := c.load(now) // again and again if it fails: a certificate may become valid later
	if err != nil {
		if versions != c.refused {
			c.refused = versions
			c.logger.Warn("the certificate before stays in use", slog.Any("error", err))
		}
		return
	}
	c.seen = versions
	c.logger.Info("certificate replaced", slog.Time("valid-until", current.Leaf.NotAfter))
	c.current.Store(current)
}

// versions returns what tells whether the files have changed. It follows links, as those of a
// mounted secret.
func (c *CertificateFiles) versions() (versions [2]fileVersion) {
	for i, path := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(path); err == nil {
			versions[i] = fileVersion{info.ModTime(), info.Size()}
		}
	}
	return versions
}

// load reads and checks the files.
func (c *CertificateFiles) load(now time.Time) (*tls.Certificate, error) {
	certificate, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		if _, unreadable := errors.AsType[*fs.PathError](err); unreadable {
			return nil, fmt.Errorf("cannot read the certificate or its key: %w", err)
		}
		return nil, fmt.Errorf("the certificate %s and the key %s are malformed, or do not belong "+
			"to each other: %w", c.certFile, c.keyFile, err)
	}
	if certificate.Leaf == nil {
		if certificate.Leaf, err = x509.ParseCertificate(certificate.Certificate[0]); err != nil {
			return nil, fmt.Errorf("the certificate %s is malformed: %w", c.certFile, err)
		}
	}
	leaf := certificate.Leaf
	switch {
	case now.After(leaf.NotAfter):
		return nil, fmt.Errorf("the certificate %s has expired: it was valid until %s; renew it",
			c.certFile, leaf.NotAfter.Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return nil, fmt.Errorf("the certificate %s is not valid before %s; is the clock right?",
			c.certFile, leaf.NotBefore.Format(time.RFC3339))
	case len(leaf.DNSNames) == 0 && len(leaf.IPAddresses) == 0:
		return nil, fmt.Errorf("the certificate %s has no host name and no address (subject "+
			"alternative names), so no client accepts it; its common name does not count", c.certFile)
	}
	return &certificate, nil
}

// Authority is a certificate authority for emulators that listen with TLS: clients that trust its
// certificate trust every such emulator on this machine. Get one with [OpenAuthority]. It is safe
// for concurrent use.
//
// Critical name constraints limit its certificate to the domains it was made for, localhost, and
// the loopback addresses 127.0.0.0/8 and ::1, and to TLS servers. Printing an Authority shows the
// path of its certificate, never the key.
type Authority struct{ ca *localca.Authority }

// OpenAuthority returns the certificate authority that is kept in the folder dir, and creates it if
// there is none: an ECDSA P-256 key that only the user can read, and a certificate that is valid
// for 10 years for the given domains and everything below them, such as "arr.test" for
// "sts.arr.test". The names at and below localhost and the loopback addresses are always included.
// A missing folder is created, for the user alone. Several processes may call OpenAuthority at
// once: all get the same authority.
//
// A domain has at least two labels, because an authority for a top-level domain could speak for all
// of it. An authority for a public domain can speak for its real hosts: prefer names below .test,
// which is reserved.
//
// It is an error if a domain is malformed or is one that the kept authority is not for; if others
// can write to the folder or read the key (on Windows this is not checked, because the access
// rights of the folder decide); if the authority has expired or is not valid yet; and if a file is
// missing, damaged, or does not belong to the other. The error says what to do. Nothing is ever
// replaced: a new authority must be trusted again, so the user decides to make one by removing the
// folder.
func OpenAuthority(dir string, domains ...string) (*Authority, error) {
	ca, err := localca.Open(dir, domains...)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	return &Authority{ca}, nil
}

// CertificateFile returns the absolute path of the certificate in PEM form. Clients must trust it.
func (a *Authority) CertificateFile() string { return a.ca.CertificateFile() }

// CertPool returns a new pool with the certificate of the authority and no other, for
// [crypto/tls.Config.RootCAs] of a client.
func (a *Authority) CertPool() *x509.CertPool { return a.ca.CertPool() }

// TLSConfig returns a new configuration for a server, such as [Emulator.ListenTLS]: TLS 1.2 or
// newer, with a certificate signed for the name that the client asks for. A client that names none,
// as is usual for one that connects to an IP address, gets a certificate for that address. Clients
// must trust [Authority.CertificateFile] or [Authority.CertPool].
//
// Certificates are valid for 90 days, at most as long as the authority, and are replaced 30 days
// before their end; the 256 most recently used are cached, in memory only. A handshake fails for a
// name or address that the authority is not for. Its error, which the server logs, lists the
// permitted ones.
func (a *Authority) TLSConfig() *tls.Config { return a.ca.TLSConfig() }

// Format implements [fmt.Formatter]: for every verb it prints the path of the certificate, never
// the key.
func (a *Authority) Format(f fmt.State, _ rune) {
	if a == nil {
		_, _ = io.WriteString(f, "emulator.Authority(nil)")
		return
	}
	_, _ = fmt.Fprintf(f, "emulator.Authority(%s)", a.CertificateFile())
}
