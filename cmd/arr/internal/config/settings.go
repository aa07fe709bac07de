// SPDX-License-Identifier: MIT

package config

import (
	"fmt"
	"slices"
	"strings"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
)

// Value is what a setting was found to be, and where.
type Value struct {
	Text string
	// Source says where the value comes from, such as "--endpoint" or "ARR_ENDPOINT".
	Source string
	// unfilled marks a placeholder of arrconfig.json that nobody has replaced.
	unfilled bool
	file     string // that it stands in, if it does
	folder   string // that a relative path is relative to; empty means the working folder
	layer    int
}

// layer is one place where settings come from.
type layer map[Name]Value

// The layers, the first of which wins.
const (
	flagLayer = iota
	environmentLayer
	profileLayer
	scriptLayer
	layers
)

// Settings are the settings of one call of the program.
type Settings struct {
	layers [layers]layer
	// found is whether the arrconfig.json was merely found in the working folder, and not named by
	// the user.
	found bool
	// sendsSAS is whether the service is sent signatures for storage.
	sendsSAS bool
	// scriptFile is the arrconfig.json that was read, if any, and ignored what it has that stands
	// for no setting.
	scriptFile string
	ignored    []string
	// secretFiles are those that hold a key or a token itself.
	secretFiles []string
}

// Ignored returns the arrconfig.json that was read, and those of its members that stand for no
// setting. The path is empty if none was read.
func (s *Settings) Ignored() (path string, members []string) { return s.scriptFile, s.ignored }

// accountKeys are the settings that say where the account key is.
var accountKeys = []Name{KeyFile, KeyStdin, AccountKey, Keyring}

func (s *Settings) set(l int, name Name, value Value) {
	if name == Keyring && value.Text == "false" {
		return
	}
	if s.layers[l] == nil {
		s.layers[l] = make(layer)
	}
	value.layer = l
	if name.isPath() && !input.Quoted(value.Text) {
		value.Text = input.Path(value.Text, value.folder)
	}
	if name.Secret() && value.file != "" && !value.unfilled &&
		!slices.Contains(s.secretFiles, value.file) {
		s.secretFiles = append(s.secretFiles, value.file)
	}
	s.layers[l][name] = value
}

// choose returns the value of the first layer that has one of several settings that stand for the
// same thing. Two of them in one layer are a mistake, for nothing says which one is meant.
func (s *Settings) choose(names ...Name) (Name, Value, error) {
	for l := range layers {
		var chosen Name
		for _, name := range names {
			value, ok := s.layers[l][name]
			if !ok {
				continue
			}
			if chosen != "" {
				return "", Value{}, mistake(
					"%s and %s exclude each other",
					s.layers[l][chosen].Source,
					value.Source,
				)
			}
			chosen = name
		}
		if chosen != "" {
			return chosen, s.layers[l][chosen], nil
		}
	}
	return "", Value{}, nil
}

// get returns the value of a setting, the zero Value if it has none. A placeholder is a mistake,
// and so is a value in quotes: cmd.exe and docker --env-file keep those around the value of a
// variable.
func (s *Settings) get(name Name) (Value, error) {
	_, value, _ := s.choose(name)
	return value, value.check()
}

func (v Value) check() error {
	switch {
	case v.unfilled:
		return mistake("%s is not filled in", v.Source)
	case input.Quoted(v.Text):
		return mistake("%s is still in quotes: remove the quotes around the value", v.Source)
	}
	return nil
}

// parse turns the text of a setting into what it means, and says where it comes from if that cannot
// be done.
func parse[T any](s *Settings, name Name, fallback T, read func(string) (T, error)) (T, error) {
	value, err := s.get(name)
	if err != nil || value.Source == "" {
		return fallback, err
	}
	result, err := read(value.Text)
	if err != nil {
		return fallback, mistake("%s: %w", value.Source, err)
	}
	return result, nil
}

// Mistake is an error in the settings, which only their user can fix.
type Mistake struct{ err error }

func (m *Mistake) Error() string { return m.err.Error() }
func (m *Mistake) Unwrap() error { return m.err }

func mistake(format string, args ...any) error { return &Mistake{fmt.Errorf(format, args...)} }

// Entry is a setting as a person is shown it.
type Entry struct {
	Name Name
	// Value is empty for a secret.
	Value  string
	Secret bool
	Source string
}

// Entries returns every setting that has a value, in a fixed order, without secrets. Placeholders
// have the value "(not filled in)".
func (s *Settings) Entries() []Entry {
	var entries []Entry
	for _, name := range all {
		value := s.effective(name)
		if value.Source == "" {
			continue
		}
		entry := Entry{Name: name, Value: value.Text, Source: value.Source, Secret: name.Secret()}
		switch {
		case value.unfilled:
			entry.Value, entry.Secret = "(not filled in)", false
		case entry.Secret:
			entry.Value = ""
		case name == AccountID && strings.Trim(strings.ToLower(entry.Value), "0123456789abcdef-{} ") != "":
			entry.Value = "(hidden: it is not an account id, and may be a key)"
		case strings.Contains(entry.Value, "@"):
			entry.Value = "(hidden: it may hold a password)"
		case name.OfConversions() && mayHoldSAS(entry.Value):
			entry.Value = "(hidden: it may hold a SAS or a key)"
		}
		entries = append(entries, entry)
	}
	return entries
}

// effective returns the value of a setting unless another that stands for the same thing wins over
// it.
func (s *Settings) effective(name Name) Value {
	group := []Name{name}
	switch name {
	case Endpoint, Region:
		group = []Name{Endpoint, Region}
	case AccountKey, KeyFile, KeyStdin, Keyring:
		group = accountKeys
	case StorageKey, StorageSAS, StorageConnectionString, StorageSecretFile:
		group = storageSecrets
	}
	if winner, value, err := s.choose(group...); err == nil && winner != name {
		return Value{}
	} else if err == nil {
		return value
	}
	// both are in one layer, which is a mistake that both take part in
	_, value, _ := s.choose(name)
	return value
}

// Source returns where the value of the first of some settings that has one comes from, such as
// "--endpoint" or "ARR_ENDPOINT". It is empty if none has one.
func (s *Settings) Source(names ...Name) string {
	for _, name := range names {
		if source := s.effective(name).Source; source != "" {
			return source
		}
	}
	return ""
}

// Defaults returns what the settings that have no value amount to, as far as it is not nothing.
func (s *Settings) Defaults() []Entry {
	var entries []Entry
	add := func(name Name, value, source string) {
		if s.effective(name).Source == "" && value != "" {
			entries = append(entries, Entry{Name: name, Value: value, Source: source})
		}
	}
	if target, err := s.Target(); err == nil {
		add(Endpoint, target.Endpoint, "region")
		add(AccountDomain, target.Account.Domain, "region of the endpoint")
		add(Auth, string(target.SignIn), "what there is to sign in with")
	}
	add(Size, string(arr.SessionSizeStandard), "default")
	add(Lease, "30m", "default")
	add(Output, "text", "default")
	return entries
}

// CertificateFile returns the file with further certificates to trust, empty if there is none.
func (s *Settings) CertificateFile() (string, error) {
	value, err := s.get(CAFile)
	return value.Text, err
}
