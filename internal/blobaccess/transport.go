// SPDX-License-Identifier: MIT

package blobaccess

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

const (
	maxErrorBody   = 64 << 10
	idlePerHost    = 32
	answerTimeout  = 2 * time.Minute // from the end of a request to the beginning of its answer
	connectTimeout = 30 * time.Second
)

// Options are the options of a client for storage: base, with a transport that adds the SAS. The
// zero SAS adds nothing; then the client signs in by itself.
func Options(base azcore.ClientOptions, sas SAS) azcore.ClientOptions {
	next := base.Transport
	if next == nil {
		next = defaultClient()
	}
	base.Transport = &transport{next, sas}
	return base
}

// Container makes a client for the container at an address from ParseContainerURL, which signs in
// by the SAS. Without a SAS it is anonymous.
func Container(address *url.URL, sas SAS, base azcore.ClientOptions) (*container.Client, error) {
	return container.NewClientWithNoCredential(
		address.String(), &container.ClientOptions{ClientOptions: Options(base, sas)})
}

// defaultClient keeps as many connections as an upload uses, and follows no redirects: storage
// sends none, and an authorized request does not go where an answer says.
func defaultClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = idlePerHost
	t.ResponseHeaderTimeout = answerTimeout
	t.DialContext = (&net.Dialer{Timeout: connectTimeout, KeepAlive: connectTimeout}).DialContext
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transport adds the SAS to requests and removes it from what comes back.
type transport struct {
	next policy.Transporter
	sas  SAS
}

func (t *transport) Do(req *http.Request) (*http.Response, error) {
	sent := req
	if !t.sas.IsZero() {
		sent = req.WithContext(req.Context())
		address := *req.URL
		if address.RawQuery != "" {
			address.RawQuery += "&"
		}
		address.RawQuery += t.sas.Reveal()
		sent.URL = &address
	}
	resp, err := t.next.Do(sent)
	if err != nil {
		return nil, t.clean(err, req.URL)
	}
	resp.Request = req
	if resp.StatusCode >= http.StatusMultipleChoices {
		t.scrub(resp)
	}
	return resp, nil
}

// clean takes the address out of an error, and marks errors that no retry cures.
func (t *transport) clean(err error, address *url.URL) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = &url.Error{Op: failed.Op, URL: withoutQuery(address), Err: failed.Err}
	}
	if text := t.redact(err.Error()); text != err.Error() {
		err = errors.New(text) // whatever it was, it has the secret in it
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return &unknownHostError{err}
	}
	return err
}

// scrub removes the SAS from an answer that is a refusal. Of a longer body than 64 KB, the rest is
// dropped.
func (t *transport) scrub(resp *http.Response) {
	for _, values := range resp.Header {
		for i := range values {
			values[i] = t.redact(values[i])
		}
	}
	if resp.Body == nil {
		return
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	_ = resp.Body.Close()
	if err != nil {
		body = nil // the status is what matters
	}
	resp.Body = io.NopCloser(bytes.NewReader([]byte(t.redact(string(body)))))
}

func (t *transport) redact(text string) string {
	for _, secret := range t.sas.secrets() {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}

// unknownHostError is about a host name that does not exist. azcore would try it four times.
type unknownHostError struct{ error }

func (e *unknownHostError) Unwrap() error { return e.error }
func (e *unknownHostError) NonRetriable() {}

// withoutQuery returns an address for people: without a query, and with slashes where azblob writes
// %2F.
func withoutQuery(address *url.URL) string {
	return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}).String()
}
