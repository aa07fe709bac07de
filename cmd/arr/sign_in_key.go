// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// accountKey reads the account key from where the settings say, or asks for it.
func accountKey(cmd *cobra.Command, target config.Target) (string, error) {
	switch target.Credential {
	case config.AccountKey:
		return checkedKey(target.Secret, "the setting account-key")
	case config.Keyring:
		return keyFromKeyring(cmd.Context(), target)
	case config.KeyFile:
		text, err := input.ReadFile(target.Secret)
		if err != nil {
			return "", unreadKey(err)
		}
		return checkedKey(string(text), "file "+target.Secret)
	case config.KeyStdin:
		if !show.IsTerminal(cmd.InOrStdin()) {
			return untilEnd(cmd.Context(), func() (string, error) {
				text, err := input.Read(cmd.InOrStdin())
				if err != nil {
					return "", unreadKey(err)
				}
				return checkedKey(string(text), "standard input")
			})
		}
	}
	if file, ok := cmd.InOrStdin().(*os.File); ok && show.IsTerminal(file) {
		return askForKey(cmd, file, target)
	}
	return "", &failure.Advised{
		Err: usagef("there is no account key"),
		Advice: "Set ARR_ACCOUNT_KEY or ARR_ACCOUNT_KEY_FILE, give --key-file or --key-stdin, " +
			"store the key with \"arr login\", or sign in with --auth entra.",
	}
}

// untilEnd reads until the context ends. Reading itself cannot be interrupted: a pipe may stay
// empty forever.
func untilEnd(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("reading the account key: %w", context.Cause(ctx))
	case a := <-answers:
		return a.text, a.err
	}
}

func unreadKey(err error) error {
	return &failure.Advised{
		Err:    usagef("cannot read the account key: %w", err),
		Advice: "Name a file that holds the key and nothing else, or pipe the key to arr with --key-stdin.",
	}
}

// askForKey asks for the key on a terminal, without echo: echo goes off before the prompt is
// written, because a key pasted right at the prompt would otherwise show. Reading cannot be
// interrupted, so a signal leaves the reader behind for the few moments until the program ends; the
// terminal is restored before that.
func askForKey(cmd *cobra.Command, terminal *os.File, target config.Target) (key string, err error) {
	state, err := term.GetState(int(terminal.Fd()))
	if err == nil {
		err = echoOff(terminal)
	}
	if err != nil {
		return "", fmt.Errorf("cannot ask for the account key: %w", err)
	}
	defer func() { err = errors.Join(err, term.Restore(int(terminal.Fd()), state)) }()
	fmt.Fprintf(cmd.ErrOrStderr(), "Key of account %s (not shown): ", target.Account.ID)
	text, err := untilEnd(cmd.Context(), func() (string, error) {
		text, err := term.ReadPassword(int(terminal.Fd()))
		return string(text), err
	})
	fmt.Fprintln(cmd.ErrOrStderr())
	switch {
	case cmd.Context().Err() != nil:
		return "", context.Cause(cmd.Context())
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("cannot read the account key: %w", err)
	}
	return checkedKey(text, "your answer")
}

// checkedKey returns a key without what surrounds it in a file. Errors do not quote it: it may be a
// key with a typing error.
func checkedKey(text, source string) (string, error) {
	key := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if key == "" {
		return "", usagef("%s holds no account key", source)
	}
	if input.Quoted(key) {
		return "", usagef("%s holds an account key in quotes: remove the quotes", source)
	}
	if name := strings.ToLower(key); strings.Contains(name, "arr_account_key") ||
		strings.Contains(name, "arraccountkey") {
		return "", usagef("%s holds the name of the key too: keep the key alone", source)
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return "", usagef(
				"%s holds more than an account key: there is a space or a character that no key has",
				source,
			)
		}
	}
	return key, nil
}
