// SPDX-License-Identifier: MIT

package failure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/text"
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
		return // the reader has closed the pipe on purpose
	}
	what, advice := Explain(err, help)
	fmt.Fprintf(w, "arr: %s\n%s\n", what, advice)
}

// Explain returns what failed and what to do, a line each. help is the command whose help may tell.
func Explain(err error, help string) (what, advice string) {
	what, advice = lines(err)
	if better := betterAdvice(err); better != "" {
		advice = better
	}
	if advice == "" {
		advice = usualAdvice(err, help)
	}
	return oneLine(what), oneLine(advice)
}

// WithSignal adds to an error the signal that has led to it, if one has.
func WithSignal(ctx context.Context, err error) error {
	signal, ok := errors.AsType[Signal](context.Cause(ctx))
	if _, known := errors.AsType[Signal](err); !ok || known || !errors.Is(err, context.Canceled) {
		return err
	}
	return Because(signal, err)
}

// Because returns err with a signal as its cause. The text names the signal instead of the canceled
// context.
func Because(signal Signal, err error) error { return &interruption{signal, err} }

type interruption struct {
	signal Signal
	err    error
}

func (e *interruption) Error() string {
	text := e.err.Error()
	for _, end := range []string{context.Canceled.Error(), e.signal.Error()} {
		for _, separator := range []string{": ", "; "} {
			text = strings.ReplaceAll(text, separator+end, "")
		}
	}
	return e.signal.Error() + ": " + text
}

func (e *interruption) Unwrap() []error { return []error{e.signal, e.err} }

// lines returns the two parts of an error: what failed, and what to do. The advice is empty if the
// error has none.
func lines(err error) (what, advice string) {
	if advised, ok := errors.AsType[*Advised](err); ok {
		return What(advised.Err), advised.Advice
	}
	if adviser, ok := errors.AsType[adviser](err); ok {
		return What(err), capital(adviser.Advice())
	}
	return err.Error(), ""
}

// adviser is an error that knows what to do about it.
type adviser interface {
	error
	// Advice is the last part of the text of the error, after "; ".
	Advice() string
}

// What returns the text of an error without its advice.
func What(err error) string {
	whole := err.Error()
	if adviser, ok := errors.AsType[adviser](err); ok && adviser.Advice() != "" {
		// Advice in the middle of a text, because another error follows it, stays there.
		return strings.TrimSuffix(whole, "; "+adviser.Advice())
	}
	return whole
}

// betterAdvice is what a user of the command line can do where an error brings advice for programs,
// or none.
func betterAdvice(err error) string {
	if _, advised := errors.AsType[*Advised](err); advised {
		return ""
	}
	if isRetired(err) {
		return Retired
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "Check the address; if it is right, name a file with the certificate of its " +
			"authority: --ca-file or ARR_CA_FILE."
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
	if errors.Is(err, arr.ErrLeaseNotExtended) {
		return "Another session is needed."
	}
	if _, ok := errors.AsType[*naming.ForeignLinkError](err); ok {
		return "Tell the operator of the service. The list is incomplete."
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

func oneLine(s string) string { return strings.TrimSpace(text.OneLine(s)) }
