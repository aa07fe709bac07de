// SPDX-License-Identifier: MIT

package process

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
)

// ParseCommand splits a command line into program and arguments, for [Options.Command]. Spaces,
// tabs and line ends separate words. Text in single quotes is taken literally. In double quotes a
// backslash escapes a double quote or a backslash, and is literal otherwise. Outside quotes a
// backslash escapes any character, so paths of Windows need quotes. Nothing else has a meaning: no
// variables, patterns, pipes or redirections. It is an error if a quote is not closed, if the last
// character is a lone backslash, or if there is no program.
func ParseCommand(line string) ([]string, error) {
	var s splitter
	for i, c := range line {
		s.take(i, c)
	}
	switch {
	case s.escaped:
		return nil, invalid("command", "",
			"ends in a lone backslash; double it, or put the word into single quotes")
	case s.quote != 0:
		return nil, invalid("command", "",
			fmt.Sprintf("has a quote %c at byte %d that is not closed", s.quote, s.opened))
	}
	s.endWord()
	if len(s.words) == 0 || s.words[0] == "" {
		return nil, invalid("command", "", "names no program")
	}
	return s.words, nil
}

// splitter is the state of ParseCommand between two characters.
type splitter struct {
	words   []string
	word    strings.Builder
	inWord  bool // also true for an empty word in quotes
	quote   rune // the open quote, or 0
	opened  int  // where
	escaped bool // after a backslash
}

func (s *splitter) take(position int, c rune) {
	switch {
	case s.escaped:
		s.escaped = false
		if s.quote == '"' && c != '"' && c != '\\' {
			s.word.WriteByte('\\')
		}
		s.word.WriteRune(c)
	case c == '\\' && s.quote != '\'':
		s.escaped, s.inWord = true, true
	case s.quote != 0 && c == s.quote:
		s.quote = 0
	case s.quote != 0:
		s.word.WriteRune(c)
	case c == '\'' || c == '"':
		s.quote, s.opened, s.inWord = c, position, true
	case strings.ContainsRune(" \t\r\n", c):
		s.endWord()
	default:
		s.word.WriteRune(c)
		s.inWord = true
	}
}

func (s *splitter) endWord() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.inWord = false
}

// values is what the program of a session gets to know.
type values struct {
	spec            emulator.ServerSpec
	port, inspector int
}

func (v values) byName() map[string]string {
	return map[string]string{
		"session":        v.spec.SessionID,
		"account":        v.spec.AccountID,
		"region":         string(v.spec.Region),
		"size":           string(v.spec.Size),
		"port":           strconv.Itoa(v.port),
		"inspector-port": strconv.Itoa(v.inspector),
		"lease-minutes":  strconv.FormatInt(int64(v.spec.Lease/time.Minute), 10),
	}
}

// command returns the command with everything replaced. The error cannot occur for a command that
// Options.check has accepted.
func (v values) command(template []string) ([]string, error) {
	byName := v.byName()
	words := make([]string, len(template))
	var err error
	for i, word := range template {
		if words[i], err = expand(word, byName); err != nil {
			return nil, err
		}
	}
	return words, nil
}

// environment returns the environment of the program: parent without credentials, and what it is
// told.
func (v values) environment(parent []string) []string {
	return append(slices.DeleteFunc(slices.Clone(parent), private),
		"ARR_SESSION_ID="+v.spec.SessionID,
		"ARR_ACCOUNT_ID="+v.spec.AccountID,
		"ARR_REGION="+string(v.spec.Region),
		"ARR_SIZE="+string(v.spec.Size),
		"ARR_PORT="+strconv.Itoa(v.port),
		"ARR_INSPECTOR_PORT="+strconv.Itoa(v.inspector),
	)
}

// private reports whether a variable, NAME=VALUE, is kept from programs. It goes by prefixes
// because account keys, access tokens and client secrets have many names, and a rendering server
// needs no variable with these prefixes.
func private(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	name = strings.ToUpper(name)
	return strings.HasPrefix(name, "ARR_") || strings.HasPrefix(name, "AZURE_") ||
		name == "IDENTITY_HEADER" || name == "MSI_SECRET"
}

// expand replaces names in braces.
func expand(word string, byName map[string]string) (string, error) {
	var result strings.Builder
	for rest := word; ; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			result.WriteString(rest)
			return result.String(), nil
		}
		result.WriteString(rest[:i])
		brace, after := rest[i], rest[i+1:]
		if strings.HasPrefix(after, string(brace)) {
			result.WriteByte(brace)
			rest = after[1:]
			continue
		}
		name, tail, closed := strings.Cut(after, "}")
		value, known := byName[name]
		switch {
		case brace == '}':
			return "", fmt.Errorf("%q has a } without { (write }} for a brace that is meant)", word)
		case !closed:
			return "", fmt.Errorf("%q has a { without } (write {{ for a brace that is meant)", word)
		case !known:
			return "", fmt.Errorf(
				"%q: {%s} is not known; there are %s (write {{ and }} for braces that are meant)",
				word,
				name,
				placeholders,
			)
		}
		result.WriteString(value)
		rest = tail
	}
}

// placeholders lists what values.byName knows, in the order of the documentation.
const placeholders = "{session}, {account}, {region}, {size}, {port}, {inspector-port} and {lease-minutes}"
