// SPDX-License-Identifier: MIT

package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	arr "github.com/arr-go/azremoterendering"
)

// SignIn says how to get an access token.
type SignIn string

// The ways to sign in.
const (
	SignInKey             SignIn = "key"
	SignInToken           SignIn = "token"
	SignInEntra           SignIn = "entra"
	SignInAzureCLI        SignIn = "azure-cli"
	SignInDeviceCode      SignIn = "device-code"
	SignInBrowser         SignIn = "browser"
	SignInManagedIdentity SignIn = "managed-identity"
)

// AsksPerson reports whether a person takes part in the sign-in.
func (s SignIn) AsksPerson() bool { return s == SignInDeviceCode || s == SignInBrowser }

// SignIns returns the ways to sign in.
func SignIns() []string {
	return []string{
		string(SignInKey),
		string(SignInToken),
		string(SignInEntra),
		string(SignInAzureCLI),
		string(SignInDeviceCode),
		string(SignInBrowser),
		string(SignInManagedIdentity),
	}
}

// Target is a service, an account, and how to sign in.
type Target struct {
	Endpoint string // the preferred one of Endpoints
	// Endpoints are those that the settings name for this command, in order of preference.
	Endpoints []string
	// Named is whether flags name the endpoints.
	Named bool
	// Fallback are the further endpoints that sessions are created at.
	Fallback    []string
	Account     arr.Account
	STSEndpoint string
	STSScope    string
	CAFile      string
	AllowHTTP   bool
	Retries     int // -1 means the client's default
	SignIn      SignIn
	// Credential is where key or token come from: AccountKey, KeyFile, KeyStdin, Keyring or
	// AccessToken. It is empty if there is neither.
	Credential Name
	// Secret is the key, the token, or the path of the file with the key.
	Secret           string
	Tenant, ClientID string
}

// errUnconfigured means that nothing at all says which service to talk to.
var errUnconfigured = errors.New("no service is configured")

// IsUnconfigured reports whether an error of [Settings.Target] means that nothing says which
// service to talk to.
func IsUnconfigured(err error) bool { return errors.Is(err, errUnconfigured) }

// Target returns the service that the settings name. What the root package checks is left to it.
func (s *Settings) Target() (Target, error) {
	t := Target{Retries: -1}
	var region arr.Region
	var err error
	for _, step := range []func() error{
		func() error { region, err = s.endpoints(&t); return err },
		func() error { return s.signIn(&t) },
		func() error { return s.account(&t, region) },
		func() error { return s.rest(&t) },
		func() error { return s.checkAddresses(t) },
	} {
		if err := step(); err != nil {
			return Target{}, err
		}
	}
	return t, nil
}

// ServiceEndpoint returns the preferred rendering endpoint, empty if none is configured.
func (s *Settings) ServiceEndpoint() (string, error) {
	var t Target
	_, err := s.endpoints(&t)
	if IsUnconfigured(err) {
		return "", nil
	}
	return t.Endpoint, err
}

// endpoints finds the endpoints of a target, and returns the region of the preferred one.
func (s *Settings) endpoints(t *Target) (arr.Region, error) {
	name, value, err := s.choose(Endpoint, Region)
	switch {
	case err != nil:
		return "", err
	case name == "":
		return "", &Mistake{errUnconfigured}
	case value.check() != nil:
		return "", value.check()
	}
	read := ParseEndpoint
	if name == Region {
		read = func(text string) (string, arr.Region, error) {
			region, err := parseRegion(text)
			return region.Endpoint(), region, err
		}
	}
	var first arr.Region
	if t.Endpoints, first, err = endpointList(value.Text, read); err != nil {
		return "", mistake("%s: %w", value.Source, err)
	}
	t.Endpoint, t.Named = t.Endpoints[0], value.layer == flagLayer
	t.Fallback, err = parse(s, Fallback, nil, func(text string) ([]string, error) {
		list, _, err := endpointList(text, ParseEndpoint)
		return list, err
	})
	return first, err
}

// account finds account id, account domain and token service. If nothing names the domain it is
// that of the region of the endpoint: most accounts are used where they were made.
func (s *Settings) account(t *Target, region arr.Region) error {
	id, err := s.get(AccountID)
	if err != nil {
		return err
	}
	if id.Source == "" {
		return s.missing(AccountID)
	}
	t.Account.ID = strings.ToLower(strings.Trim(strings.TrimSpace(id.Text), "{}"))
	if t.SignIn == SignInToken {
		return nil
	}
	sts, err := s.get(STSEndpoint)
	if err == nil && sts.Source != "" {
		t.STSEndpoint, err = withScheme(sts.Text)
	}
	if err != nil {
		return mistake("%s: %w", sts.Source, err)
	}
	domain, err := s.get(AccountDomain)
	switch {
	case domain.Source == "" && region != "":
		t.Account.Domain = region.AccountDomain()
		return nil
	case domain.Source == "" && t.STSEndpoint == "":
		return s.missing(AccountDomain)
	case domain.Source == "" || err != nil && t.STSEndpoint != "":
		return nil // the address of the token service makes up for it
	case err != nil:
		return err
	}
	name, address, err := parseAccountDomain(domain.Text)
	if err != nil {
		return mistake("%s: %w", domain.Source, err)
	}
	t.Account.Domain = name
	if t.STSEndpoint == "" {
		t.STSEndpoint = address
	}
	return nil
}

// signIn finds out how to sign in. If nothing says so, what there is decides: a key or a token.
func (s *Settings) signIn(t *Target) error {
	var err error
	t.SignIn, err = parse(s, Auth, "", parseSignIn)
	if err != nil {
		return err
	}
	var names []Name
	switch t.SignIn {
	case "":
		names = append(slices.Clone(accountKeys), AccessToken)
	case SignInKey:
		names = accountKeys
	case SignInToken:
		names = []Name{AccessToken}
	case SignInDeviceCode, SignInBrowser:
		names = []Name{Keyring} // with the token of a sign-in before
	}
	name, value, err := s.choose(names...)
	if err == nil {
		err = value.check()
	}
	if err != nil {
		return err
	}
	t.Credential, t.Secret = name, value.Text
	switch {
	case t.SignIn == SignInToken && name == "":
		return s.missing(AccessToken)
	case t.SignIn == "" && name == AccessToken:
		t.SignIn = SignInToken
	case t.SignIn == "":
		t.SignIn = SignInKey
	}
	return nil
}

func (s *Settings) rest(t *Target) (err error) {
	for _, plain := range []struct {
		name  Name
		field *string
	}{{STSScope, &t.STSScope}, {CAFile, &t.CAFile}, {Tenant, &t.Tenant}, {ClientID, &t.ClientID}} {
		value, err := s.get(plain.name)
		if err != nil {
			return err
		}
		*plain.field = value.Text
	}
	if t.AllowHTTP, err = parse(s, AllowHTTP, false, parseBool); err != nil {
		return err
	}
	t.Retries, err = s.MaxRetries()
	return err
}

// MaxRetries returns how often a request is sent again, -1 for the client's default.
func (s *Settings) MaxRetries() (int, error) {
	return parse(s, Retries, -1, parseRetries)
}

func parseBool(text string) (bool, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("give true or false")
	}
	return b, nil
}

// checkAddresses keeps secrets from going where their user did not mean them to go: over http to
// another machine, or to wherever an arrconfig.json says that merely lay in the working folder.
func (s *Settings) checkAddresses(t Target) error {
	if err := t.checkPlain(); err != nil {
		return err
	}
	if !s.found {
		return nil
	}
	_, secret, _ := s.choose(KeyFile, KeyStdin, AccountKey, AccessToken)
	if t.Credential == AccountKey && secret.layer == scriptLayer && !s.sendsSAS {
		return nil // anyone who has written the file has the key
	}
	foreign := &UnnamedFileError{sas: t.Credential == AccountKey && secret.layer == scriptLayer}
	_, endpoint, _ := s.choose(Endpoint, Region)
	for _, address := range t.Endpoints {
		if endpoint.layer == scriptLayer && !IsHosted(address) {
			foreign.add(endpoint.Source, address)
		}
	}
	_, sts, _ := s.choose(STSEndpoint)
	domain, _ := s.get(AccountDomain)
	service := cmp.Or(t.STSEndpoint, t.Account.Domain)
	if domain.layer == scriptLayer && sts.Source == "" && t.SignIn != SignInToken &&
		!IsHosted(service) {
		foreign.add(domain.Source, service)
	}
	if foreign.Addresses == nil {
		return nil
	}
	return &Mistake{foreign}
}

// UnnamedFileError means that an arrconfig.json that was merely found in the working folder would
// lead a key or token from elsewhere to a service that only the file names. Anyone who can write to
// the folder, or listen on this machine, could have put it there.
type UnnamedFileError struct {
	// Addresses are where the key or token would go.
	Addresses []string
	source    string
	sas       bool // it is a SAS that would go there
}

func (e *UnnamedFileError) add(source, address string) {
	e.source = cmp.Or(e.source, source)
	if !slices.Contains(e.Addresses, address) {
		e.Addresses = append(e.Addresses, address)
	}
}

func (e *UnnamedFileError) Error() string {
	secret := "key or token"
	if e.sas {
		secret = "SAS for storage"
	}
	return fmt.Sprintf(
		"%s leads to %s, and the %s is not from that file: name the file with --arrconfig if you mean it",
		e.source,
		strings.Join(e.Addresses, " and "),
		secret,
	)
}

// TrustFound lets an arrconfig.json that was merely found decide where a key or token goes.
func (s *Settings) TrustFound() { s.found = false }

// missing makes the error for a setting that is needed and has no value.
func (s *Settings) missing(name Name) error { return Missing(name) }

// Missing makes the error for a setting that is needed and has no value.
func Missing(name Name) error {
	places := []string{name.variable()}
	if name.hasFlag() {
		places = append(places, "--"+string(name))
	}
	return mistake(
		"there is no %s: set %s, or %s in a profile",
		strings.ReplaceAll(string(name), "-", " "),
		strings.Join(places, " or "),
		name.key(),
	)
}

// SessionSize returns the configured size, Standard if there is none. What the service knows is
// matched without case.
func (s *Settings) SessionSize() (arr.SessionSize, error) {
	return parse(s, Size, arr.SessionSizeStandard, ParseSize)
}

// ParseSize reads a size.
func ParseSize(text string) (arr.SessionSize, error) {
	text = strings.TrimSpace(text)
	for _, known := range arr.PossibleSessionSizeValues() {
		if strings.EqualFold(string(known), text) {
			return known, nil
		}
	}
	if text == "" {
		return "", errors.New("a size is a word such as Standard")
	}
	return arr.SessionSize(text), nil // the service may know more sizes than this program
}

// checkPlain refuses http to another machine.
func (t Target) checkPlain() error {
	for _, address := range append(t.WithFallback(), t.STSEndpoint) {
		if plain, loopback := Plain(address); plain && !loopback && !t.AllowHTTP {
			return mistake(
				"%s is http, and account key and access token would be readable on the way: use https, or give --%s",
				address,
				AllowHTTP,
			)
		}
	}
	return nil
}
