// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/ctl/output"
)

// TestJSON: both forms have each command, each object and each field, and links lead to an object.
func TestJSON(t *testing.T) {
	md, man := JSON(), Manual{}.JSON("x")
	if md.Name != "json.md" || man.Name != "tamtamctl-json.5" {
		t.Errorf("named %s and %s", md.Name, man.Name)
	}
	for _, want := range []string{
		"| [`keys list`](tamtamctl-keys-list.md) | [Keys](#keys) |", "| [`stream`](tamtamctl-stream.md) | [Message](#message) or [Gap](#gap) or [Connection](#connection), one on each line |",
		"| [`stats`](tamtamctl-stats.md) | map of text to number |", "| `members` | list of [MemberKeys](#memberkeys) |  |",
		"| `took_ms` | number | milliseconds |",
	} {
		if !strings.Contains(md.Text, want) {
			t.Errorf("no %q in\n%s", want, md.Text)
		}
	}
	for _, c := range output.Commands {
		if !strings.Contains(man.Text, "\n\\fB"+c.Path+"\\fR\n") {
			t.Errorf("the manual has no command %s", c.Path)
		}
	}
	for _, d := range output.Docs() {
		if !strings.Contains(md.Text, "\n### "+d.Name+"\n") || !strings.Contains(man.Text, "\n.SH "+strings.ToUpper(d.Name)+"\n") {
			t.Errorf("no object %s", d.Name)
		}
		for _, f := range d.Fields {
			if !strings.Contains(md.Text, "| `"+f.Name+"` |") || !strings.Contains(man.Text, "\\fB"+f.Name+"\\fR (") {
				t.Errorf("no field %s.%s", d.Name, f.Name)
			}
		}
	}
	long := "Words.\n\nWith -o json: Member.\nSee " + output.Reference + "."
	if have := paragraphs(long); !strings.Contains(have, "[JSON](json.md)") {
		t.Errorf("no link in %q", have)
	}
}
