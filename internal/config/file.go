// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds a configuration file.
const maxFileBytes = 1 << 20

// fileError is an error in the file, with its position.
type fileError struct {
	file string
	line int // 0: the file as a whole
	err  error
}

func (e *fileError) Error() string {
	if e.line == 0 {
		return fmt.Sprintf("%s: %v", e.file, e.err)
	}
	return fmt.Sprintf("%s:%d: %v", e.file, e.line, e.err)
}

func (e *fileError) Unwrap() error { return e.err }

// FirstOfList is a flag.Value that takes only the first element of a list. The other
// program uses the whole list.
type FirstOfList interface{ FirstOfList() }

// List is a flag.Value that takes several values. SetItem takes one that is whole: an item of a
// list in the file. Set may take several at once, such as separated by commas.
type List interface{ SetItem(item string) error }

// Mapping is a flag.Value that takes pairs, each of which is an entry of a mapping in the file.
type Mapping interface{ SetPair(key, value string) error }

// fileParser reads a YAML mapping of flag names to values. A flag that is a List takes a list of
// values, one by one; one that is a Mapping takes a mapping.
type fileParser struct {
	file   string
	flags  *flag.FlagSet
	others []string
	given  map[string]bool
}

// parse is an ff.ConfigFileParser.
func (p *fileParser) parse(r io.Reader, set func(name, value string) error) error {
	b, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return p.errorf(0, "%w", err)
	}
	if len(b) > maxFileBytes {
		return p.errorf(0, "over %d bytes: this is no configuration", maxFileBytes)
	}
	var doc, next yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return p.syntax(err)
	}
	// A second document would be ignored silently.
	switch err := dec.Decode(&next); {
	case err == nil:
		return p.errorf(next.Line, "a second document: want one")
	case !errors.Is(err, io.EOF):
		return p.syntax(err)
	}
	if len(doc.Content) == 0 {
		return nil // empty
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil // comments only
	}
	if root.Kind != yaml.MappingNode {
		return p.errorf(root.Line, "want lines of the form key: value")
	}
	// What is set already is so by the command line or the environment, which count more.
	p.given = map[string]bool{}
	p.flags.Visit(func(f *flag.Flag) { p.given[f.Name] = true })
	for i := 0; i < len(root.Content); i += 2 {
		root.Content[i].Value = present(root.Content[i].Value)
	}
	return p.entries(root, func(key, value *yaml.Node) error { return p.entry(key, value, set) })
}

// entries calls f for each entry of a mapping.
func (p *fileParser) entries(mapping *yaml.Node, f func(key, value *yaml.Node) error) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if seen[key.Value] {
			return p.errorf(key.Line, "key %q is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := f(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (p *fileParser) entry(key, value *yaml.Node, set func(name, value string) error) error {
	if p.flags.Lookup(key.Value) == nil {
		if slices.Contains(p.others, key.Value) {
			return nil // the other program's
		}
		return p.errorf(key.Line, "unknown key %q%s", key.Value, p.suggest(key.Value))
	}
	if key.Value == "config" {
		return p.errorf(key.Line, "a configuration file cannot name another")
	}
	f := p.flags.Lookup(key.Value)
	switch value.Kind {
	case yaml.ScalarNode:
		return p.scalar(f, value, func(v string) error { return set(f.Name, v) })
	case yaml.SequenceNode:
		return p.list(f, value, set)
	case yaml.MappingNode:
		if m, ok := f.Value.(Mapping); ok {
			return p.entries(value, func(key, value *yaml.Node) error {
				return p.scalar(f, value, func(v string) error { return m.SetPair(key.Value, v) })
			})
		}
	}
	return p.errorf(value.Line, "key %q: want %s", f.Name, wants(f))
}

// list sets the items of a list.
func (p *fileParser) list(f *flag.Flag, list *yaml.Node, set func(name, value string) error) error {
	items := list.Content
	l, ok := f.Value.(List)
	if _, first := f.Value.(FirstOfList); first && len(items) > 0 {
		return p.scalar(f, items[0], func(v string) error { return set(f.Name, v) })
	} else if !ok && !first {
		return p.errorf(list.Line, "key %q: want %s, not a list", f.Name, wants(f))
	}
	if v, ok := f.Value.(interface{ RefusesEmpty() error }); ok && len(items) == 0 {
		return p.errorf(list.Line, "invalid value [] for key %s: %w", f.Name, v.RefusesEmpty())
	}
	for _, item := range items {
		if err := p.scalar(f, item, l.SetItem); err != nil {
			return err
		}
	}
	return nil
}

// scalar sets a single value of a flag, unless the command line or the environment has set it.
func (p *fileParser) scalar(f *flag.Flag, v *yaml.Node, set func(value string) error) error {
	if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
		return p.errorf(v.Line, "key %q: want %s", f.Name, wants(f))
	}
	if p.given[f.Name] {
		return nil
	}
	if err := set(v.Value); err != nil {
		cause := strings.TrimPrefix(err.Error(), fmt.Sprintf("error setting flag %q from config file: ", f.Name))
		if IsBool(f) {
			cause = wantBool(cause)
		}
		return p.errorf(v.Line, "invalid value %q for key %s: %s", v.Value, f.Name, cause)
	}
	return nil
}

// wants returns what may stand after the key of a flag.
func wants(f *flag.Flag) string {
	if _, ok := f.Value.(Mapping); ok {
		return "a value, a list of values, or a mapping of keys to values"
	}
	if _, ok := f.Value.(List); ok {
		return "a value, or a list of values"
	}
	return "one value"
}

// syntax gives an error of the YAML library, "yaml: line 3: what is wrong", its position in
// the file.
func (p *fileParser) syntax(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.Replace(text, "found character that cannot start any token", "a tab or another character that cannot begin a value: indent with blanks", 1)
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, what, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			return p.errorf(line, "%s", what)
		}
	}
	return p.errorf(0, "%s", text)
}

func (p *fileParser) suggest(key string) string {
	names := slices.Clone(p.others)
	p.flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if n := Nearest(key, names); n != "" {
		return fmt.Sprintf(": did you mean %q?", n)
	}
	return ": see the flags for the keys there are"
}

func (p *fileParser) errorf(line int, format string, a ...any) error {
	return &fileError{p.file, line, fmt.Errorf(format, a...)}
}
