// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// usualProfile is used if the file names no other.
const usualProfile = "default"

// file is the content of a config file.
type file struct {
	defaultProfile string
	profiles       map[string]map[Name]string
}

// parseFile reads TOML. No error quotes what the file holds but names of keys, for the rest may be
// a secret.
func parseFile(text []byte) (*file, error) {
	var content struct {
		DefaultProfile string                    `toml:"default_profile"`
		Profiles       map[string]map[string]any `toml:"profiles"`
	}
	// A mark at the beginning is no part of TOML, and some editors write it.
	data := strings.TrimPrefix(string(text), "\ufeff")
	metadata, err := toml.Decode(data, &content)
	if err != nil {
		return nil, notTOML(err)
	}
	if unknown := metadata.Undecoded(); len(unknown) > 0 {
		return nil, wrongKey(
			data,
			unknown[0],
			"is not known: at the top there are default_profile and [profiles.NAME]",
		)
	}
	if content.Profiles == nil && metadata.IsDefined("profiles") {
		return nil, wrongKey(data, toml.Key{"profiles"}, "is not a table")
	}
	f := &file{defaultProfile: content.DefaultProfile, profiles: make(map[string]map[Name]string)}
	for _, profile := range slices.Sorted(maps.Keys(content.Profiles)) {
		if content.Profiles[profile] == nil { // which is what the library makes of anything else
			return nil, wrongKey(
				data,
				toml.Key{"profiles", profile},
				"is not a table such as [profiles.work]",
			)
		}
		values := make(map[Name]string)
		for _, key := range slices.Sorted(maps.Keys(content.Profiles[profile])) {
			path := toml.Key{"profiles", profile, key}
			name, ok := nameOfKey(key)
			if !ok {
				return nil, wrongKey(data, path, "is not known"+didYouMean(key, keys()))
			}
			if values[name], ok = scalar(content.Profiles[profile][key]); !ok {
				return nil, wrongKey(data, path, "is not text in quotes")
			}
		}
		f.profiles[profile] = values
	}
	if _, ok := f.profiles[f.defaultProfile]; !ok && f.defaultProfile != "" {
		return nil, wrongKey(data, toml.Key{"default_profile"}, "names a profile that is not there")
	}
	return f, nil
}

// profile returns the settings of a profile and its name. An empty name is that of the default
// profile, which need not exist.
func (f *file) profile(name string) (values map[Name]string, used string, ok bool) {
	if name != "" {
		values, ok = f.profiles[name]
		return values, name, ok
	}
	if f.defaultProfile != "" {
		return f.profiles[f.defaultProfile], f.defaultProfile, true
	}
	return f.profiles[usualProfile], usualProfile, true
}

func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case bool:
		return strconv.FormatBool(value), true
	case int64:
		return strconv.FormatInt(value, 10), true
	default:
		return "", false
	}
}

// notTOML leaves out the library's text, which quotes the file.
func notTOML(err error) error {
	if parse, ok := errors.AsType[toml.ParseError](err); ok {
		return fmt.Errorf(
			"line %d is not as it should be: text stands in double quotes, and no key comes twice",
			parse.Position.Line,
		)
	}
	return errors.New(
		"it is not as it should be: default_profile is text, and profiles are tables such as [profiles.work]",
	)
}

func wrongKey(data string, key toml.Key, what string) error {
	if line := lineOf(data, key); line > 0 {
		return fmt.Errorf("line %d: key %q %s", line, key.String(), what)
	}
	return fmt.Errorf("key %q %s", key.String(), what)
}

// lineOf returns the line of a key, 0 if it cannot be found. The library tells it only in errors,
// so the file is decoded again into a type that refuses this very key.
func lineOf(data string, key toml.Key) int {
	kind := reflect.TypeFor[refusal]()
	for _, name := range slices.Backward(key) {
		if strings.Contains(name, ",") || name == "-" {
			return 0 // such a name has another meaning in a tag
		}
		kind = reflect.StructOf(
			[]reflect.StructField{
				{Name: "Key", Type: kind, Tag: reflect.StructTag("toml:" + strconv.Quote(name))},
			},
		)
	}
	_, err := toml.Decode(data, reflect.New(kind).Interface())
	parse, _ := errors.AsType[toml.ParseError](err)
	return parse.Position.Line
}

type refusal struct{}

func (refusal) UnmarshalTOML(any) error { return errors.New("refused") }
