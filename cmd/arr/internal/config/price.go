// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"strconv"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// Price is what a session costs. The service tells no prices, so they come from settings alone.
type Price struct {
	PerHour float64
	// Unit is the currency as the user writes it, such as EUR. It may be empty.
	Unit string
}

// maxPrice bounds a price per hour, so that sums of many sessions stay exact.
const maxPrice = 1e9

// ParsePrice reads a price per hour: a number, and a currency before or after it if there is one, as
// in "3.20" and "3.20 EUR".
func ParsePrice(text string) (Price, error) {
	wrong := errors.New("a price is an amount per hour such as 3.20 or \"3.20 EUR\"")
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 {
		return Price{}, wrong
	}
	for i, word := range words {
		amount, err := strconv.ParseFloat(word, 64)
		if err != nil {
			continue
		}
		if !(amount >= 0 && amount <= maxPrice) {
			return Price{}, wrong
		}
		price := Price{PerHour: amount}
		if len(words) == 2 {
			price.Unit = words[1-i]
		}
		if _, err := strconv.ParseFloat(price.Unit, 64); err == nil || len(price.Unit) > 12 {
			return Price{}, wrong
		}
		return price, nil
	}
	return Price{}, wrong
}

// Of returns what some time costs, with two decimals and the currency.
func (p Price) Of(d time.Duration) string {
	return strings.TrimSpace(strconv.FormatFloat(p.PerHour*d.Hours(), 'f', 2, 64) + " " + p.Unit)
}

// PriceName returns the setting with the price of a size, empty if there is none for it.
func PriceName(size arr.SessionSize) Name {
	switch size {
	case arr.SessionSizeStandard:
		return PriceStandard
	case arr.SessionSizePremium:
		return PricePremium
	default:
		return ""
	}
}

// Price returns the price of a size, nil if none is set.
func (s *Settings) Price(size arr.SessionSize) (*Price, error) {
	name := PriceName(size)
	if name == "" || s.Source(name) == "" {
		return nil, nil
	}
	price, err := parse(s, name, Price{}, ParsePrice)
	return &price, err
}
