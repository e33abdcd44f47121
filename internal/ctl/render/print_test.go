// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestPrintIsOneWrite(t *testing.T) {
	var w counting
	p := Printer{Out: &w, JSON: true}
	if err := p.Print(map[string]any{"a": []string{}}, nil); err != nil || w.n != 1 || !json.Valid(w.b) {
		t.Errorf("%d writes of %q, %v", w.n, w.b, err)
	}
	w = counting{}
	p.JSON = false
	table := func(w io.Writer) { fmt.Fprint(w, "A\tB\n"); fmt.Fprint(w, "long\tc\n") }
	if err := p.Print(nil, table); err != nil || w.n != 1 || string(w.b) != "A     B\nlong  c\n" {
		t.Errorf("%d writes of %q, %v", w.n, w.b, err)
	}
	w.err = errors.New("full")
	if err := p.Print(1, table); !errors.Is(err, w.err) {
		t.Errorf("error %v", err)
	}
}

type counting struct {
	n   int
	b   []byte
	err error
}

func (c *counting) Write(b []byte) (int, error) {
	c.n++
	c.b = append(c.b, b...)
	return len(b), c.err
}

func TestNoTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, stream := range []any{nil, &counting{}, null} {
		if IsTerminal(stream) {
			t.Errorf("%v is a terminal", stream)
		}
	}
}

// TestNullIsNoTerminal: not by another name either, as a standard stream has one: in a cron job,
// nobody answers a question.
func TestNullIsNoTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.Symlink(os.DevNull, path); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	stream, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if IsTerminal(stream) {
		t.Error("the null device is a terminal")
	}
}
