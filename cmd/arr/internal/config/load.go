// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// scriptFile is the file of RenderingSession.ps1 that is looked for in the working folder.
const scriptFile = "arrconfig.json"

// Inputs are where the settings are looked for.
type Inputs struct {
	// Flags are the flags that were given.
	Flags map[Name]string
	// Getenv is [os.Getenv].
	Getenv func(string) string
	// File is the path of the config file. If it is empty, the one in the user's configuration
	// folder is read if it is there.
	File string
	// Profile is the profile of the config file. If it is empty, ARR_PROFILE or the file decides.
	Profile string
	// Script is the path of an arrconfig.json. If it is empty, the one in the working folder is
	// read if it is there.
	Script string
}

// Load reads all layers.
func Load(in Inputs) (*Settings, error) {
	s := &Settings{}
	for name, text := range in.Flags {
		s.set(flagLayer, name, Value{Text: text, Source: "--" + string(name)})
	}
	for _, name := range all {
		if variable := name.variable(); variable != "" {
			if text := in.Getenv(variable); text != "" {
				s.set(environmentLayer, name, Value{Text: text, Source: variable})
			}
		}
	}
	if err := s.loadProfile(in); err != nil {
		return nil, err
	}
	return s, s.loadScript(in)
}

func (s *Settings) loadProfile(in Inputs) error {
	named := in.File != ""
	path, err := configPath(in.File)
	if err != nil {
		path = "" // without a configuration folder there is no file
	}
	profile, from := in.Profile, "--profile"
	if profile == "" {
		profile, from = in.Getenv("ARR_PROFILE"), "ARR_PROFILE"
	}
	text, err := input.ReadFile(path)
	if path == "" || !named && errors.Is(err, fs.ErrNotExist) {
		if profile != "" {
			return mistake(
				"%s names profile %q, and there is no config file %s",
				from,
				profile,
				path,
			)
		}
		return nil
	}
	if err != nil {
		return mistake("cannot read the config file: %w", err)
	}
	file, err := parseFile(text)
	if err != nil {
		return mistake("config file %s: %w", path, err)
	}
	values, used, ok := file.profile(profile)
	if !ok {
		return mistake(
			"%s names profile %q, which config file %s does not have%s",
			from,
			profile,
			path,
			spelling.DidYouMean(profile, slices.Collect(maps.Keys(file.profiles))),
		)
	}
	s.setProfile(values, used, path)
	return nil
}

// setProfile takes the values of a profile of a config file.
func (s *Settings) setProfile(values map[Name]string, profile, path string) {
	for name, text := range values {
		s.set(
			profileLayer,
			name,
			Value{
				Text:   text,
				Source: fmt.Sprintf("%s in profile %s of %s", name.key(), profile, path),
				file:   path,
				folder: filepath.Dir(path),
			},
		)
	}
}

func (s *Settings) loadScript(in Inputs) error {
	path := input.Path(in.Script, "")
	if path == "" {
		path, s.found = scriptFile, true
	}
	text, err := input.ReadFile(path)
	if s.found && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return mistake("cannot read the settings of the script: %w", err)
	}
	parsed, err := parseScript(text)
	if err != nil {
		return mistake("%s: %w", path, err)
	}
	s.scriptFile, s.ignored = path, parsed.ignored
	for name, value := range parsed.values {
		s.set(
			scriptLayer,
			name,
			Value{
				Text:     value.text,
				Source:   value.member + " in " + path,
				unfilled: isPlaceholder(value.text),
				file:     path,
			},
		)
	}
	return nil
}
