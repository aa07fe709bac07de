// SPDX-License-Identifier: MIT

package emulator_test

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestNewDefaults(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	assert.Equal(t, azremoterendering.Account{
		ID:     emulator.DevelopmentAccountID,
		Domain: "westeurope.mixedreality.azure.com",
	}, e.Account())

	keys := map[string]bool{e.Key(): true, e.SecondaryKey(): true}
	other, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	keys[other.Key()], keys[other.SecondaryKey()] = true, true
	assert.Len(t, keys, 4, "keys are random")
	for key := range keys {
		data, err := base64.StdEncoding.DecodeString(key)
		require.NoError(t, err)
		assert.Len(t, data, 32)
	}
}

func TestNewKeepsOptions(t *testing.T) {
	e, err := emulator.New(emulator.Options{
		Region: azremoterendering.RegionEastUS2,
		Accounts: []emulator.AccountOptions{{
			ID:           "ABCDEF00-1111-2222-3333-444455556666",
			PrimaryKey:   "one",
			SecondaryKey: "two",
		}},
	})
	require.NoError(t, err)
	assert.Equal(t, azremoterendering.Account{
		ID:     "ABCDEF00-1111-2222-3333-444455556666",
		Domain: "mixedreality.azure.com",
	}, e.Account())
	assert.Equal(t, "one", e.Key())
	assert.Equal(t, "two", e.SecondaryKey())
}

// account returns options with one account.
func account(o emulator.AccountOptions) emulator.Options {
	return emulator.Options{Accounts: []emulator.AccountOptions{o}}
}

func TestNewRefuses(t *testing.T) {
	small := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: big.NewInt(3233), E: 17}}
	for name, test := range map[string]struct {
		options emulator.Options
		message string
	}{
		"account id": {
			account(emulator.AccountOptions{ID: "contoso"}),
			`Options.Accounts[0].ID "contoso" is not a UUID`,
		},
		"account id length": {
			account(emulator.AccountOptions{ID: emulator.DevelopmentAccountID + "0"}), "is not a UUID",
		},
		"region":      {emulator.Options{Region: "West Europe"}, `Options.Region "West Europe"`},
		"region dots": {emulator.Options{Region: "evil.example/"}, "Options.Region"},
		"primary key": {
			account(emulator.AccountOptions{PrimaryKey: "secret key"}),
			"Options.Accounts[0].PrimaryKey",
		},
		"secondary key": {
			account(emulator.AccountOptions{SecondaryKey: "secret\nkey"}),
			"Options.Accounts[0].SecondaryKey",
		},
		"token lifetime":    {emulator.Options{TokenLifetime: -time.Hour}, "Options.TokenLifetime -1h0m0s"},
		"token fraction":    {emulator.Options{TokenLifetime: 1500 * time.Millisecond}, "whole seconds"},
		"retention":         {emulator.Options{Retention: -1}, "Options.Retention"},
		"signing key":       {emulator.Options{SigningKey: small}, "less than 2048 bits"},
		"empty signing key": {emulator.Options{SigningKey: new(rsa.PrivateKey)}, "less than 2048 bits"},
		"page size":         {emulator.Options{Decisions: emulator.Decisions{PageSize: -1}}, "Decisions.PageSize -1"},
		"max lease": {
			emulator.Options{Decisions: emulator.Decisions{MaxLease: -time.Minute}},
			"Decisions.MaxLease",
		},
		"max lease seconds": {
			emulator.Options{Decisions: emulator.Decisions{MaxLease: 90 * time.Second}},
			"whole minutes",
		},
		"max lease bound": {emulator.Options{Decisions: emulator.Decisions{MaxLease: 1 << 62}}, "Decisions.MaxLease"},
		"absent values": {
			emulator.Options{Decisions: emulator.Decisions{AbsentValues: 2}},
			"Decisions.AbsentValues 2",
		},
		"same settings": {
			emulator.Options{Decisions: emulator.Decisions{SameSettings: -1}},
			"Decisions.SameSettings -1",
		},
		"stop ended": {
			emulator.Options{Decisions: emulator.Decisions{StopEndedStatus: http.StatusTeapot}},
			"Decisions.StopEndedStatus 418",
		},
		"update ended":     {emulator.Options{Decisions: emulator.Decisions{UpdateEndedStatus: 1}}, "[422 404]"},
		"malformed update": {emulator.Options{Decisions: emulator.Decisions{MalformedUpdateStatus: 1}}, "[400 422]"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := emulator.New(test.options)
			assert.Nil(t, e)
			require.ErrorContains(t, err, test.message)
			assert.ErrorContains(t, err, "emulator: ")
			require.ErrorIs(t, err, azremoterendering.ErrInvalidArgument)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}
