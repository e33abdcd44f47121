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

// fileParser reads a YAML mapping of flag names to values; a list of values is
// given to its flag one by one.
type fileParser struct {
	file   string
	flags  *flag.FlagSet
	others []string
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
	seen := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if seen[key.Value] {
			return p.errorf(key.Line, "key %q is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := p.entry(key, value, set); err != nil {
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
	values := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		values = value.Content
		if v, ok := p.flags.Lookup(key.Value).Value.(interface{ RefusesEmpty() error }); ok && len(values) == 0 {
			return p.errorf(key.Line, "invalid value [] for key %s: %w", key.Value, v.RefusesEmpty())
		}
		if _, ok := p.flags.Lookup(key.Value).Value.(FirstOfList); ok && len(values) > 1 {
			values = values[:1]
		}
	}
	for _, v := range values {
		if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
			return p.errorf(v.Line, "key %q: want a value, or a list of values", key.Value)
		}
		if err := set(key.Value, v.Value); err != nil {
			cause := strings.TrimPrefix(err.Error(), fmt.Sprintf("error setting flag %q from config file: ", key.Value))
			if IsBool(p.flags.Lookup(key.Value)) {
				cause = wantBool(cause)
			}
			return p.errorf(v.Line, "invalid value %q for key %s: %s", v.Value, key.Value, cause)
		}
	}
	return nil
}

// syntax gives an error of the YAML library, "yaml: line 3: what is wrong", its position in
// the file.
func (p *fileParser) syntax(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
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
