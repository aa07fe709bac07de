// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/emulator"
)

// keyVariable holds the account key where others cannot see it. It is not the variable that clients
// read theirs from: that may hold the key of another service.
const keyVariable = "ARR_EMULATOR_ACCOUNT_KEY"

// keeping says what outlives a restart of the emulator, and what is kept of what has ended.
type keeping struct {
	file      string
	randomKey bool
	retention time.Duration
	keepEnded int
}

// advise says what to do about an error of an emulator that could not be made, unless an option is
// wrong: then it is about the state file, and not about a network.
func (k *keeping) advise(err error) error {
	if k.file == "" || errors.Is(err, arr.ErrInvalidArgument) {
		return err
	}
	return &failure.Advised{
		Err:    err,
		Advice: "Give another path for --state, in a folder that you can write to.",
	}
}

func (k *keeping) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(
		&k.randomKey,
		"random-key",
		false,
		"a random account key; with --state the one of the file, once it has one",
	)
	flags.StringVar(
		&k.file,
		"state",
		"",
		"`FILE` that keeps sessions, conversions, keys and the signing key of tokens, so that clients do "+
			"not notice a restart or a crash; made if there is none; only you can read it "+
			"(default: all is lost when the emulator ends)",
	)
	addTime(cmd, &k.retention, "retention",
		"how long sessions that have ended can be read, and conversions (default: 720h, as documented)")
	addValue(
		cmd,
		&k.keepEnded,
		"keep-ended",
		"N",
		"100000",
		"sessions that have ended, and conversions, that are kept at most; beyond it the oldest ones "+
			"are forgotten before --retention is over",
		parseKeepEnded,
	)
}

// apply sets the options for which the flags stand.
func (k *keeping) apply(o *emulator.Options, address listenAddress, log *slog.Logger) error {
	o.StateFile = input.Path(k.file, "")
	o.Retention = k.retention
	o.KeepEnded = k.keepEnded
	account := &o.Accounts[0]
	if k.randomKey && account.PrimaryKey != "" {
		return usagef("--random-key and --account-key exclude each other")
	}
	account.PrimaryKey = cmp.Or(account.PrimaryKey, os.Getenv(keyVariable))
	switch {
	case k.randomKey:
		account.PrimaryKey = ""
	case account.PrimaryKey == emulator.DevelopmentKey && !address.loopback:
		warn(log, "the account key is the published one, and other machines can reach this address: "+
			"anyone who can do so can use the emulator")
	case account.PrimaryKey != "":
	case address.loopback:
		account.PrimaryKey = emulator.DevelopmentKey
	default:
		log.Info("the account key is random, and not the published one, " +
			"because other machines can reach this address; choose one with " + keyVariable)
	}
	return nil
}

// last returns the line that says what happens to sessions when the emulator ends.
func (k *keeping) last(programs bool) string {
	switch file := input.Path(k.file, ""); {
	case file == "":
		return "Ctrl-C ends it, and its sessions with it."
	case programs:
		return "Ctrl-C ends it, and stops its sessions; " + file + " keeps what became of them."
	default:
		return "Ctrl-C ends it; its sessions go on in " + file + ", and are there at the next start."
	}
}

func parseKeepEnded(text string) (int, error) {
	n, ok := parseCount(strings.TrimSpace(text))
	if !ok || n == 0 {
		return 0, errors.New("give a number of sessions, 1 or more")
	}
	return n, nil
}
