// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"

	"github.com/arr-go/azremoterendering/internal/localca"
)

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
