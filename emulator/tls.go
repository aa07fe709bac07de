// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
)

// ListenTLS serves the emulator as [Emulator.Listen] does, but over HTTPS, HTTP/1.1 and HTTP/2,
// with config, which is not changed. [Authority.TLSConfig] makes one for local use; a certificate
// from elsewhere is
//
//	certificate, err := tls.LoadX509KeyPair("cert.pem", "key.pem")
//	…
//	server, err := e.ListenTLS("", &tls.Config{Certificates: []tls.Certificate{certificate}})
//
// Handshakes that fail are logged at level Warn. On an address of this machine that is not a
// loopback one, [Server.URL] names that address, even if the certificate is valid only for names.
//
// It is an error if config is nil or has no certificate, and in the cases of Listen.
func (e *Emulator) ListenTLS(address string, config *tls.Config) (*Server, error) {
	if config == nil || len(config.Certificates) == 0 &&
		config.GetCertificate == nil && config.GetConfigForClient == nil {
		return nil, errors.New("emulator: ListenTLS needs a configuration with a certificate, " +
			"such as that of Authority.TLSConfig")
	}
	config = config.Clone()
	return e.listen(address, "https", func(server *http.Server, listener net.Listener) error {
		server.TLSConfig = config
		return server.ServeTLS(listener, "", "")
	})
}
