// SPDX-License-Identifier: MIT

package failure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// Advised is an error with what to do about it.
type Advised struct {
	Err    error
	Advice string
}

func (e *Advised) Error() string { return e.Err.Error() }
func (e *Advised) Unwrap() error { return e.Err }

// Report writes two lines for an error, or for each of several: what failed and what to do. It
// writes nothing for an [Exit] without one. help is the command whose help may tell.
func Report(w io.Writer, err error, help string) {
	if several, ok := errors.AsType[Several](err); ok {
		for _, one := range several {
			Report(w, one, help)
		}
		return
	}
	if exit, ok := errors.AsType[*Exit](err); ok && exit.Err == nil {
		return
	}
	if _, advised := errors.AsType[*Advised](err); !advised && Code(err) == Unread {
		return // whoever closed the pipe knows
	}
	what, advice := lines(err)
	if better := betterAdvice(err); better != "" {
		advice = better
	}
	if advice == "" {
		advice = usualAdvice(err, help)
	}
	fmt.Fprintf(w, "arr: %s\n%s\n", oneLine(what), oneLine(advice))
}

// WithSignal adds to an error the signal that has led to it, if one has.
func WithSignal(ctx context.Context, err error) error {
	signal, ok := errors.AsType[Signal](context.Cause(ctx))
	if _, known := errors.AsType[Signal](err); !ok || known || !errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", signal, err)
}

// goesOn is what the root package and package lease say of a session whose start was not awaited.
const goesOn = "; the session goes on, and is billed from Ready until it is stopped or its lease ends"

// lines returns the two parts of an error. The errors of the root package end with their advice; in
// errors of this program it may be a second line.
func lines(err error) (what, advice string) {
	text := plain(err)
	if advised, ok := errors.AsType[*Advised](err); ok {
		what, _ := lines(advised.Err)
		// which knows better what becomes of it
		return strings.Replace(what, goesOn, "", 1), advised.Advice
	}
	if what, advice, ok := strings.Cut(text, "\n"); ok {
		return what, advice
	}
	if adviser, ok := errors.AsType[interface {
		error
		Advice() string
	}](err); ok && adviser.Advice() != "" {
		// It may stand in the middle if another text was wrapped around it; then it is said twice
		// rather than not where it belongs.
		return strings.TrimSuffix(text, "; "+adviser.Advice()), capital(adviser.Advice())
	}
	// A refusal without advice may quote the service, whose message is not to be cut apart.
	if _, refused := errors.AsType[*arr.ServiceError](err); !refused && Code(err) != Usage {
		if i := strings.LastIndex(text, "; "); i > 0 && !tellsMore(err, text[i+2:]) {
			return text[:i], capital(text[i+2:])
		}
	}
	return text, ""
}

// plain returns the text of an error without what only says which package it comes from.
func plain(err error) string {
	text := strings.NewReplacer(
		"azremoterendering: "+arr.ErrInvalidArgument.Error()+": ", "",
		arr.ErrInvalidArgument.Error()+": ", "",
		"Account.ID ", "account id ",
		"Account.Domain ", "account domain ",
		": lease: ", ": ",
		"; "+context.Canceled.Error()+": ", "; ",
		": "+context.Canceled.Error(), "",
		": "+context.DeadlineExceeded.Error(), ": no time is left",
		"; "+context.DeadlineExceeded.Error(), "; no time is left",
	).Replace(strings.TrimPrefix(err.Error(), "lease: "))
	return strings.TrimPrefix(text, arr.ErrInvalidArgument.Error()+": ")
}

// tellsMore reports whether the last part of the text of an error is no advice, but more of what
// failed: what became of it, or an error that it wraps.
func tellsMore(err error, tail string) bool {
	return tail == lease.ErrStopped.Error() || tail == "no time is left" || endsWithCause(err, tail)
}

// endsWithCause reports whether a text ends with that of an error in the tree below err.
func endsWithCause(err error, text string) bool {
	var below []error
	switch err := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() []error }:
		below = err.Unwrap()
	case interface{ Unwrap() error }:
		below = []error{err.Unwrap()}
	}
	return slices.ContainsFunc(below, func(cause error) bool {
		return cause != nil &&
			(cause.Error() != "" && strings.HasSuffix(" "+text, " "+plain(cause)) || endsWithCause(cause, text))
	})
}

// betterAdvice is what a user of the command line can do where an error brings advice for programs,
// or none.
func betterAdvice(err error) string {
	if _, advised := errors.AsType[*Advised](err); advised {
		return ""
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "Check the address; if it is right, name a file with the certificate of its authority: --ca-file or ARR_CA_FILE."
	}
	if refusal, ok := errors.AsType[*arr.AuthenticationError](
		err,
	); ok &&
		refusal.Stage == arr.StageAccessToken {
		return "Get a new token from where this one came from: \"arr token\" makes one where the account key is."
	}
	return ""
}

// usualAdvice is for errors that bring none.
func usualAdvice(err error, help string) string {
	switch Code(err) {
	case Usage:
		return fmt.Sprintf("See: %s --help", help)
	case Timeout:
		return "Give it more time with --timeout, or look whether the service answers at all."
	}
	if _, ok := errors.AsType[Signal](err); ok {
		return "Nothing else was changed."
	}
	if _, ok := asUnwritten(err); ok {
		return "Check where standard output leads."
	}
	if refusal, ok := errors.AsType[*arr.ServiceError](err); ok && refusal.StatusCode < 500 {
		return "Change what the service objects to."
	}
	return "Check the address of the service and the network between, or try again later."
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// oneLine makes text fit for one line of a terminal: no character in it could do anything, nor
// change the order of others.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")))
}
