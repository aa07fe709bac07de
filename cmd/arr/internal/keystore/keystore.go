// SPDX-License-Identifier: MIT

// Package keystore keeps keys and tokens in the keyring of the system: the Keychain of macOS, the
// Credential Manager of Windows, the Secret Service of Linux and BSD desktops.
package keystore

import (
	"context"
	"errors"
	"fmt"

	"github.com/zalando/go-keyring"
)

// service is what all entries of this program have in common.
const service = "arr (Azure Remote Rendering)"

// ErrNotFound means that the keyring works and has no such entry.
var ErrNotFound = errors.New("the keyring has no such entry")

// UnavailableError means that there is no keyring, that it is locked, or that it does not answer.
type UnavailableError struct{ err error }

func (e *UnavailableError) Error() string { return "the keyring cannot be used: " + e.err.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.err }

// Key names the entry for the key of an account. It has the host of the token service, so that a key
// is never sent to another one.
func Key(accountID, host string) string { return "key of " + accountID + " at " + host }

// Token names the entry for an access token of an account.
func Token(accountID, host string) string { return "token for " + accountID + " at " + host }

// Get returns the secret of an entry. The error is [ErrNotFound] or an [*UnavailableError].
func Get(ctx context.Context, entry string) (string, error) {
	return within(ctx, func() (string, error) { return keyring.Get(service, entry) })
}

// Set stores the secret of an entry, and reads it again: some keyrings take a secret and lose it.
// The error is an [*UnavailableError].
func Set(ctx context.Context, entry, secret string) error {
	stored, err := within(ctx, func() (string, error) {
		if err := keyring.Set(service, entry, secret); err != nil {
			return "", err
		}
		return keyring.Get(service, entry)
	})
	if err == nil && stored == secret {
		return nil
	}
	if _, ok := errors.AsType[*UnavailableError](err); ok {
		return err
	}
	return &UnavailableError{errors.New("it does not return what it was given")}
}

// Delete removes an entry. The error is [ErrNotFound] or an [*UnavailableError].
func Delete(ctx context.Context, entry string) error {
	_, err := within(ctx, func() (string, error) { return "", keyring.Delete(service, entry) })
	return err
}

// within does something until the context ends. A call of the keyring cannot be interrupted, and
// may wait for minutes for a service that does not start, so it is left behind for the few moments
// until the program ends.
func within(ctx context.Context, do func() (string, error)) (string, error) {
	if err := reachable(); err != nil {
		return "", &UnavailableError{err}
	}
	type answer struct {
		secret string
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		secret, err := do()
		answers <- answer{secret, err}
	}()
	select {
	case <-ctx.Done():
		return "", &UnavailableError{fmt.Errorf("it does not answer: %w", ctx.Err())}
	case a := <-answers:
		switch {
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", ErrNotFound
		case a.err != nil:
			return "", &UnavailableError{a.err}
		}
		return a.secret, nil
	}
}
