// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/transport"
)

const (
	serverArgument = "serve"
	pageSize       = 50
	domain         = "arr.test" // beside localhost
)

// The account and the sessions that the server answers for.
const (
	accountID   = "00000000-1111-2222-3333-444455556666"
	accountKey  = "not-a-key"
	sessionBody = `{"id":"demo","creationTime":"2021-05-14T13:56:19.7826038+00:00",` +
		`"arrInspectorPort":50830,"handshakePort":61353,"elapsedTimeMinutes":0,` +
		`"hostname":"1362320837-4b5f741c-707f-43fd-87dc-3e048677f9b8.remoterendering.vm.` +
		`eastus2.mixedreality.azure.com","maxLeaseTimeMinutes":5,"size":"Standard",` +
		`"status":"Ready","teraflops":8.1}`
	// token is a JWT of the year 2100: clients read its exp.
	token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjQxMDI0NDQ4MDB9.AAAA"
)

// running is a server in a process of its own, which sends the same bytes to everybody, so that
// what it costs a client does not depend on a service.
type running struct {
	URL    string // of the service and of the token service
	CAFile string
	trust  *x509.CertPool
	end    func()
}

// start starts a server, with HTTP/2 or without.
func start(ctx context.Context, http2 bool) (*running, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "benchmarks-")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, serverArgument, folder, fmt.Sprint(http2))
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe() // its end is the end of the server
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &running{end: func() {
		_ = input.Close()
		_ = cmd.Wait()
		_ = os.RemoveAll(folder)
	}}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, r)
	}
	if err == nil {
		r.trust, err = readPool(r.CAFile)
	}
	if err != nil {
		r.end()
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	return r, nil
}

func readPool(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("no certificate in " + path)
	}
	return pool, nil
}

// transport returns the transport that the client has by default, which trusts the server.
func (r *running) transport() *http.Transport { return r.trusted(transport.Standard()) }

// plainTransport returns the transport that net/http has by default, which trusts the server.
func (r *running) plainTransport() *http.Transport {
	return r.trusted(http.DefaultTransport.(*http.Transport).Clone())
}

func (r *running) trusted(t *http.Transport) *http.Transport {
	t.Proxy = nil
	t.TLSClientConfig = &tls.Config{RootCAs: r.trust, MinVersion: tls.VersionTLS12}
	return t
}

func (r *running) port() string { return r.URL[strings.LastIndexByte(r.URL, ':')+1:] }

func (r *running) session() string { return r.sessions() + "/demo" }

func (r *running) sessions() string { return r.URL + "/accounts/" + accountID + "/sessions" }

// opened asks the server how many connections were opened so far.
func (r *running) opened(ctx context.Context) (n int, err error) {
	t := r.transport()
	defer t.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL+"/opened", nil)
	if err != nil {
		return 0, err
	}
	resp, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscan(resp.Body, &n)
	return n, err
}

// serve is the server process.
func serve() error {
	folder, http2 := os.Args[2], os.Args[3] == "true"
	authority, err := emulator.OpenAuthority(folder, domain)
	if err != nil {
		return err
	}
	config := authority.TLSConfig()
	config.NextProtos = []string{"http/1.1"}
	if http2 {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	var opened atomic.Int64
	server := &http.Server{
		Handler:           answers(&opened),
		TLSConfig:         config,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // handshakes that a client gave up
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	line, err := json.Marshal(running{
		URL: "https://" + listener.Addr().String(), CAFile: authority.CertificateFile()})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// answers returns a handler that sends the same bytes to everybody.
func answers(opened *atomic.Int64) http.Handler {
	page := []byte(`{"sessions":[` + strings.Repeat(sessionBody+",", pageSize-1) + sessionBody + `]}`)
	send := func(w http.ResponseWriter, body []byte) {
		header := w.Header()
		header.Set("Content-Type", "application/json; charset=utf-8")
		header.Set("Ms-Cv", "w+ckxqtEPkOyRAm+4uq6Rg.0")
		header.Set("Api-Supported-Versions", "2021-01-01-preview, 2021-01-01")
		header.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch path := req.URL.Path; {
		case path == "/opened":
			fmt.Fprintln(w, opened.Load())
		case strings.HasSuffix(path, "/token"):
			send(w, []byte(`{"AccessToken":"`+token+`"}`))
		case strings.HasSuffix(path, "/sessions"), strings.HasSuffix(path, "/sessions/"):
			send(w, page)
		default:
			send(w, []byte(sessionBody))
		}
	})
}
