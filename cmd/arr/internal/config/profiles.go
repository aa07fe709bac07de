// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// Profiles are the profiles of a config file, which can be changed.
type Profiles struct {
	path string
	text []byte // as it was read, in UTF-8
	raw  []byte // as it is on the disk, nil if there is no file
	file *file
}

// OpenProfiles reads a config file. An empty path stands for the one in the user's configuration
// folder. A file that does not exist has no profiles; Save makes it.
func OpenProfiles(path string) (*Profiles, error) {
	path, err := configPath(path)
	if err != nil {
		return nil, err
	}
	p := &Profiles{path: path}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		p.file = &file{profiles: map[string]map[Name]string{}}
		return p, nil
	}
	text, err := input.ReadFile(path)
	if err != nil {
		return nil, mistake("cannot read the config file: %w", err)
	}
	p.raw, p.text = raw, text
	if p.file, err = parseFile(text); err != nil {
		return nil, mistake("config file %s: %w", path, err)
	}
	return p, nil
}

func configPath(path string) (string, error) {
	if path != "" {
		return input.Path(path, ""), nil
	}
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", mistake("there is no configuration folder: %w; name the file with --config", err)
	}
	return filepath.Join(folder, "arr", "config.toml"), nil
}

// Path returns the path of the file.
func (p *Profiles) Path() string { return p.path }

// Exist reports whether there is a file.
func (p *Profiles) Exist() bool { return p.raw != nil }

// Names returns the names of all profiles in order.
func (p *Profiles) Names() []string { return slices.Sorted(maps.Keys(p.file.profiles)) }

// Default returns the profile that is used if nothing names one. It need not exist.
func (p *Profiles) Default() string {
	if p.file.defaultProfile != "" {
		return p.file.defaultProfile
	}
	return usualProfile
}

// Has reports whether there is a profile.
func (p *Profiles) Has(name string) bool { _, ok := p.file.profiles[name]; return ok }

// Value returns what a profile sets. The value may be a secret.
func (p *Profiles) Value(profile string, name Name) string { return p.file.profiles[profile][name] }

// Settings returns the settings of a profile alone, without flags and variables.
func (p *Profiles) Settings(profile string) *Settings {
	s := &Settings{}
	s.setProfile(p.file.profiles[profile], profile, p.path)
	return s
}

// Set sets a setting in a profile, which is made if there is none. It changes nothing else in the
// file. A secret is refused: it would stand in the history of a shell.
func (p *Profiles) Set(profile string, name Name, value string) error {
	switch {
	case name.key() == "":
		return mistake("%s cannot stand in a profile", name)
	case name.Secret():
		return mistake("%s is a secret, and the arguments of a program are no secret: use \"arr login\", "+
			"or a file with account-key-file", name)
	}
	if err := checkValue(name, value); err != nil {
		return mistake("%s: %w", name, err)
	}
	if name.isPath() && !strings.HasPrefix(value, "~") {
		absolute, err := filepath.Abs(value) // in the file it would be relative to the file
		if err != nil {
			return mistake("%s: %w", name, err)
		}
		value = absolute
	}
	if err := p.makeWay(profile, name); err != nil {
		return err
	}
	written := tomlValue(value)
	if name == AllowHTTP || name == UseSAS || name == Keyring || name == Retries {
		written = value
	}
	return p.edit(profile, func(d *document) ([]byte, error) {
		return d.set(keyPath(profile, name), written)
	}, func(f *file) bool { return f.profiles[profile][name] == value })
}

// makeWay removes what would exclude a setting in a profile, unless it is a secret.
func (p *Profiles) makeWay(profile string, name Name) error {
	for _, group := range [][]Name{{Endpoint, Region}, {AccountKey, KeyFile, Keyring}, storageSecrets} {
		if !slices.Contains(group, name) {
			continue
		}
		for _, other := range group {
			if other == name || p.Value(profile, other) == "" {
				continue
			}
			if other.Secret() {
				return mistake("profile %s has %s, which excludes %s: remove it first with \"arr config unset %s\"",
					profile, other.key(), name, other)
			}
			if _, err := p.Unset(profile, other); err != nil {
				return err
			}
		}
	}
	return nil
}

// Unset removes a setting from a profile, and reports whether it was there.
func (p *Profiles) Unset(profile string, name Name) (bool, error) {
	if p.Value(profile, name) == "" {
		return false, nil
	}
	err := p.edit(profile, func(d *document) ([]byte, error) {
		text, err := d.unset(keyPath(profile, name))
		return text, err
	}, func(f *file) bool { _, ok := f.profiles[profile][name]; return !ok })
	return err == nil, err
}

// Use makes a profile the default one.
func (p *Profiles) Use(profile string) error {
	if !p.Has(profile) {
		return p.Missing(profile)
	}
	return p.edit("", func(d *document) ([]byte, error) {
		return d.set([]string{"default_profile"}, tomlValue(profile))
	}, func(f *file) bool { return f.defaultProfile == profile })
}

// Delete removes a profile. If it is the default one there is none afterwards.
func (p *Profiles) Delete(profile string) error {
	if !p.Has(profile) {
		return p.Missing(profile)
	}
	return p.edit(profile, func(d *document) ([]byte, error) {
		text := d.removeTree([]string{"profiles", profile})
		if p.file.defaultProfile != profile {
			return text, nil
		}
		rest, err := parseDocument(text)
		if err != nil {
			return nil, err
		}
		text, err = rest.unset([]string{"default_profile"})
		return text, err
	}, func(f *file) bool { _, ok := f.profiles[profile]; return !ok })
}

// Missing is the error for a profile that does not exist.
func (p *Profiles) Missing(profile string) error {
	return mistake("config file %s has no profile %q%s", p.path, profile, spelling.DidYouMean(profile, p.Names()))
}

func keyPath(profile string, name Name) []string {
	return append([]string{"profiles", profile}, strings.Split(name.key(), ".")...)
}

// edit changes the text, and takes the change if the file then says what was meant and everything
// else says the same as before.
func (p *Profiles) edit(
	profile string,
	change func(*document) ([]byte, error),
	done func(*file) bool,
) error {
	d, err := parseDocument(p.text)
	if err != nil {
		return mistake("config file %s: %w", p.path, notTOML(err))
	}
	text, err := change(d)
	if err != nil {
		return mistake("config file %s: %w", p.path, err)
	}
	after, err := parseFile(text)
	if err != nil || !done(after) || !sameBut(p.file, after, profile) {
		return mistake("config file %s is written in a way that arr cannot change: edit it by hand", p.path)
	}
	p.text, p.file = text, after
	return nil
}

// Save writes the file, for nobody else to read, in one step: another program sees the old one or
// the new one. A symbolic link stays, and the file that it leads to is written. It fails if the file
// was changed since it was read.
func (p *Profiles) Save() error {
	path, err := followLinks(p.path)
	if err != nil {
		return fmt.Errorf("cannot write the config file: %w", err)
	}
	current, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot write the config file: %w", err)
	}
	if string(current) != string(p.raw) {
		return fmt.Errorf("config file %s was changed by another program meanwhile: try again", p.path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of the config file: %w", err)
	}
	if err := WriteFile(path, p.text); err != nil {
		return fmt.Errorf("cannot write the config file: %w", err)
	}
	p.raw = p.text
	return nil
}

// followLinks returns the file that a path leads to, which need not exist.
func followLinks(path string) (string, error) {
	const most = 40 // as on Linux
	for range most {
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // it is no link, or not there
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", fmt.Errorf("%s: too many links", path)
}

// WriteFile writes a file with mode 0600 in one step: it is the old one or the new one, also after a
// crash.
func WriteFile(path string, text []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // has mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
		}
	}()
	if _, err = temporary.Write(text); err != nil {
		return err
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
