// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/template"
)

const (
	// maxSource bounds a template, in bytes.
	maxSource = 1 << 20
	// MaxOutput bounds what one template renders, in bytes. The text is kept in memory until it is written.
	MaxOutput = 4 << 20
	// maxFile bounds what the function file reads, in bytes.
	maxFile = 64 << 10
)

// render renders the template in a file.
func render(source string, v *view) ([]byte, error) {
	text, err := read(source, maxSource)
	if err != nil {
		return nil, err
	}
	return renderText(filepath.Base(source), text, v)
}

// read returns the text of a file of at most so many bytes.
func read(path string, most int) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("%s: want at most %d bytes", path, most)
	}
	return string(text), err
}

// renderText renders a template. Errors name its line.
func renderText(name, text string, v *view) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(functions(v)).Parse(text)
	if err != nil {
		return nil, err
	}
	var out limited
	if err := t.Execute(&out, nil); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// limited is a buffer of MaxOutput bytes.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (b *limited) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxOutput {
		return 0, fmt.Errorf("the output may have %d bytes", MaxOutput)
	}
	return b.Buffer.Write(p)
}

// functions are what templates can call beside the functions of text/template. docs/templates.md lists them.
func functions(v *view) template.FuncMap {
	return template.FuncMap{
		"members":    v.usable,
		"allMembers": v.all,
		"service":    v.service,
		"services":   v.services,
		"self": func() (*Member, error) {
			if v.self == nil {
				return nil, errors.New("the daemon does not list its own node")
			}
			return v.self, nil
		},
		"atLeast":  atLeast,
		"fail":     func(text string) (string, error) { return "", errors.New(text) },
		"env":      env,
		"file":     func(path string) (string, error) { return read(path, maxFile) },
		"hostPort": func(ip string, port any) string { return net.JoinHostPort(ip, fmt.Sprint(port)) },
		"ident":    ident,
		"join":     func(separator string, list []string) string { return strings.Join(list, separator) },
		"lower":    strings.ToLower,
		"replace":  func(old, by, s string) string { return strings.ReplaceAll(s, old, by) },
		"split":    func(separator, s string) []string { return strings.Split(s, separator) },
		"toJSON":   toJSON,
		"trim":     strings.TrimSpace,
		"upper":    strings.ToUpper,
	}
}

// atLeast returns a list, or an error if it has fewer elements.
func atLeast(n int, list any) (any, error) {
	v := reflect.ValueOf(list)
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array:
	default:
		return nil, fmt.Errorf("want a list, not %T", list)
	}
	if v.Len() < n {
		return nil, fmt.Errorf("there are %d, want at least %d", v.Len(), n)
	}
	return list, nil
}

// env returns a variable, or the fallback if it is not set. Without a fallback, that is an error.
func env(name string, fallback ...string) (string, error) {
	if v, ok := os.LookupEnv(name); ok {
		return v, nil
	}
	if len(fallback) == 0 {
		return "", fmt.Errorf("the variable %s is not set", name)
	}
	return fallback[0], nil
}

// ident returns a text as one word that is safe in configuration files: what is not a letter or digit of ASCII,
// or one of . _ -, becomes an underscore.
func ident(s string) string {
	if s == "" {
		return "_"
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, s)
}

// toJSON returns v as one line of JSON, in which <, > and & stand for themselves.
func toJSON(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
