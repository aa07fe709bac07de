// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func TestParsePrice(t *testing.T) {
	for text, want := range map[string]Price{
		"3":        {PerHour: 3},
		" 3.20 ":   {PerHour: 3.2},
		"0":        {},
		"3.20 EUR": {PerHour: 3.2, Unit: "EUR"},
		"€ 12.5":   {PerHour: 12.5, Unit: "€"},
	} {
		got, err := ParsePrice(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "-1", "NaN", "Inf", "1e300", "EUR", "3 EUR an", "3 4", "3,20", "3 averylongcurrency",
	} {
		_, err := ParsePrice(text)
		assert.ErrorContains(t, err, "a price is an amount per hour", text)
	}
}

func TestPriceOfATime(t *testing.T) {
	assert.Equal(t, "1.60 EUR", Price{3.2, "EUR"}.Of(30*time.Minute))
	assert.Equal(t, "0.05", Price{PerHour: 3}.Of(time.Minute))
}

func TestPricesOfAProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	text := "[profiles.default]\nprice.standard = 3.5\nprice.premium = \"12 EUR\"\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	settings, err := Load(Inputs{Getenv: func(string) string { return "" }, File: path})
	require.NoError(t, err)
	price, err := settings.Price(arr.SessionSizeStandard)
	require.NoError(t, err)
	assert.Equal(t, &Price{PerHour: 3.5}, price)
	price, err = settings.Price(arr.SessionSizePremium)
	require.NoError(t, err)
	assert.Equal(t, &Price{12, "EUR"}, price)
	price, err = settings.Price("Huge")
	require.NoError(t, err)
	assert.Nil(t, price)
}

func TestAPriceThatIsNoneNamesItsPlace(t *testing.T) {
	environment := map[string]string{"ARR_PRICE_STANDARD": "cheap"}
	settings, err := Load(Inputs{Getenv: func(name string) string { return environment[name] }})
	require.NoError(t, err)
	_, err = settings.Price(arr.SessionSizeStandard)
	assert.ErrorContains(t, err, "ARR_PRICE_STANDARD: a price is an amount per hour")
	price, err := settings.Price(arr.SessionSizePremium)
	require.NoError(t, err)
	assert.Nil(t, price)
}

func TestAMistypedPriceIsCorrected(t *testing.T) {
	_, err := parseFile([]byte("[profiles.work.price]\npremum = 1\n"))
	require.ErrorContains(t, err, `key "profiles.work.price.premum" is not known`)
	assert.ErrorContains(t, err, "price.premium")
}
