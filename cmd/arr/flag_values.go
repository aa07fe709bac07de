// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// value is a flag, a pflag.Value, whose text is turned into a T when it is read, so that a mistake
// is reported together with the name of the flag.
type value[T any] struct {
	target *T
	parse  func(string) (T, error)
	text   string // shown in the help as the default
	kind   string // shown in the help as the placeholder
}

func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return err
	}
	*v.target, v.text = parsed, text
	return nil
}

func (v *value[T]) String() string { return v.text }
func (v *value[T]) Type() string   { return v.kind }

// addValue adds a flag that parse understands. Its default is what target holds, and shown is how
// that is written in the help.
func addValue[T any](
	cmd *cobra.Command,
	target *T,
	name, kind, shown, usage string,
	parse func(string) (T, error),
) {
	cmd.Flags().Var(&value[T]{target, parse, shown, kind}, name, usage)
}

// addTime adds a flag that is a time above 0. That of target, 0, means that it was not given.
func addTime(cmd *cobra.Command, target *time.Duration, name, usage string) {
	addValue(cmd, target, name, "TIME", "", usage, func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return 0, errors.New("give a time above 0, such as 90s")
		}
		return d, nil
	})
}

// choice is one of the words that a flag can be.
type choice[T any] struct {
	word  string
	value T
}

// addChoice adds a flag that is one of some words, of which the first is the default.
func addChoice[T any](cmd *cobra.Command, target *T, name, usage string, choices ...choice[T]) {
	words, parse := wordsOf(choices)
	*target = choices[0].value
	addValue(cmd, target, name, strings.Join(words, "|"), words[0], usage, parse)
	// An error would mean that there is no such flag.
	_ = cmd.RegisterFlagCompletionFunc(
		name,
		cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp),
	)
}

// wordsOf returns the words of a flag, and what reads it.
func wordsOf[T any](choices []choice[T]) (words []string, parse func(string) (T, error)) {
	for _, c := range choices {
		words = append(words, c.word)
	}
	return words, func(text string) (T, error) {
		for _, c := range choices {
			if c.word == text {
				return c.value, nil
			}
		}
		var none T
		return none, fmt.Errorf("give one of %s", strings.Join(words, ", "))
	}
}
