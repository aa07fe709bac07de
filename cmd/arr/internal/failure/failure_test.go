// SPDX-License-Identifier: MIT

package failure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

func TestCode(t *testing.T) {
	exchange := func(status int) error {
		return &arr.AuthenticationError{Stage: arr.StageTokenExchange, StatusCode: status}
	}
	ended := &arr.SessionEndedError{
		Session: arr.Session{ID: "demo", Status: arr.SessionStatusExpired},
	}
	unread := &fs.PathError{Op: "write", Err: syscall.EPIPE}
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, OK},
		{errors.New("x"), Other},
		{Usagef("x"), Usage},
		{fmt.Errorf("x: %w", arr.ErrInvalidArgument), Usage},
		{&arr.ServiceError{StatusCode: 401}, Refused},
		{&arr.ServiceError{StatusCode: 403}, Refused},
		{exchange(400), Refused},
		{exchange(401), Refused},
		{exchange(503), Other},
		{exchange(0), Other},
		{exchange(429), Throttled},
		{&arr.AuthenticationError{Stage: arr.StageCredential}, Refused},
		{&arr.AuthenticationError{Stage: arr.StageAccessToken}, Refused},
		{&arr.ServiceError{StatusCode: 404}, NotFound},
		{ended, Ended},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), Timeout},
		{&arr.ServiceError{StatusCode: 429}, Throttled},
		{fmt.Errorf("%w: %w", arr.ErrOutcomeUnknown, context.DeadlineExceeded), Unknown},
		{&arr.ServiceError{StatusCode: 409}, Conflict},
		{&arr.ServiceError{StatusCode: 422}, Conflict},
		{fmt.Errorf("%w: %w", Signal{os.Interrupt}, arr.ErrOutcomeUnknown), Interrupted},
		{Signal{syscall.SIGTERM}, Terminated},
		{Signal{syscall.SIGHUP}, 129},
		{unread, Unread},
		{&Exit{Code: 3}, 3},
		{&Exit{Code: NoCommand, Err: Usagef("x")}, NoCommand},
		{fmt.Errorf("lease: %w", lease.ErrStopped), Ended},
		{fmt.Errorf("lease: %w: %w", lease.ErrExpired, arr.ErrOutcomeUnknown), Ended},
		{&lease.NotStoppedError{SessionID: "demo", Err: arr.ErrOutcomeUnknown}, Unknown},
		{Several{ended, ended}, Ended},
		{Several{ended, errors.New("x")}, Other},
		{Several{ended, fmt.Errorf("%w", arr.ErrOutcomeUnknown)}, Unknown},
		{Several{fmt.Errorf("%w", arr.ErrOutcomeUnknown), ended, Signal{os.Interrupt}}, Interrupted},
		{Several{ended, Signal{syscall.SIGTERM}}, Terminated},
		{Several{fmt.Errorf("%w", arr.ErrOutcomeUnknown), unread, Signal{syscall.SIGHUP}}, 129},
		{Several{fmt.Errorf("%w", arr.ErrOutcomeUnknown), unread, ended}, Unread},
		{Several{ended}.OrNil(), Ended},
		{Several{}.OrNil(), OK},
	} {
		assert.Equal(t, test.want, Code(test.err), "%v", test.err)
	}
}

func TestReportIsTwoLines(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{
			errors.New("x\ny"),
			"arr: x y\nCheck the address of the service and the network between, or try again later.\n",
		},
		{
			errors.New("x; do y"),
			"arr: x; do y\nCheck the address of the service and the network between, or try again later.\n",
		},
		{
			fmt.Errorf("x: %w; %w", context.Canceled, Signal{os.Interrupt}),
			"arr: x: context canceled; interrupted\nNothing else was changed.\n",
		},
		{fmt.Errorf("x: %w", context.DeadlineExceeded),
			"arr: x: context deadline exceeded\nGive it more time with --timeout, or look whether " +
				"the service answers at all.\n"},
		{advising{errors.New("x"), "do y"}, "arr: x\nDo y\n"},
		{fmt.Errorf("a: %w", advising{errors.New("x"), "do y"}), "arr: a: x\nDo y\n"},
		{fmt.Errorf("a: %w; b", advising{errors.New("x"), "do y"}), "arr: a: x; do y; b\nDo y\n"},
		{
			&Advised{advising{errors.New("x"), "it goes on"}, "Session demo was stopped."},
			"arr: x\nSession demo was stopped.\n",
		},
		{&Advised{errors.New("x; y"), "Do z."}, "arr: x; y\nDo z.\n"},
		{errors.New("x"), "arr: x\nCheck the address of the service and the network between, or try again later.\n"},
		{&arr.ServiceError{
			Operation:  "create",
			SessionID:  "demo",
			Host:       "h",
			StatusCode: 400,
			Code:       "BadRequest",
			Message:    "Too long.",
		},
			"arr: create session \"demo\" at h: 400 Bad Request, BadRequest: Too long.\n" +
				"Change what the service objects to.\n"},
		{&arr.ServiceError{
			Operation:  "create",
			SessionID:  "demo",
			Host:       "h",
			StatusCode: 400,
			Message:    "Too long; too big.",
		},
			"arr: create session \"demo\" at h: 400 Bad Request: Too long; too big.\n" +
				"Change what the service objects to.\n"},
		{fmt.Errorf("x: %w", &fs.PathError{Op: "write", Err: syscall.EPIPE}), ""},
		{&Advised{&fs.PathError{Op: "write", Path: "p", Err: syscall.EPIPE}, "y"}, "arr: write p: broken pipe\ny\n"},
		{
			&net.OpError{Op: "write", Err: syscall.EPIPE},
			"arr: write: broken pipe\nCheck the address of the service and the network between, or try again later.\n",
		},
		{fmt.Errorf("x: %w", &tls.CertificateVerificationError{Err: errors.New("y")}),
			"arr: x: tls: failed to verify certificate: y\n" +
				"Check the address; if it is right, name a file with the certificate of its " +
				"authority: --ca-file or ARR_CA_FILE.\n"},
		{&arr.AuthenticationError{Stage: arr.StageAccessToken},
			"arr: access token\nGet a new token from where this one came from: \"arr token\" makes " +
				"one where the account key is.\n"},
		{Usagef("x; do y"), "arr: x; do y\nSee: arr session --help\n"},
		{&Advised{errors.New("x\n\x1b[2J"), "Do\ny."}, "arr: x \uFFFD[2J\nDo y.\n"},
		{Several{&Advised{errors.New("a"), "B"}, &Advised{errors.New("c"), "D"}}, "arr: a\nB\narr: c\nD\n"},
		{&arr.SessionEndedError{Session: arr.Session{ID: "demo", Status: "Stopped"}, CorrelationVector: "cv"},
			"arr: session \"demo\" has ended in state Stopped (MS-CV cv)\n" +
				"An ended session cannot be revived: create another under a new id\n"},
		{&Exit{Code: 3}, ""},
		{
			fmt.Errorf("lease: %w: id", arr.ErrInvalidArgument),
			"arr: lease: invalid argument: id\nSee: arr session --help\n",
		},
	} {
		var text strings.Builder
		Report(&text, test.err, "arr session")
		assert.Equal(t, test.want, text.String())
	}
}

// advising is an error that ends with its advice, as those of the client do.
type advising struct {
	error
	advice string
}

func (e advising) Error() string  { return e.error.Error() + "; " + e.advice }
func (e advising) Advice() string { return e.advice }

func TestWithSignal(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	plain := fmt.Errorf("get: %w", context.Canceled)
	assert.Equal(t, plain, WithSignal(ctx, plain))
	cancel(Signal{os.Interrupt})
	assert.Equal(t, Interrupted, Code(WithSignal(ctx, plain)))
	assert.Equal(
		t,
		WithSignal(ctx, plain),
		WithSignal(ctx, WithSignal(ctx, plain)),
		"once is enough",
	)
	other := errors.New("x")
	assert.Equal(t, other, WithSignal(ctx, other), "the signal came too late to have led to it")
}

func TestEveryCodeIsInTheManual(t *testing.T) {
	for _, code := range []int{OK, Other, Usage, Refused, NotFound, Ended, Timeout, Throttled, Unknown,
		Conflict, NoExec, NoCommand,
		Interrupted, Unread, Terminated} {
		assert.Regexp(t, fmt.Sprintf(`(?m)^ +%d  `, code), Manual)
	}
}
