// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// pipes is a network in memory, for virtual time: what is dialled comes out of Accept.
type pipes struct {
	conns  chan net.Conn
	closed context.Context
	close  context.CancelFunc
}

func newPipes() *pipes {
	closed, cancel := context.WithCancel(context.Background())
	return &pipes{conns: make(chan net.Conn), closed: closed, close: cancel}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed.Done():
		return nil, net.ErrClosed
	}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// newDemo returns the demo, without a socket.
func newDemo(t *testing.T, out *bytes.Buffer) *demo {
	t.Helper()
	e, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(3 * time.Second)})
	require.NoError(t, err)
	client, err := e.SessionsClient(nil)
	require.NoError(t, err)
	d := &demo{client: client, account: e.Account(), out: out}
	d.listen = func() (*backend.Server, error) {
		p := newPipes()
		d.http = &http.Client{
			Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true},
		}
		return &backend.Server{Listener: p}, nil
	}
	return d
}

func TestTheDemoTellsItsStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := newDemo(t, &out)
		require.NoError(t, d.play(t.Context()))
		var story []string
		for line := range strings.Lines(out.String()) {
			if words := strings.Fields(
				line,
			); len(words) > 2 &&
				words[1] == strings.ToUpper(words[1]) {
				story = append(story, strings.Join(words[:3], " "))
			}
		}
		require.Equal(t, []string{
			"anna POST 201",
			"ben POST 201",
			"anna PUT 200",
			"anna DELETE 204",
			"clara POST 201",
			"clara PUT 200",
			"clara PUT 200",
			"clara PUT 200",
			"clara PUT 200",
			"clara PUT 200",
			"clara PUT 200",
			"ben PUT 404",
			"clara PUT 200",
			"clara DELETE 204",
		}, story, out.String())
		require.Contains(t, out.String(), "Sessions that still run: 0")
	})
}

func TestCtrlCStopsWhatNobodyHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := newDemo(t, &out)
		// while sessions are starting
		ctx, ctrlC := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer ctrlC()
		require.Error(t, d.play(ctx))
		for session, err := range d.client.All(t.Context(), nil) {
			require.NoError(t, err)
			require.Fail(t, "it runs", session.ID)
		}
	})
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "devices")
	require.NoError(
		t,
		os.WriteFile(file, []byte("headset-1 "+strings.Repeat("5c", 32)+"\n"), 0o600),
	)
	for _, name := range []string{
		"ARR_ACCOUNT_ID", "ARR_ACCOUNT_DOMAIN", "ARR_ACCOUNT_KEY", "ARR_STS_ENDPOINT",
		"POOL_DEVICES_FILE",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("ARR_ENDPOINT", "https://remoterendering.arr.test")
	s := settings{idle: idle, wait: wait}
	require.ErrorContains(t, run(t.Context(), s, "", "", ""), "-prefix is missing")
	s.prefix = "test-"
	require.EqualError(
		t,
		run(t.Context(), s, "", "", ""),
		"ARR_ENDPOINT is set, so these must be too: ARR_ACCOUNT_ID, ARR_ACCOUNT_DOMAIN, "+
			"ARR_ACCOUNT_KEY, POOL_DEVICES_FILE",
	)

	t.Setenv("ARR_ACCOUNT_ID", emulator.DevelopmentAccountID)
	t.Setenv("ARR_ACCOUNT_DOMAIN", "arr.test")
	t.Setenv("ARR_ACCOUNT_KEY", "key")
	t.Setenv("POOL_DEVICES_FILE", file)
	require.ErrorContains(t, run(t.Context(), s, "0.0.0.0:0", "", ""), "-tls-cert")
	require.ErrorContains(t, run(t.Context(), s, "127.0.0.1:0", "", ""), "Max 0 is less than 1")
}

func TestWhatOthersCanReachNeedsTLS(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		_, err := backend.Listen(address, "", "")
		require.ErrorContains(t, err, "-tls-cert")
	}
	_, err := backend.Listen("127.0.0.1:0", "cert.pem", "")
	require.ErrorContains(t, err, "go together")
}
