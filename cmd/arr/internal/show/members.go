// SPDX-License-Identifier: MIT

package show

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// members returns what JSON has of a value, as maps, lists, texts, numbers and booleans. Unlike JSON
// it has the members without a value too. Texts are safe for terminals.
func members(value any) any { return membersOf(reflect.ValueOf(value), 0) }

// maxDepth ends the members of types that contain themselves.
const maxDepth = 8

func membersOf(v reflect.Value, depth int) any {
	if !v.IsValid() || depth > maxDepth {
		return ""
	}
	if marshaler, ok := v.Interface().(json.Marshaler); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return marshalled(marshaler, v, depth)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return membersOf(v.Elem(), depth)
		}
		if depth >= 2 {
			return ""
		}
		return membersOf(reflect.Zero(v.Type().Elem()), depth)
	case reflect.Interface:
		return membersOf(v.Elem(), depth)
	case reflect.Struct:
		return ofStruct(v, depth)
	case reflect.Map:
		out := make(map[string]any)
		for iter := v.MapRange(); iter.Next(); {
			out[iter.Key().String()] = membersOf(iter.Value(), depth+1)
		}
		return out
	case reflect.Slice, reflect.Array:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = membersOf(v.Index(i), depth+1)
		}
		return out
	case reflect.Float32, reflect.Float64:
		f, _ := strconv.ParseFloat(strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()), 64)
		return f
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return clean(v.String())
	default:
		if v.CanInt() {
			return v.Int()
		}
		return v.Interface()
	}
}

func ofStruct(v reflect.Value, depth int) map[string]any {
	out := make(map[string]any)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			if within, ok := membersOf(v.Field(i), depth).(map[string]any); ok {
				for name, value := range within {
					out[name] = value
				}
			}
		case field.IsExported() && name != "" && name != "-":
			out[name] = membersOf(v.Field(i), depth+1)
		}
	}
	return out
}

// marshalled returns the members that a value says itself that it has.
func marshalled(m json.Marshaler, v reflect.Value, depth int) any {
	var read any
	text, err := m.MarshalJSON()
	if err != nil || json.Unmarshal(text, &read) != nil {
		return ""
	}
	if v.Kind() == reflect.Struct && v.IsZero() && reflect.ValueOf(read).Kind() == reflect.String {
		return "" // a time that is not known
	}
	found, ok := membersOf(reflect.ValueOf(read), depth).(map[string]any)
	if !ok || v.Kind() != reflect.Struct {
		return membersOf(reflect.ValueOf(read), depth)
	}
	all := ofStruct(v, depth)
	for name, value := range found {
		all[name] = value
	}
	return all
}
