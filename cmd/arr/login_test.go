// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/keystore"
	"github.com/arr-go/azremoterendering/emulator"
)

// noKeyring is the environment of a machine without a keyring.
const noKeyring = "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere"

// skipWhereThereIsAKeyring keeps tests off the keyring of whoever runs them.
func skipWhereThereIsAKeyring(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("this system always has a keyring")
	}
}

func TestLoginWithoutAKeyringUsesAFileAndWarns(t *testing.T) {
	skipWhereThereIsAKeyring(t)
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	folder := t.TempDir()
	path := filepath.Join(folder, "config.toml")
	login := func(key string, args ...string) result {
		return runArr(t, append(service.withoutKey(), noKeyring), key,
			append([]string{"login", "--config", path}, args...)...)
	}
	r := login("wrong")
	assert.Equal(t, failure.Refused, r.code)
	_, err := os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist, "a wrong key is not stored")

	r = login(service.Key() + "\n")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Warning: the keyring cannot be used: ")
	assert.Contains(t, r.stderr, "which only you can read, and not encrypted")
	keyFile := filepath.Join(folder, "keys", service.Account().ID+".key")
	info, err := os.Stat(keyFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "the-secret-key")

	r = runArr(t, []string{noKeyring}, "", "session", "list", "-q", "--config", path)
	assert.Equal(t, "demo\n", r.stdout, r.stderr)
	r = runArr(t, []string{noKeyring}, "", "logout", "--config", path)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Forgot how to sign in")
	_, err = os.Stat(keyFile)
	require.ErrorIs(t, err, os.ErrNotExist)
	r = runArr(t, []string{noKeyring}, "", "session", "list", "--config", path)
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, `store the key with "arr login"`)
}

// The file is also found if its profile has been changed to sign in with something else since.
func TestLogoutRemovesTheKeyFileThatNoProfileNames(t *testing.T) {
	skipWhereThereIsAKeyring(t)
	service := newTestService(t, emulator.Options{})
	folder := t.TempDir()
	path := filepath.Join(folder, "config.toml")
	r := runArr(t, append(service.withoutKey(), noKeyring), service.Key(), "login", "--config", path)
	require.Equal(t, failure.OK, r.code, r.stderr)
	r = runArr(t, nil, "", "config", "set", "account-key-file", "/elsewhere", "--config", path)
	require.Equal(t, failure.OK, r.code, r.stderr)
	r = runArr(t, []string{noKeyring}, "", "logout", "--config", path)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Forgot how to sign in")
	assert.NoFileExists(t, filepath.Join(folder, "keys", service.Account().ID+".key"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), "/elsewhere", "a file that arr login did not write stays")
	r = runArr(t, []string{noKeyring}, "", "logout", "--config", path)
	assert.Contains(t, r.stderr, "Nothing was stored for profile default.")
}

func TestLoginNeedsToKnowTheAccount(t *testing.T) {
	r := runArr(t, nil, "key", "login", "--region", "westeurope")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "there is no account id")
	r = runArr(t, nil, "", "login", "--auth", "token", "--region", "westeurope",
		"--account-id", emulator.DevelopmentAccountID)
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "set ARR_ACCESS_TOKEN")
}

func TestLoginWithAnIdentityThatNeedsNobodyStoresNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the az of this test is a script for sh")
	}
	service := newTestService(t, acceptingIdentities)
	service.ready("demo")
	folder := t.TempDir()
	script := "#!/bin/sh\necho '{\"accessToken\":\"" + entraToken() + "\",\"expires_on\":4102444800," +
		"\"tenant\":\"t\",\"tokenType\":\"Bearer\"}'\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o700))
	path := filepath.Join(folder, "config.toml")
	az := "PATH=" + folder + string(os.PathListSeparator) + os.Getenv("PATH")
	r := runArr(t, append(service.withoutKey(), az), "", "login", "--auth", "azure-cli", "--config", path)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "with Microsoft Entra (azure-cli).")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), `auth = "azure-cli"`)
	assert.NotContains(t, string(text), "keyring")
	assert.Equal(t, "demo\n", runArr(t, []string{az}, "", "session", "list", "-q", "--config", path).stdout)
}

// This test uses the keyring of GNOME, in a session of its own.
func TestLoginWithARealKeyring(t *testing.T) {
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("this needs", program)
		}
	}
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	const script = `
printf %s "$KEY" | DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere "$ARR" login --config "$FILE" 2>/dev/null || exit
printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
printf %s "$KEY" | "$ARR" login --config "$FILE" || exit
ls "$HOME/keys"
unset ARR_ENDPOINT ARR_STS_ENDPOINT ARR_ACCOUNT_ID
"$ARR" session list -q --config "$FILE"
"$ARR" session list -q --config "$FILE" --sts-endpoint http://127.0.0.1:1
echo "another: $?"
"$ARR" logout --config "$FILE"
"$ARR" session list -q --config "$FILE"
echo "after: $?"
`
	folder := t.TempDir()
	path := filepath.Join(folder, "config.toml")
	cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--", "sh", "-c", script)
	cmd.Env = append(service.withoutKey(), "PATH="+os.Getenv("PATH"), "HOME="+folder, "XDG_RUNTIME_DIR="+folder,
		"ARR="+os.Getenv(binaryVariable), "KEY="+service.Key(), "FILE="+path)
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	said := string(output)
	if strings.Contains(said, "Warning: the keyring cannot be used") {
		t.Skipf("the keyring of this machine does not work here: %s", said)
	}
	assert.Contains(t, said, "with a key, which is in the keyring.")
	assert.NotContains(t, said, ".key\n", "a file with the key from the time without a keyring is removed")
	assert.Contains(t, said, "\ndemo\n")
	assert.Contains(t, said, "A key is given only to the token service that it was stored for.\nanother: 2\n")
	assert.Contains(t, said, "Forgot how to sign in")
	assert.Contains(t, said, "\nafter: 2\n")
	assert.NotContains(t, said, service.Key())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(text), service.Key())
}

// These two use the library's keyring in memory.
func TestATokenOfTheKeyringIsUsedWhileItIsValid(t *testing.T) {
	keyring.MockInit()
	skipWhereThereIsAKeyring(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "mock")
	target := config.Target{Account: arr.Account{ID: emulator.DevelopmentAccountID, Domain: "arr.example.com"}}
	entry := keystore.Token(emulator.DevelopmentAccountID, "sts.arr.example.com")
	assert.Nil(t, tokenFromKeyring(t.Context(), target))
	require.NoError(t, keystore.Set(t.Context(), entry, tokenOf2001))
	assert.Nil(t, tokenFromKeyring(t.Context(), target), "it has expired")
	require.NoError(t, keystore.Set(t.Context(), entry, entraToken()))
	assert.NotNil(t, tokenFromKeyring(t.Context(), target))
	target.STSEndpoint = "https://tokens.example.com"
	assert.Nil(t, tokenFromKeyring(t.Context(), target), "it is of another service")
}

func TestTheKeyringIsAskedForTheRightKey(t *testing.T) {
	keyring.MockInit()
	skipWhereThereIsAKeyring(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "mock")
	entry := keystore.Key(emulator.DevelopmentAccountID, "sts.arr.example.com")
	require.NoError(t, keystore.Set(t.Context(), entry, "the-secret-key"))
	target := config.Target{Account: arr.Account{ID: emulator.DevelopmentAccountID, Domain: "arr.example.com"}}
	key, err := keyFromKeyring(t.Context(), target)
	require.NoError(t, err)
	assert.Equal(t, "the-secret-key", key)
	target.Account.Domain = "other.example.com"
	_, err = keyFromKeyring(t.Context(), target)
	require.ErrorContains(t, err, "the keyring has no key of account")
	require.NoError(t, keystore.Delete(t.Context(), entry))
	require.ErrorIs(t, keystore.Delete(t.Context(), entry), keystore.ErrNotFound)
}
