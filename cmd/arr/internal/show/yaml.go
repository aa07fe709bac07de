// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/arr-go/azremoterendering/internal/text"
)

// yamlOf turns JSON into a document of YAML with the members in the same order. It reads the JSON
// as JSON, not as YAML: a reader of YAML refuses control characters and pairs of surrogates.
func yamlOf(object []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	node, err := nextNode(decoder)
	if err != nil {
		return "", err
	}
	var lines bytes.Buffer
	encoder := yaml.NewEncoder(&lines)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return "", err
	}
	return escape(lines.String(), func(r rune) string { return fmt.Sprintf("\\U%08x", r) }), nil
}

// nextNode reads one value.
func nextNode(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		return collection(decoder, token)
	case string:
		node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: token}
		if strings.ContainsFunc(token, text.Control) {
			node.Style = yaml.DoubleQuotedStyle // where it can be escaped
		}
		return node, nil
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	default: // a number or a boolean, which YAML spells in the same way
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(token)}, nil
	}
}

// collection reads the rest of an object or a list.
func collection(decoder *json.Decoder, opened json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	if opened == '{' {
		node.Kind = yaml.MappingNode
	}
	for decoder.More() {
		content, err := nextNode(decoder) // the name of a member, too
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, content)
	}
	_, err := decoder.Token()
	return node, err
}
