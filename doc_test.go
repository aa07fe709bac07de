// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// The program that the README offers for copying runs against the emulator as it is.
func TestProgramOfTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	program := goBlock.FindSubmatch(readme)
	require.NotNil(t, program)
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program.exe")
	require.NoError(t, os.WriteFile(source, program[1], 0o600))
	goCommand(t, "build", "-o", binary, source)
	out, err := exec.CommandContext(t.Context(), "gofmt", "-l", source).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out), "the program is formatted")

	service := newEmulator(t, emulator.Options{})
	server, err := service.Listen("127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	command := exec.CommandContext(t.Context(), binary)
	command.Env = append(
		os.Environ(),
		"ARR_ENDPOINT="+server.URL,
		"ARR_STS_ENDPOINT="+server.URL,
		"ARR_ACCOUNT_ID="+service.Account().ID,
		"ARR_ACCOUNT_DOMAIN="+service.Account().Domain,
		"ARR_ACCOUNT_KEY="+service.Key(),
	)
	out, err = command.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), " Ready ")
	client, err := service.SessionsClient(nil)
	require.NoError(t, err)
	for session, err := range client.All(t.Context(), nil) {
		require.NoError(t, err)
		require.Fail(t, "the program stops its session", session.ID)
	}
}

// The other Go snippets of the README and the docs compile, each in a function of its own that has
// what the text around it speaks of.
func TestSnippetsOfTheDocs(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	var sources []string
	dir := t.TempDir()
	for _, page := range append(pages, "README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for i, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(block[1], "package ") || // or of what this module does not require
				strings.Contains(block[1], "testcontainers.") || strings.Contains(block[1], "telemetry.") {
				continue
			}
			name := fmt.Sprintf("%s_%d.go", strings.TrimSuffix(filepath.Base(page), ".md"), i)
			name = filepath.Join(dir, name)
			require.NoError(t, os.WriteFile(name, []byte(snippetFile(t, page, block[1])), 0o600))
			sources = append(sources, name)
		}
	}
	require.NotEmpty(t, sources)
	goCommand(t, append([]string{"build", "-o", os.DevNull}, sources...)...)
}

func goCommand(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// snippetFile makes a file of a snippet, with the imports that it needs.
func snippetFile(t *testing.T, page, snippet string) string {
	t.Helper()
	body := snippet
	if !strings.HasPrefix(snippet, "func ") {
		body = "func _(\n\tctx context.Context,\n\tclient, northEurope *arr.SessionsClient,\n" +
			"\tservice *emulator.Emulator,\n\tsaved string,\n\tt *testing.T,\n) error {\n" +
			snippet + uses(t, page, snippet) + "\treturn nil\n}\n"
	}
	var imports strings.Builder
	for name, path := range map[string]string{
		"arr":      "github.com/arr-go/azremoterendering",
		"assert":   "github.com/stretchr/testify/assert",
		"context":  "context",
		"emulator": "github.com/arr-go/azremoterendering/emulator",
		"fmt":      "fmt",
		"lease":    "github.com/arr-go/azremoterendering/lease",
		"require":  "github.com/stretchr/testify/require",
		"testing":  "testing",
		"time":     "time",
	} {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(body) {
			fmt.Fprintf(&imports, "import %s %q\n", name, path)
		}
	}
	return "package snippets\n\n" + imports.String() + "\n" + body
}

// uses returns a line that uses every variable that the snippet defines: it may show one without
// using it.
func uses(t *testing.T, page, snippet string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), page, "package p\nfunc _() {\n"+snippet+"}", 0)
	require.NoError(t, err, page)
	var line strings.Builder
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		if define, ok := statement.(*ast.AssignStmt); ok && define.Tok == token.DEFINE {
			for _, name := range define.Lhs {
				fmt.Fprintf(&line, "\t_ = %s\n", name.(*ast.Ident).Name)
			}
		}
	}
	return line.String()
}
