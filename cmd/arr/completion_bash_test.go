// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// Without its start files, bash has nothing of the package bash-completion.
func TestBashCompletesWithoutItsPackage(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("this needs bash")
	}
	service := newTestService(t, emulator.Options{})
	for _, id := range []string{"one", "two", "two-more"} {
		service.ready(id)
	}
	profiles := file(t, "config.toml", "[profiles.laboratory]\n[profiles.\"with:colon\"]\n")
	require.NoError(t, os.MkdirAll(filepath.Join(filepath.Dir(profiles), "some folder"), 0o700))

	cmd := command(t, service.environment)
	cmd.Path, cmd.Args = bash, []string{"bash", "--norc", "--noprofile", "-i"}
	cmd.Dir = filepath.Dir(profiles)
	cmd.Env = append(cmd.Env, "TERM=dumb", "PS1=> ", "PATH="+filepath.Dir(os.Getenv(binaryVariable))+
		string(os.PathListSeparator)+os.Getenv("PATH"))
	p := startCommandOnTerminal(t, 200, cmd)
	p.await("> ")
	p.write("bind 'set bell-style none'; eval \"$(arr completion bash)\"; " +
		"declare -F _init_completion _get_comp_words_by_ref; echo prepared-$?\n")
	p.await("\nprepared-1\r\n> ")
	for _, test := range []struct{ typed, completed string }{
		{"arr ses", "arr session "},
		{"arr session get o", "arr session get one "},
		{"arr session get tw", "arr session get two"},
		{"arr session stop one two-", "arr session stop one two-more "},
		{"arr session stop-all --keep o", "arr session stop-all --keep one "},
		{"arr session stop-all --keep=o", "arr session stop-all --keep=one "},
		{"arr run --session o", "arr run --session one "},
		{"arr run --fallback japan", "arr run --fallback japaneast "},
		{"arr session list --region=uks", "arr session list --region=uksouth "},
		{"arr session list --config config.toml --profile l", "--profile laboratory "},
		{"arr session list --config config.toml --profile with:c", "--profile with:colon "},
		{"arr session list --config=config.toml --profile=with", "--profile=with:colon "},
		{"arr session list --stat", "arr session list --status "},
		{"arr session list --ca-file conf", "arr session list --ca-file config.toml "},
		{"arr gen man --dir so", `arr gen man --dir some\ folder/`},
		{"echo x; arr session get o", "echo x; arr session get one "},
	} {
		p.write(test.typed + "\t")
		p.await(test.completed)
		p.write("\x15") // removes the line
	}
	p.write("exit\n")
	assert.Equal(t, 0, p.wait(), p.screen)
}
