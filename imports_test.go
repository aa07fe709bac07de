// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/arr-go/azremoterendering"

// A program that imports the client or package lease compiles azcore and nothing else: no emulator,
// no command line, no azidentity, none of the test libraries.
func TestClientCompilesAzcoreAndNothingElse(t *testing.T) {
	t.Parallel()
	modules := map[string]bool{}
	for _, module := range goList(t, "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".", "./lease") {
		modules[strings.TrimSpace(module)] = true
	}
	delete(modules, "") // the standard library
	assert.Equal(t, map[string]bool{
		modulePath: true,
		"github.com/Azure/azure-sdk-for-go/sdk/azcore":   true,
		"github.com/Azure/azure-sdk-for-go/sdk/internal": true,
		"golang.org/x/net":  true,
		"golang.org/x/text": true,
	}, modules)

	for _, pkg := range goList(t, "-deps", ".", "./lease") {
		pkg = strings.TrimSpace(pkg)
		assert.NotEqual(t, "testing", pkg)
		if ours, ok := strings.CutPrefix(pkg, modulePath+"/"); ok && ours != "lease" {
			assert.True(t, strings.HasPrefix(ours, "internal/"), "the client imports %s", pkg)
		}
	}
}

// A program that does not use OpenTelemetry, or Prometheus' libraries, does not get them as
// dependencies either: they are in modules of their own.
func TestOpenTelemetryIsInOtherModules(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, foreign := range []string{"go.opentelemetry.io/", "/azotel", "github.com/prometheus/"} {
			assert.NotContains(t, string(content), foreign, name)
		}
	}
}

// Every package imports what the table in docs/DESIGN.md says that it may import, and nothing else.
// Tests may import anything.
func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	table := readPackageTable(t)
	for _, line := range goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		paths := strings.Fields(line)
		pkg := paths[0]
		row, ok := table.row(pkg)
		if !assert.True(t, ok, "docs/DESIGN.md has no row for package %s", pkg) {
			continue
		}
		for _, imported := range paths[1:] {
			assert.True(t, row.allows(imported), "%s imports %s, but may import: %s",
				pkg, imported, row.mayImport)
			if other, ok := table.row(imported); ok && other.testsOnly() {
				assert.True(t, row.testsOnly(), "%s imports %s, which is for tests", pkg, imported)
			}
			if isOurs(imported) && strings.HasPrefix(pkg, modulePath+"/internal/") {
				assert.True(t, strings.HasPrefix(imported, modulePath+"/internal/"),
					"%s imports %s: packages in internal know nothing above them", pkg, imported)
			}
		}
	}
}

// The files that docs/DESIGN.md names as places of decisions exist.
func TestDecisionsStandWhereTheDesignSays(t *testing.T) {
	t.Parallel()
	files := quoted.FindAllStringSubmatch(designSection(t, "Where decisions stand"), -1)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.HasSuffix(file[1], ".go") {
			assert.FileExists(t, file[1])
		}
	}
}

// goList returns the lines that go list prints.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// packageTable is the table of packages in docs/DESIGN.md, by path below the root.
type packageTable map[string]packageRow

type packageRow struct{ job, mayImport string }

var (
	packageLine = regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]*\\| ([^|]+) \\| ([^|]+) \\|$")
	quoted      = regexp.MustCompile("`([^`]+)`")
)

// designSection returns the text below a heading of docs/DESIGN.md.
func designSection(t *testing.T, heading string) string {
	t.Helper()
	design, err := os.ReadFile("docs/DESIGN.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(design), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

func readPackageTable(t *testing.T) packageTable {
	t.Helper()
	section := designSection(t, "Packages")
	table := packageTable{}
	for _, m := range packageLine.FindAllStringSubmatch(section, -1) {
		table[m[1]] = packageRow{job: m[2], mayImport: m[3]}
	}
	require.NotEmpty(t, table)
	return table
}

// row returns the row of a package, or of the folder that holds it, such as "examples/…".
func (p packageTable) row(path string) (row packageRow, ok bool) {
	if !isOurs(path) {
		return row, false
	}
	path = strings.TrimPrefix(strings.TrimPrefix(path, modulePath), "/")
	if path == "" {
		path = "."
	}
	if row, ok = p[path]; ok {
		return row, true
	}
	folder, _, _ := strings.Cut(path, "/")
	row, ok = p[folder+"/…"]
	return row, ok
}

func (r packageRow) testsOnly() bool { return strings.HasPrefix(r.job, "tests only") }

// allows reports whether the package may import another. A quoted name in the row stands for a
// package of this module or a part of another module's path, and for what lies below it.
func (r packageRow) allows(path string) bool {
	domain, _, _ := strings.Cut(path, "/")
	switch {
	case strings.HasPrefix(r.mayImport, "everything"), !strings.Contains(domain, "."):
		return true // the standard library has no domain
	case path == modulePath:
		return strings.Contains(r.mayImport, "the root package")
	}
	for _, name := range quoted.FindAllStringSubmatch(r.mayImport, -1) {
		if ours, ok := strings.CutPrefix(path, modulePath+"/"); ok {
			if strings.HasPrefix(ours+"/", name[1]+"/") {
				return true
			}
		} else if strings.Contains("/"+path+"/", "/"+name[1]+"/") {
			return true
		}
	}
	return false
}

func isOurs(path string) bool { return path == modulePath || strings.HasPrefix(path, modulePath+"/") }
