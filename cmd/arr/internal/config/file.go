// SPDX-License-Identifier: MIT

package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// usualProfile is used if the file names no other.
const usualProfile = "default"

// file is the content of a config file.
type file struct {
	defaultProfile string
	profiles       map[string]map[Name]string
}

// scalar is a value of a profile: text, a number, or true or false. The library gives the position
// of everything else in an error.
type scalar struct {
	text string
	set  bool
}

// UnmarshalText takes the value as it is written.
func (s *scalar) UnmarshalText(text []byte) error {
	*s = scalar{string(text), true}
	return nil
}

// profileType is a struct with a field for each key of a profile. In its strict mode the library
// gives the position of every key that has no field.
func profileType() reflect.Type { return tableType(keys()) }

// tableType is a struct with a field for each key of a table. Keys with the same text in front of a
// dot share a table within it.
func tableType(keys []string) reflect.Type {
	var fields []reflect.StructField
	tables := make(map[string][]string)
	for _, key := range keys {
		fieldType := reflect.TypeFor[scalar]()
		if table, within, nested := strings.Cut(key, "."); nested {
			if tables[table] = append(tables[table], within); len(tables[table]) > 1 {
				continue
			}
			key = table
		}
		fields = append(fields, reflect.StructField{
			Name: fieldName(key),
			Type: fieldType,
			Tag:  reflect.StructTag("toml:" + strconv.Quote(key)),
		})
	}
	for i := range fields {
		for table, within := range tables {
			if fields[i].Name == fieldName(table) {
				fields[i].Type = tableType(within)
			}
		}
	}
	return reflect.StructOf(fields)
}

func fieldName(key string) string { return "Field_" + key }

// valueOf returns the value of a key in a profile.
func valueOf(profile reflect.Value, key string) scalar {
	for part := range strings.SplitSeq(key, ".") {
		profile = profile.FieldByName(fieldName(part))
	}
	value, _ := profile.Interface().(scalar)
	return value
}

// parseFile reads TOML. No error quotes what the file holds but names of keys, for the rest may be
// a secret.
func parseFile(text []byte) (*file, error) {
	if err := input.CheckUTF8(text); err != nil {
		return nil, err
	}
	content := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "DefaultProfile", Type: reflect.TypeFor[scalar](), Tag: `toml:"default_profile"`},
		{
			Name: "Profiles",
			Type: reflect.MapOf(reflect.TypeFor[string](), profileType()),
			Tag:  `toml:"profiles"`,
		},
	}))
	if err := decodeStrictly(text, content.Interface()); err != nil {
		return nil, notTOML(err)
	}
	chosen, _ := content.Elem().Field(0).Interface().(scalar)
	f := &file{defaultProfile: chosen.text, profiles: make(map[string]map[Name]string)}
	for _, profile := range content.Elem().Field(1).MapKeys() {
		values := make(map[Name]string)
		fields := content.Elem().Field(1).MapIndex(profile)
		for _, key := range keys() {
			name, _ := nameOfKey(key)
			if value := valueOf(fields, key); value.set {
				values[name] = value.text
			}
		}
		f.profiles[profile.String()] = values
	}
	if _, ok := f.profiles[f.defaultProfile]; !ok && f.defaultProfile != "" {
		names := slices.Collect(maps.Keys(f.profiles))
		return nil, fmt.Errorf(
			"%skey \"default_profile\" names a profile that is not there%s",
			positionOfDefault(text),
			spelling.DidYouMean(f.defaultProfile, names),
		)
	}
	return f, nil
}

func decodeStrictly(text []byte, into any) error {
	return toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(into)
}

// positionOfDefault returns where default_profile stands, as the beginning of an error text. The
// library gives positions only in errors, so the file is read as if that key were not known.
func positionOfDefault(text []byte) string {
	var without struct {
		Profiles any `toml:"profiles"`
	}
	missing, ok := errors.AsType[*toml.StrictMissingError](decodeStrictly(text, &without))
	if !ok {
		return ""
	}
	line, column := missing.Errors[0].Position()
	return fmt.Sprintf("line %d, column %d: ", line, column)
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

// notTOML leaves out the library's text, which may quote the file.
func notTOML(err error) error {
	if missing, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		unknown := &missing.Errors[0]
		what := "is not known"
		if key := unknown.Key(); len(key) == 1 {
			what += ": at the top there are default_profile and [profiles.NAME]"
		} else {
			what += spelling.DidYouMean(strings.Join(key[min(2, len(key)-1):], "."), keys())
		}
		return wrongKey(unknown, what)
	}
	wrong, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return errors.New("it is not TOML")
	}
	key := wrong.Key()
	switch {
	case strings.Contains(wrong.Error(), "already") || len(key) == 0 || key[0] != "profiles":
		line, column := wrong.Position()
		return fmt.Errorf(
			"line %d, column %d is not as it should be: text stands in double quotes, and no key comes twice",
			line,
			column,
		)
	case len(key) <= 2:
		return wrongKey(wrong, "is not a table such as [profiles.work]")
	}
	return wrongKey(wrong, "is not text in quotes")
}

func wrongKey(err *toml.DecodeError, what string) error {
	parts := slices.Clone(err.Key())
	for i, part := range parts {
		if part == "" || strings.Trim(part, bareKey) != "" {
			parts[i] = strconv.Quote(part)
		}
	}
	line, column := err.Position()
	return fmt.Errorf("line %d, column %d: key %q %s", line, column, strings.Join(parts, "."), what)
}

// bareKey are the characters of keys that need no quotes.
const bareKey = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
