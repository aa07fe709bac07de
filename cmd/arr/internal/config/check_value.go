// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"strconv"
	"strings"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// ParseName returns the setting that a word stands for: its name, its flag, its variable, or its key
// in a profile.
func ParseName(word string) (Name, error) {
	plain := strings.TrimPrefix(word, "--")
	var names []string
	for _, name := range all {
		if plain == string(name) || plain == name.key() && plain != "" ||
			strings.ReplaceAll(plain, "-", "_") == name.key() || word == name.variable() && word != "" {
			return name, nil
		}
		if name.key() != "" {
			names = append(names, string(name))
		}
	}
	return "", mistake("there is no setting %q%s", word, spelling.DidYouMean(plain, names))
}

// Names returns all settings that can stand in a profile and are no secrets.
func Names() []Name {
	var names []Name
	for _, name := range all {
		if name.key() != "" && !name.Secret() {
			names = append(names, name)
		}
	}
	return names
}

// checkValue checks what a setting is to be. What only the service knows is left to it.
func checkValue(name Name, value string) error {
	if strings.TrimSpace(value) == "" {
		return errors.New("the value is empty: use \"arr config unset\" to remove the setting")
	}
	if input.Quoted(value) {
		return errors.New("the value is still in quotes: remove them")
	}
	var err error
	switch name {
	case Endpoint, Fallback:
		_, _, err = endpointList(value, ParseEndpoint)
	case Region:
		for part := range strings.SplitSeq(value, ",") {
			if _, err = parseRegion(part); err != nil {
				break
			}
		}
	case AccountDomain:
		_, _, err = parseAccountDomain(value)
	case STSEndpoint:
		_, err = withScheme(value)
	case AccountID:
		err = checkAccountID(value)
	case Auth:
		_, err = parseSignIn(value)
	case AllowHTTP, UseSAS, Keyring:
		_, err = parseBool(value)
		if err == nil && value != "true" && value != "false" {
			err = errors.New("give true or false")
		}
	case Retries:
		_, err = parseRetries(value)
	case Size:
		_, err = ParseSize(value)
	case Lease:
		_, err = ParseLease(value)
	case PriceStandard, PricePremium:
		_, err = ParsePrice(value)
	}
	return err
}

// checkAccountID checks that a value has the form of a UUID.
func checkAccountID(value string) error {
	groups := strings.Split(strings.Trim(strings.TrimSpace(value), "{}"), "-")
	lengths := []int{8, 4, 4, 4, 12}
	wrong := errors.New("give a UUID such as 00000000-1111-2222-3333-444455556666")
	if len(groups) != len(lengths) {
		return wrong
	}
	for i, group := range groups {
		if len(group) != lengths[i] || strings.Trim(strings.ToLower(group), "0123456789abcdef") != "" {
			return wrong
		}
	}
	return nil
}

func parseRetries(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 100 {
		return 0, errors.New("give a number from 0 to 100")
	}
	return n, nil
}

func parseSignIn(text string) (SignIn, error) {
	for _, known := range SignIns() {
		if known == text {
			return SignIn(text), nil
		}
	}
	return "", errors.New("give one of " + strings.Join(SignIns(), ", "))
}
