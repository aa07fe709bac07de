// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const importClient = "import azure.mixedreality.remoterendering"

// pythonWithClient returns the Python of a virtual environment that has the client, which is made
// if there is none yet.
func pythonWithClient(ctx context.Context, t *testing.T) string {
	t.Helper()
	system, description := systemPython(ctx, t)
	requirements, err := os.ReadFile(interopRequirements)
	require.NoError(t, err)
	root, err := os.UserCacheDir()
	if err != nil {
		root = t.TempDir() // a user without a home
	}
	root = filepath.Join(root, "arr-go-azremoterendering")
	require.NoError(t, os.MkdirAll(root, 0o700))
	folder := filepath.Join(
		root,
		fmt.Sprintf("interop-%.12x", sha256.Sum256(append(requirements, description...))),
	)
	if exec.CommandContext(ctx, pythonOf(folder), "-I", "-c", importClient).Run() == nil {
		return pythonOf(folder)
	}
	require.NoError(t, ctx.Err())
	require.NoError(t, os.RemoveAll(folder)) // damaged, such as by the removal of its Python

	// A finished environment appears in one step, so that one that is there is complete, and
	// several runs may make it at once.
	t.Logf("installing the Python client into %s", folder)
	draft, err := os.MkdirTemp(root, "draft-")
	require.NoError(t, err)
	defer func() { assert.NoError(t, os.RemoveAll(draft)) }()
	mustRun(ctx, t, system, "-I", "-m", "venv", draft)
	mustRun(
		ctx,
		t,
		pythonOf(draft),
		"-I",
		"-m",
		"pip",
		"install",
		"--quiet",
		"--disable-pip-version-check",
		"--no-input",
		"--require-hashes",
		"--only-binary",
		":all:",
		"--requirement",
		interopRequirements,
	)
	mustRun(ctx, t, pythonOf(draft), "-I", "-c", importClient)
	if err := os.Rename(draft, folder); err != nil {
		// unless another run was first
		require.FileExists(t, pythonOf(folder), "cannot move the environment to its place: %v", err)
	}
	return pythonOf(folder)
}

// systemPython returns the Python of this machine and a text that is different for every other one.
func systemPython(ctx context.Context, t *testing.T) (path, description string) {
	t.Helper()
	const toInstall = "install Python 3.10 or newer, with its modules venv and ensurepip (Debian, " +
		"Ubuntu: apt install python3-venv; " +
		"Fedora: dnf install python3; macOS, Windows: python.org), so that python3 is on the PATH"
	for _, name := range []string{"python3", "python"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		ask := func(program string) (string, error) {
			output, err := exec.CommandContext(ctx, path, "-I", "-c", program).CombinedOutput()
			return strings.TrimSpace(string(output)), err
		}
		version, err := ask(
			"import sys; print(sys.executable, sys.version); sys.exit(sys.version_info < (3, 10))",
		)
		require.NoErrorf(t, err, "%s is too old or does not work: %s\n%s", path, version, toInstall)
		missing, err := ask("import venv, ensurepip")
		require.NoErrorf(
			t,
			err,
			"%s cannot make virtual environments: %s\n%s",
			path,
			missing,
			toInstall,
		)
		return path, version
	}
	require.FailNow(t, "there is no Python: "+toInstall)
	return "", ""
}

// pythonOf returns the Python of a virtual environment.
func pythonOf(folder string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(folder, "Scripts", "python.exe")
	}
	return filepath.Join(folder, "bin", "python")
}

func mustRun(ctx context.Context, t *testing.T, name string, arguments ...string) {
	t.Helper()
	output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	require.NoErrorf(
		t,
		err,
		"%s %s (%v)\n%s",
		name,
		strings.Join(arguments, " "),
		ctx.Err(),
		output,
	)
}
