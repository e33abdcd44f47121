// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestEveryFieldIsDocumented: each has a text, a name in one style, and says when it is left out if
// it may be; and each object that a field or a command has is in the reference.
func TestEveryFieldIsDocumented(t *testing.T) {
	style := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	known := map[string]bool{}
	for _, d := range Docs() {
		known[d.Name] = true
	}
	for _, o := range objects {
		of := reflect.TypeOf(o.value)
		for i, f := range Fields(of) {
			name := of.Name() + "." + f.Name
			if !style.MatchString(f.Name) || f.Text == "" || f.Object != "" && !known[f.Object] {
				t.Errorf("%s: %+v", name, f)
			}
			if left := strings.Contains(of.Field(i).Tag.Get("json"), ",omit"); left != (f.Absent != "") {
				t.Errorf("%s: may be left out: %v; documented: %q", name, left, f.Absent)
			}
			if pointer := f.Go.Kind() == reflect.Pointer; pointer && f.Absent == "" {
				t.Errorf("%s may be null", name)
			}
		}
	}
	for _, c := range Commands {
		if _, object := c.Prints(); object != "" && !known[object] {
			t.Errorf("%s prints an unknown object %s", c.Path, object)
		}
	}
}

func TestPrints(t *testing.T) {
	for path, want := range map[string]string{
		"nodes": "list of Member", "stream": "Message or Gap or Connection, one on each line", "stats": "map of text to number", "why": "Histories",
	} {
		c, err := Of(path)
		if err != nil {
			t.Fatal(err)
		}
		if have, _ := c.Prints(); have != want {
			t.Errorf("%s prints %q, want %q", path, have, want)
		}
	}
	if _, err := Of("nobody"); err == nil {
		t.Error("a command that is none prints JSON")
	}
}

// TestFields: units come from the names.
func TestFields(t *testing.T) {
	for _, f := range Fields(reflect.TypeFor[Member]()) {
		if (f.Unit == "milliseconds") != strings.HasSuffix(f.Name, "_ms") {
			t.Errorf("%+v", f)
		}
	}
}
