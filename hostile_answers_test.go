// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// answeringRaw returns a client of a socket that answers every request with the same bytes.
func answeringRaw(t *testing.T, answer string) *arr.SessionsClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 16<<10)
			_, _ = conn.Read(request)
			_, _ = conn.Write([]byte(answer))
			if strings.HasPrefix(answer, "HTTP/1.1 101") { // after which the connection stays open
				_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
				_, _ = io.Copy(io.Discard, conn)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	through := transport.Standard()
	through.Proxy = nil
	t.Cleanup(through.CloseIdleConnections)
	token, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(t, err)
	options := &arr.SessionsClientOptions{}
	options.Transport = &http.Client{Transport: through}
	options.InsecureAllowCredentialWithHTTP = true
	options.Retry.MaxRetries = -1
	client, err := arr.NewSessionsClientWithAccessToken(
		"http://"+listener.Addr().String(), testkit.AccountID, token, options)
	require.NoError(t, err)
	return client
}

func raw(status string, body string, header ...string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s",
		status, len(body), strings.Join(append(header, ""), "\r\n"), body)
}

func zipped(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(body))
	_ = w.Close()
	return b.String()
}

// What a broken or hostile service, or something on the way, may answer. No answer is taken for
// what it is not, a create that may have taken effect says so, and no answer costs much memory.
func TestHostileAnswers(t *testing.T) {
	const encoded = "Content-Encoding: gzip"
	demo := testkit.SessionJSON("demo", "Ready")
	valid := zipped(demo)
	for name, c := range map[string]struct {
		answer  string
		get     string // part of the error of a get; "" if it succeeds
		unknown bool   // whether a create leaves its outcome unknown
	}{
		"compressed":               {raw("200 OK", valid, encoded), "", false},
		"compressed, cut off":      {raw("200 OK", valid[:len(valid)-9], encoded), "unexpected EOF", true},
		"not compressed after all": {raw("200 OK", demo, encoded), "invalid header", true},
		"another compression":      {raw("200 OK", "\x1b\x02", "Content-Encoding: br"), "invalid", true},
		"a bomb": {
			raw("200 OK", zipped(strings.Repeat(" ", 64<<20)), encoded),
			"larger than", true,
		},
		"a bomb as a refusal": {
			raw("400 Bad Request", zipped(strings.Repeat(" ", 64<<20)), encoded),
			"400", false,
		},
		"shorter than announced": {
			raw("200 OK", demo)[:len(raw("200 OK", demo))-5],
			"unexpected EOF", true,
		},
		"no body":                     {raw("200 OK", ""), "unexpected end", true},
		"another success":             {raw("202 Accepted", demo), "202", true},
		"no content":                  {"HTTP/1.1 204 No Content\r\n\r\n", "204", true},
		"a member twice, both alike":  {raw("200 OK", `{"status":"Ready",`+demo[1:]), "", false},
		"the id twice, another first": {raw("200 OK", `{"id":"other",`+demo[1:]), "", false},
		"the id twice, another last": {
			raw("200 OK", demo[:len(demo)-1]+`,"id":"other"}`),
			`about session "other"`, true,
		},
		"invalid UTF-8 in the id": {
			raw("200 OK", strings.Replace(demo, "demo", "de\xffmo", 1)),
			"about session", true,
		},
		"invalid UTF-8 in the host": {raw("200 OK", "{\"hostname\":\"a\xff\","+demo[1:]), "", false},
		"two objects":               {raw("200 OK", demo+demo), "after top-level", true},
		"a page to sign in":         {raw("200 OK", "<html>"), "cannot be read", true},
		"a header without end": {
			"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20),
			"exceeded", true,
		},
		"not HTTP":                {"SSH-2.0-OpenSSH_9.6\r\n", "malformed HTTP", true},
		"another version of HTTP": {"HTTP/3.0 200 OK\r\n\r\n", "unexpected end", true},
		"another protocol": {
			"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
			"101 Switching Protocols is no final one", true,
		},
		"another protocol, and a session": {
			"HTTP/1.1 101 Switching Protocols\r\n\r\n" + demo,
			"101 Switching Protocols is no final one", true,
		},
		"no status at all": {raw("000 None", demo), "0 is no final one", true},
		"HTTP/1.0":         {"HTTP/1.0 200 OK\r\n\r\n" + demo, "", false},
		"chunks without an end": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
				fmt.Sprintf("%x\r\n%s\r\n", len(demo), demo),
			"unexpected EOF", true,
		},
		"two lengths": {raw("200 OK", demo, "Content-Length: 7"), "Content-Length", true},
		"compressed twice": {
			raw("200 OK", zipped(valid), "Content-Encoding: gzip, gzip"), "cannot be read", true,
		},
		"part of it":                   {raw("206 Partial Content", demo), "206", true},
		"a list in place of a session": {raw("200 OK", "["+demo+"]"), "cannot be read", true},
		"UTF-16": {
			raw("200 OK", "\xff\xfe"+strings.Join(strings.Split(demo, ""), "\x00")), "cannot be read", true,
		},
		"a status without meaning":  {raw("299 Fine", demo), "299", true},
		"a refusal without meaning": {raw("499 Odd", ""), "499", false},
		"a fault without meaning":   {raw("599 Odd", ""), "599", true},
		"too many informational ones": {
			strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1000)+"\r\n\r\n", 999),
			"header", true,
		},
		"unencrypted HTTP/2 is wanted": {"\x00\x00\x00\x04\x00\x00\x00\x00\x00", "malformed HTTP", true},
	} {
		t.Run(name, func(t *testing.T) {
			client := answeringRaw(t, c.answer)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := client.Get(t.Context(), "demo", nil)
			runtime.ReadMemStats(&after)
			if c.get == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.get)
			}
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
			_, err = client.BeginCreate(t.Context(), "demo", halfHour, nil)
			assert.Equal(t, c.unknown, isUnknown(err), err)
			if err != nil {
				assert.Less(t, len(err.Error()), 2000)
			}
		})
	}
}
