// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const otherID = "abcdef00-1111-2222-3333-444455556666"

var twoAccounts = emulator.Options{Accounts: []emulator.AccountOptions{
	{},
	{ID: otherID, Region: "uksouth", PrimaryKey: "other-one", SecondaryKey: "other-two"},
}}

// status returns the answer to a request that needs nothing but authorization.
func (s *service) status() int {
	s.t.Helper()
	return s.call(http.MethodGet, s.list()+apiVersion, "").status
}

func TestAccounts(t *testing.T) {
	options := twoAccounts
	options.Region = "japaneast"
	options.Accounts = append(slices.Clone(options.Accounts), emulator.AccountOptions{})
	s := start(t, options)
	accounts := s.Accounts()
	require.Len(t, accounts, 3)
	assert.Equal(t, s.Emulator.Account(), accounts[0])
	assert.Equal(
		t,
		azremoterendering.Account{ID: otherID, Domain: "uksouth.mixedreality.azure.com"},
		accounts[1],
	)
	assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, accounts[2].ID, "random")
	assert.Equal(t, "japaneast.mixedreality.azure.com", accounts[2].Domain, "the default region")
	accounts[0].ID = "changed"
	assert.NotEqual(t, accounts[0], s.Accounts()[0], "the caller's own")

	primary, secondary, err := s.Keys(strings.ToUpper(otherID))
	require.NoError(t, err)
	assert.Equal(t, []string{"other-one", "other-two"}, []string{primary, secondary})
	_, _, err = s.Keys("nobody")
	require.ErrorContains(t, err, `no account "nobody"`)
}

func TestAccountsAreApart(t *testing.T) {
	first := start(t, twoAccounts)
	second := first.as(otherID)
	assert.Equal(t, http.StatusUnauthorized, first.exchange(first.Account().ID+":other-one").status)
	assert.Equal(
		t,
		http.StatusUnauthorized,
		first.exchange(otherID+":other-one").status,
		"the path names the account",
	)

	intruder := *second
	intruder.token = first.token
	assert.Equal(t, http.StatusUnauthorized, intruder.status())

	first.create("a", standard5)
	assert.Equal(t, http.StatusNotFound, second.get("a").status)
	second.create("a", `{"maxLeaseTimeMinutes":7,"size":"Premium"}`)
	second.create("b", standard5)
	assert.Equal(t, http.StatusNoContent, second.stop("a").status)
	assert.Equal(t, "Ready", first.look("a").Status)
	assert.Equal(t, []string{"a"}, first.walk())
	assert.Equal(t, []string{"b"}, second.walk())
}

func TestAccountsThatCannotBe(t *testing.T) {
	for name, test := range map[string]struct {
		account emulator.AccountOptions
		message string
	}{
		"id":            {emulator.AccountOptions{ID: "contoso"}, `Options.Accounts[1].ID "contoso" is not a UUID`},
		"id twice":      {emulator.AccountOptions{ID: emulator.DevelopmentAccountID}, "is that of another account"},
		"region":        {emulator.AccountOptions{Region: "UK South"}, `Options.Accounts[1].Region "UK South"`},
		"primary key":   {emulator.AccountOptions{PrimaryKey: "secret key"}, "Options.Accounts[1].PrimaryKey"},
		"secondary key": {emulator.AccountOptions{SecondaryKey: "secret\x00key"}, "Options.Accounts[1].SecondaryKey"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := emulator.New(
				emulator.Options{Accounts: []emulator.AccountOptions{{}, test.account}},
			)
			require.ErrorContains(t, err, test.message)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	_, err := emulator.New(
		emulator.Options{
			Accounts: []emulator.AccountOptions{{ID: strings.ToUpper(otherID)}, {ID: otherID}},
		},
	)
	require.ErrorContains(t, err, "is that of another account", "case makes no difference")
}

func TestKeyRotation(t *testing.T) {
	s := start(t, twoAccounts)
	id := s.Account().ID
	for _, which := range []emulator.AccountKey{emulator.PrimaryKey, emulator.SecondaryKey} {
		old, other := s.Key(), s.SecondaryKey()
		if which == emulator.SecondaryKey {
			old, other = other, old
		}
		renewed, err := s.RotateKey(id, which)
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, s.exchange(id+":"+old).status, "at once")
		assert.Equal(t, http.StatusOK, s.exchange(id+":"+renewed).status)
		assert.Equal(t, http.StatusOK, s.exchange(id+":"+other).status)
		assert.Equal(t, http.StatusOK, s.status(), "tokens stay valid")
		primary, secondary, err := s.Keys(id)
		require.NoError(t, err)
		assert.Equal(
			t,
			map[emulator.AccountKey]string{emulator.PrimaryKey: primary, emulator.SecondaryKey: secondary}[which],
			renewed,
		)
		assert.Equal(t, []string{primary, secondary}, []string{s.Key(), s.SecondaryKey()})
	}
	assert.Equal(
		t,
		http.StatusOK,
		s.as(otherID).exchange(otherID+":other-one").status,
		"the other account keeps its keys",
	)

	before := s.Key()
	_, err := s.RotateKey(id, "third")
	require.ErrorContains(t, err, `"third"`)
	_, err = s.RotateKey("nobody", emulator.PrimaryKey)
	require.ErrorContains(t, err, "no account")
	assert.Equal(t, before, s.Key())
}

func TestRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := start(t, twoAccounts)
		second := first.as(otherID)
		time.Sleep(10 * time.Second)
		late := *first
		late.authorize()

		require.NoError(t, first.RevokeTokens(first.Account().ID))
		assert.Equal(t, http.StatusUnauthorized, first.status())
		assert.Equal(t, http.StatusUnauthorized, late.status(), "those of the same second too")
		assert.Equal(t, http.StatusOK, second.status(), "another account")

		fresh := *first
		fresh.authorize()
		assert.Equal(t, http.StatusOK, fresh.status(), "in the same second")
		assert.Equal(t, http.StatusUnauthorized, late.status())
		time.Sleep(time.Second)
		late.authorize()
		assert.Equal(t, http.StatusOK, late.status())
		assert.Equal(t, http.StatusOK, fresh.status(), "still")

		require.NoError(t, first.RevokeTokens(""))
		for _, s := range []*service{first, second, &late, &fresh} {
			assert.Equal(t, http.StatusUnauthorized, s.status(), "all accounts")
		}
		require.ErrorContains(t, first.RevokeTokens("nobody"), "no account")
	})
}

func TestTokenLifetimeCanBeChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := start(t, emulator.Options{})
		require.NoError(t, long.SetTokenLifetime(2*time.Second))
		short := *long
		short.authorize()
		for _, d := range []time.Duration{-time.Second, 1, 1500 * time.Millisecond} {
			require.ErrorContains(t, long.SetTokenLifetime(d), d.String())
		}
		time.Sleep(2*time.Second - 1)
		assert.Equal(t, http.StatusOK, short.status())
		time.Sleep(time.Nanosecond)
		assert.Equal(t, http.StatusUnauthorized, short.status())
		assert.Equal(t, http.StatusOK, long.status(), "issued before")

		require.NoError(t, long.SetTokenLifetime(0))
		short.authorize()
		time.Sleep(24*time.Hour - 1)
		assert.Equal(t, http.StatusOK, short.status(), "the default again")
	})
}
