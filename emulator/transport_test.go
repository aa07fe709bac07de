// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

func newRequest(
	ctx context.Context,
	t *testing.T,
	s *service,
	method, target string,
	body io.Reader,
) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(
		ctx,
		method,
		"https://remoterendering.example"+target,
		body,
	)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.token)
	return req
}

func TestTransportAnswersLikeASocket(t *testing.T) {
	s := start(t, emulator.Options{})
	body := &closeCounter{Reader: strings.NewReader(standard5)}
	req := newRequest(t.Context(), t, s, http.MethodPut, s.session("a")+apiVersion, body)
	resp, err := s.Transport().Do(req)
	require.NoError(t, err)
	assert.Equal(t, "201 Created", resp.Status)
	assert.Equal(t, "HTTP/1.1", resp.Proto)
	assert.True(t, resp.ProtoAtLeast(1, 1))
	assert.Same(t, req, resp.Request)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Len(t, data, int(resp.ContentLength))
	require.NoError(t, resp.Body.Close())
	assert.Positive(t, body.closed, "the body of the request is closed")

	resp, err = s.Transport().
		Do(newRequest(t.Context(), t, s, http.MethodPost, s.session("a/:stop")+apiVersion, nil))
	require.NoError(t, err)
	assert.Equal(t, "204 No Content", resp.Status)
	assert.Zero(t, resp.ContentLength)
	require.NotNil(t, resp.Body)
	data, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Empty(t, data)
}

func TestTransportWithAnEndedContext(t *testing.T) {
	s := start(t, emulator.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &closeCounter{Reader: strings.NewReader(standard5)}
	for _, req := range []*http.Request{
		newRequest(ctx, t, s, http.MethodPut, s.session("a")+apiVersion, body),
		newRequest(ctx, t, s, http.MethodPut, s.session("a")+apiVersion, nil),
	} {
		_, err := s.Transport().Do(req)
		require.ErrorIs(t, err, context.Canceled)
	}
	assert.Positive(t, body.closed)
	assert.Equal(t, http.StatusNotFound, s.get("a").status, "nothing was sent")
}

// A caller whose deadline passes does not wait for the answer.
func TestTransportReturnsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(
			t,
			emulator.Options{StartupTime: func(azremoterendering.SessionSize) time.Duration {
				time.Sleep(10 * time.Second)
				return 0
			}},
		)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := s.Transport().
			Do(newRequest(ctx, t, s, http.MethodPut, s.session("a")+apiVersion, strings.NewReader(standard5)))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 50*time.Millisecond, time.Since(begin))

		time.Sleep(10 * time.Second)
		assert.Equal(t, "Ready", s.look("a").Status, "the request had arrived")
	})
}

func TestTransportReturnsAtTheDeadlineOfABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		reader, writer := io.Pipe()
		defer writer.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := s.Transport().
			Do(newRequest(ctx, t, s, http.MethodPut, s.session("a")+apiVersion, reader))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begin))
	})
}

func TestTransportWithBrokenRequests(t *testing.T) {
	s := start(t, emulator.Options{})
	broken := errors.New("broken")
	_, err := s.Transport().
		Do(newRequest(t.Context(), t, s, http.MethodPut, s.session("a")+apiVersion, iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	_, err = s.Transport().Do(&http.Request{Method: http.MethodGet})
	require.ErrorContains(t, err, "no URL")
}

type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return nil
}
