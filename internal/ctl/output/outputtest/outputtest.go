// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package outputtest compares what commands print as JSON with the reference of its fields.
package outputtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/output"
)

// Seen has the fields that were printed, as "Member.name".
type Seen map[string]bool

// Missing returns the documented fields that were never printed.
func (s Seen) Missing() (fields []string) {
	for _, d := range output.Docs() {
		for _, f := range d.Fields {
			if name := d.Name + "." + f.Name; !s[name] {
				fields = append(fields, name)
			}
		}
	}
	return fields
}

// Check returns an error for each difference between what a command printed and the reference: an
// undocumented field; a value of another type; one that is null or an empty text, which is no way
// to say that there is none; a field that is missing and may not be; more or fewer lines.
func (s Seen) Check(path, printed string) error {
	c, err := output.Of(path)
	if err != nil {
		return err
	}
	var errs []error
	lines := 0
	for line := range strings.Lines(printed) {
		lines++
		if c.Shape != output.List {
			errs = append(errs, s.oneOf(c.Types, []byte(line)))
			continue
		}
		var list []json.RawMessage
		if err := json.Unmarshal([]byte(line), &list); err != nil || list == nil {
			errs = append(errs, fmt.Errorf("no list: %s", line))
		}
		for _, text := range list {
			errs = append(errs, s.oneOf(c.Types, text))
		}
	}
	if c.Shape != output.Lines && lines != 1 {
		errs = append(errs, fmt.Errorf("%d lines", lines))
	}
	return errors.Join(errs...)
}

// oneOf checks an object that may be of several types.
func (s Seen) oneOf(types []any, text []byte) error {
	var errs []error
	for _, v := range types {
		seen := Seen{}
		err := seen.value(reflect.TypeOf(v), text)
		if err == nil {
			for name := range seen {
				s[name] = true
			}
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", text, err))
	}
	return errors.Join(errs...)
}

// value checks a value of a type.
func (s Seen) value(t reflect.Type, text []byte) error {
	switch {
	case string(text) == "null":
		return errors.New("null")
	case t.Kind() == reflect.Pointer:
		return s.value(t.Elem(), text)
	case t == reflect.TypeFor[time.Time]():
		return moment(text)
	case t.Kind() == reflect.Struct:
		return s.object(t, text)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		var all []json.RawMessage
		err := json.Unmarshal(text, &all)
		for _, one := range all {
			err = errors.Join(err, s.value(t.Elem(), one))
		}
		return err
	default:
		return json.Unmarshal(text, reflect.New(t).Interface())
	}
}

// moment checks a time: RFC 3339, in UTC, and not the zero of any clock.
func moment(text []byte) error {
	var at string
	if err := json.Unmarshal(text, &at); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	if err == nil && (!strings.HasSuffix(at, "Z") || t.IsZero()) {
		err = fmt.Errorf("%s is not a time in UTC", at)
	}
	return err
}

// object checks the fields of an object.
func (s Seen) object(t reflect.Type, text []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	var errs []error
	for _, f := range output.Fields(t) {
		value, printed := fields[f.Name]
		delete(fields, f.Name)
		name := t.Name() + "." + f.Name
		if !printed {
			if f.Absent == "" {
				errs = append(errs, fmt.Errorf("%s is missing", name))
			}
			continue
		}
		s[name] = true
		err := s.value(f.Go, value)
		// Only a message and an answer are texts that may be empty: each is one, all the same.
		if string(value) == `""` && f.Absent != "" && name != "Message.text" && name != "QueryAnswer.text" {
			err = errors.New("empty")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	for name := range fields {
		errs = append(errs, fmt.Errorf("%s.%s is not documented", t.Name(), name))
	}
	return errors.Join(errs...)
}
