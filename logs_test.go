// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loggedEvent is an event in the code, or in the list of docs/logs.md.
type loggedEvent struct {
	levels     map[string]bool
	attributes map[string]bool
}

// Programs find events by their messages. So a message is a fixed text, and docs/logs.md lists them
// all, with their levels and attributes.
func TestEventsInTheLogAreListed(t *testing.T) {
	for _, folder := range []string{"lease", "emulator", "emulator/process", "service"} {
		t.Run(folder, func(t *testing.T) {
			logged, listed := loggedEvents(t, folder), listedEvents(t, folder)
			require.Equal(t, slices.Sorted(maps.Keys(logged)), slices.Sorted(maps.Keys(listed)))
			for message, event := range logged {
				assert.Equal(t, event.levels, listed[message].levels, message)
				for attribute := range event.attributes {
					assert.True(t, listed[message].attributes[attribute],
						"%s: attribute %s", message, attribute)
				}
			}
		})
	}
}

// logMethods are the functions that write to the log, with the place of the message and the level.
// An empty level is the argument in front of the message.
var logMethods = map[string]struct {
	place int
	level string
}{
	"Debug": {0, "Debug"}, "Info": {0, "Info"}, "Warn": {0, "Warn"}, "Error": {0, "Error"},
	"DebugContext": {1, "Debug"}, "InfoContext": {1, "Info"},
	"WarnContext": {1, "Warn"}, "ErrorContext": {1, "Error"},
	"LogAttrs": {2, ""}, "logWaiting": {2, "Warn"},
}

// loggedEvents reads the code of a package and of its internal ones.
func loggedEvents(t *testing.T, folder string) map[string]*loggedEvent {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	inside, err := filepath.Glob(filepath.Join(folder, "internal", "*", "*.go"))
	require.NoError(t, err)
	files = append(files, inside...)
	events, set := make(map[string]*loggedEvent), token.NewFileSet()
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "lease/waiting.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := logMethods[nameOf(call.Fun)]
			if !ok || len(call.Args) <= method.place {
				return true
			}
			message, ok := constant(call.Args[method.place])
			if !assert.True(t, ok, "%s: the message is not a string as it is", set.Position(call.Pos())) {
				return true
			}
			level := method.level
			if level == "" {
				level = strings.TrimPrefix(nameOf(call.Args[method.place-1]), "Level")
			}
			if events[message] == nil {
				events[message] = &loggedEvent{make(map[string]bool), make(map[string]bool)}
			}
			events[message].levels[level] = true
			keysOf(call.Args[method.place+1:], events[message].attributes)
			return true
		})
	}
	return events
}

// nameOf returns the last part of a name.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// constant returns the value of a string in the code.
func constant(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

// keysOf adds the keys of attributes: each second argument, or the first of slog.String and the
// like.
func keysOf(args []ast.Expr, keys map[string]bool) {
	for i := 0; i < len(args); i++ {
		if call, ok := args[i].(*ast.CallExpr); ok && len(call.Args) == 2 {
			if key, ok := constant(call.Args[0]); ok {
				keys[key] = true
			}
			continue
		}
		if key, ok := constant(args[i]); ok {
			keys[key] = true
			i++
		}
	}
}

var eventRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| *([^|]*?) *\\| [^|]+ \\|$")

// listedEvents reads the list of a package in docs/logs.md.
func listedEvents(t *testing.T, folder string) map[string]*loggedEvent {
	t.Helper()
	page, err := os.ReadFile("docs/logs.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## Events of `"+folder+"`\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	events := make(map[string]*loggedEvent)
	for _, row := range eventRow.FindAllStringSubmatch(section, -1) {
		event := &loggedEvent{make(map[string]bool), make(map[string]bool)}
		for level := range strings.SplitSeq(row[2], ", ") {
			event.levels[level] = true
		}
		for attribute := range strings.SplitSeq(row[3], ", ") {
			event.attributes[strings.Trim(attribute, "`")] = true
		}
		events[row[1]] = event
	}
	return events
}
