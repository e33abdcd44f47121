// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// schemas collects the schemas of what routes take and answer.
type schemas struct {
	files *protoregistry.Files
	all   object // by name
}

func refTo(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// of returns the schema of the JSON of a value.
func (s *schemas) of(v any) object { return s.ofType(reflect.TypeOf(v)) }

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

func (s *schemas) ofType(t reflect.Type) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == bytesType:
		return object{"type": "string", "format": "byte"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.ofType(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Uint16:
		return object{"type": "integer", "minimum": 0, "maximum": 1<<16 - 1}
	case reflect.Int, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Slice:
		return object{"type": "array", "items": s.ofType(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.ofType(t.Elem())}
	case reflect.Struct:
		if s.all[t.Name()] == nil {
			properties, required := object{}, []string{}
			s.fields(t, properties, &required)
			s.all[t.Name()] = object{"type": "object", "properties": properties, "required": required}
		}
		return refTo(t.Name())
	default:
		panic(fmt.Sprintf("no schema for %s", t)) // of a type of package restapi, which a test goes through
	}
}

// fields adds the fields of a struct, and those of structs that are embedded in it.
func (s *schemas) fields(t reflect.Type, properties object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			s.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		schema := s.ofType(f.Type)
		if strings.Contains(options, "string") {
			schema = object{"type": "string", "pattern": "^[0-9]+$"}
		}
		switch event, described := f.Tag.Get("doc"), schema["$ref"] == nil; {
		case name == "event":
			schema["enum"], schema["description"] = events(event), event
		case described:
			schema["description"] = event
		}
		properties[name] = schema
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

// events returns the words that a field event can be, from its documentation: "present: a member; synced: all".
func events(doc string) (words []string) {
	for part := range strings.SplitSeq(doc, "; ") {
		word, _, _ := strings.Cut(part, ":")
		words = append(words, word)
	}
	return words
}

// message returns the schema of the JSON of a message of protocol buffers. all: fields that have no presence are there
// even if they are empty.
func (s *schemas) message(name string, all bool) (object, error) {
	d, err := s.files.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil, err
	}
	m, ok := d.(protoreflect.MessageDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is no message", name)
	}
	return s.ofMessage(m, all), nil
}

func (s *schemas) ofMessage(m protoreflect.MessageDescriptor, all bool) object {
	switch m.FullName() {
	case "google.protobuf.Duration":
		return object{"type": "string", "pattern": `^-?[0-9]+(\.[0-9]+)?s$`}
	case "google.protobuf.Timestamp":
		return object{"type": "string", "format": "date-time"}
	}
	name := string(m.Name())
	if s.all[name] != nil {
		return refTo(name)
	}
	properties, required := object{}, []string{}
	out := object{"type": "object", "description": comment(m), "properties": properties}
	s.all[name] = out
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		schema := s.ofField(f, all)
		if f.IsList() {
			schema = object{"type": "array", "items": schema}
		}
		if schema["$ref"] == nil {
			schema["description"] = comment(f)
		}
		properties[string(f.Name())] = schema
		if all && !f.HasPresence() {
			required = append(required, string(f.Name()))
		}
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return refTo(name)
}

// ofField returns the schema of one value of a field.
func (s *schemas) ofField(f protoreflect.FieldDescriptor, all bool) object {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return s.ofMessage(f.Message(), all)
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.BytesKind:
		return object{"type": "string", "format": "byte"}
	case protoreflect.Uint32Kind, protoreflect.Int32Kind:
		return object{"type": "integer"}
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return object{"type": "number"}
	case protoreflect.Uint64Kind, protoreflect.Int64Kind:
		return object{"type": "string", "pattern": "^-?[0-9]+$"}
	default:
		return object{"type": "string"}
	}
}
