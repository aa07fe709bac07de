// SPDX-License-Identifier: MIT

package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
	"github.com/arr-go/azremoterendering/internal/text"
)

// script is the content of an arrconfig.json.
type script struct {
	values map[Name]scriptValue
	// ignored are the members that stand for no setting, or that another member overrides.
	ignored []string
}

// scriptValue is a value and the member that it comes from.
type scriptValue struct{ text, member string }

// parseScript reads the arrconfig.json of RenderingSession.ps1 and Conversion.ps1, of every
// release. Comments and trailing commas are allowed, because PowerShell 7 allows them. Empty
// members are skipped. No error quotes a value: it may be a key.
func parseScript(data []byte) (*script, error) {
	if err := input.CheckUTF8(data); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty")
	}
	document, err := hujson.Parse(data)
	if err != nil {
		return nil, notJSON(data)
	}
	top, ok := document.Value.(*hujson.Object)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	members, err := membersOf(top)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", lineAt(data, document.StartOffset), err)
	}
	s := &script{values: make(map[Name]scriptValue)}
	for _, member := range members {
		section := wordLike(member.name, sections())
		if section == "" {
			s.ignore(member.name, sections())
			continue
		}
		if err := s.addSection(data, section, member.value); err != nil {
			return nil, err
		}
	}
	if endpoint, ok := s.values[Endpoint]; ok && !isPlaceholder(endpoint.text) {
		s.override(Region)
	} else if _, ok := s.values[Region]; ok {
		s.override(Endpoint)
	}
	slices.Sort(s.ignored)
	return s, nil
}

// addSection adds the members of one section, such as accountSettings.
func (s *script) addSection(data []byte, section string, value hujson.Value) error {
	if literal, ok := value.Value.(hujson.Literal); ok && literal.Kind() == 'n' {
		return nil
	}
	object, ok := value.Value.(*hujson.Object)
	if !ok {
		return fmt.Errorf("line %d: %s is not an object", lineAt(data, value.StartOffset), section)
	}
	members, err := membersOf(object)
	if err != nil {
		return fmt.Errorf("line %d: %s: %w", lineAt(data, value.StartOffset), section, err)
	}
	known := scriptMembers()
	for _, member := range members {
		path := wordLike(section+"."+member.name, known)
		if path == "" {
			s.ignore(section+"."+member.name, known)
			continue
		}
		literal, _ := member.value.Value.(hujson.Literal)
		switch literal.Kind() {
		case 'n':
		case '"':
			s.add(path, strings.TrimSpace(literal.String()))
		default:
			line := lineAt(data, member.value.StartOffset)
			return fmt.Errorf("line %d: %s is not text in quotes", line, path)
		}
	}
	return nil
}

// add sets the setting that a member stands for. Of several members that stand for one setting the
// first of [Name.members] wins, unless it is a placeholder.
func (s *script) add(member, value string) {
	if value == "" {
		return
	}
	for _, name := range all {
		rank := slices.Index(name.members(), member)
		if rank < 0 {
			continue
		}
		before, ok := s.values[name]
		switch {
		case !ok:
		case isPlaceholder(before.text) != isPlaceholder(value):
			if isPlaceholder(value) {
				s.ignored = append(s.ignored, member)
				return
			}
			s.ignored = append(s.ignored, before.member)
		case rank > slices.Index(name.members(), before.member):
			s.ignored = append(s.ignored, member)
			return
		default:
			s.ignored = append(s.ignored, before.member)
		}
		s.values[name] = scriptValue{value, member}
	}
}

// override drops a setting because another says the same.
func (s *script) override(name Name) {
	if value, ok := s.values[name]; ok {
		delete(s.values, name)
		s.ignored = append(s.ignored, value.member)
	}
}

// ignore records a member that stands for no setting, with the known one that it resembles.
func (s *script) ignore(member string, known []string) {
	shown := text.OneLine(member)
	if text.MaybeSecret(member) && !strings.HasPrefix(member, sectionAccount+".") &&
		!strings.HasPrefix(member, sectionSession+".") &&
		!strings.HasPrefix(member, sectionConversion+".") {
		shown = text.Shown(member)
	}
	if near := spelling.Nearest(member, known); near != "" {
		shown += " (did you mean " + near + "?)"
	}
	s.ignored = append(s.ignored, shown)
}

type scriptMember struct {
	name  string
	value hujson.Value
}

// membersOf returns the members of an object. Two whose names differ only in case are an error, as
// they are for PowerShell.
func membersOf(object *hujson.Object) ([]scriptMember, error) {
	var members []scriptMember
	seen := make(map[string]bool)
	for _, member := range object.Members {
		literal, _ := member.Name.Value.(hujson.Literal)
		name := literal.String()
		key := strings.ToLower(name)
		if seen[key] {
			return nil, fmt.Errorf("%s is there twice", text.Shown(name))
		}
		seen[key] = true
		members = append(members, scriptMember{name, member.Value})
	}
	return members, nil
}

// wordLike finds a word as PowerShell does, for which case makes no difference. It returns "" if it
// is not among the known ones.
func wordLike(word string, known []string) string {
	i := slices.IndexFunc(known, func(other string) bool { return strings.EqualFold(other, word) })
	if i < 0 {
		return ""
	}
	return known[i]
}

// isPlaceholder recognises what stands in the file that comes with the script, such as <hh:mm:ss>.
func isPlaceholder(value string) bool {
	return strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">")
}

// notJSON returns where a text ceases to be JSON. The library's own text quotes it.
func notJSON(data []byte) error {
	line, column := 1, 1
	if _, err := hujson.Parse(data); err != nil {
		_, _ = fmt.Sscanf(err.Error(), "hujson: line %d, column %d", &line, &column)
	}
	return fmt.Errorf(
		"line %d, column %d is not JSON; often a comma, or a quote around text, is missing",
		line,
		column,
	)
}

func lineAt(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }
