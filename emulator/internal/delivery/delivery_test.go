// SPDX-License-Identifier: MIT

package delivery_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/delivery"
	"github.com/arr-go/azremoterendering/service"
)

func answer(body string) service.Answer {
	return service.Answer{Status: http.StatusOK, Header: http.Header{}, Body: []byte(body)}
}

func get() *http.Request { return httptest.NewRequest(http.MethodGet, "/", nil) }

func TestAnswerWithoutAStatusIsABrokenConnection(t *testing.T) {
	d := delivery.Delivery{Faults: []string{"lost"}}
	_, err := d.Response(get())
	require.ErrorIs(t, err, syscall.ECONNRESET)
	assert.ErrorContains(t, err, `faults ["lost"]`)
	assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() {
		d.Write(httptest.NewRecorder(), get())
	})
}

func TestTruncatedBody(t *testing.T) {
	d := delivery.Delivery{Answer: answer("0123456789"), Truncated: true, Clock: new(clock.Clock)}
	resp, err := d.Response(get())
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "01234", string(body))
	assert.EqualValues(t, 10, resp.ContentLength)

	recorder := httptest.NewRecorder()
	assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { d.Write(recorder, get()) })
	assert.Equal(t, "01234", recorder.Body.String())
}

func TestSlowBodyComesInTenPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := delivery.Delivery{
			Answer: answer(strings.Repeat("x", 100)), SlowFor: time.Minute, Clock: new(clock.Clock),
		}
		resp, err := d.Response(get())
		require.NoError(t, err)
		begin, piece := time.Now(), make([]byte, 100)
		for i := range 10 {
			n, err := resp.Body.Read(piece)
			require.NoError(t, err)
			assert.Equal(t, 10, n)
			assert.Equal(t, time.Duration(i+1)*6*time.Second, time.Since(begin))
		}
		_, err = resp.Body.Read(piece)
		assert.Equal(t, io.EOF, err)
	})
}

// stream is a body that ends after two pieces.
type stream struct {
	pieces []string
	closed bool
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		return 0, errors.New("over")
	}
	n := copy(p, s.pieces[0])
	s.pieces = s.pieces[1:]
	return n, nil
}

func (s *stream) Close() error { s.closed = true; return nil }

func TestStreamIsFlushedAndClosed(t *testing.T) {
	s := &stream{pieces: []string{"a", "b"}}
	recorder := httptest.NewRecorder()
	delivery.Delivery{Answer: answer(""), Stream: s}.Write(recorder, get())
	assert.Equal(t, "ab", recorder.Body.String())
	assert.True(t, recorder.Flushed)
	assert.True(t, s.closed)
}
