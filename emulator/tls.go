// SPDX-License-Identifier: MIT

package emulator

import (
	"errors"
	"net"
	"net/http"
)

// ListenTLS serves the emulator as [Emulator.Listen] does, but over HTTPS, HTTP/1.1 and HTTP/2,
// with certificates of authority.
//
// Clients must trust [Authority.CertificateFile] or [Authority.CertPool], and connect by a name or
// address that the authority is for: a loopback address, localhost, or a name at or below one of
// its domains that the client's machine resolves to this one. Other handshakes fail, and the
// emulator's logger receives the reason at level Warn. On an address of this machine that is not a
// loopback one, [Server.URL] names that address, though clients can only use names there.
//
// It is an error if authority is nil, and in the cases of Listen.
func (e *Emulator) ListenTLS(address string, authority *Authority) (*Server, error) {
	if authority == nil {
		return nil, errors.New(
			"emulator: ListenTLS needs a certificate authority: get one with OpenAuthority",
		)
	}
	config := authority.TLSConfig()
	return e.listen(address, "https", func(server *http.Server, listener net.Listener) error {
		server.TLSConfig = config
		return server.ServeTLS(listener, "", "")
	})
}
