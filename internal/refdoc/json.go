// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"fmt"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/output"
)

// jsonText are the rules that hold for all fields.
const jsonText = `With -o json, each command prints one object on one line. Streams (watch, monitor, stream,
top, and broadcast for each message) print one on each line. The lists of members (nodes, healthy)
and of joined addresses (join) are one line with a list, [] if it is empty. completion and help
print no JSON.

A field that has no value is left out: there is none, or it is not known. Nothing is null, and no
empty text or 0 stands for it; each field says when it is absent. All others are always there. Later versions may add fields; these stay.

A time is a text as in RFC 3339, in UTC, with up to nine digits after the seconds. A duration is a
number of milliseconds, maybe with a fraction, in a field that ends with _ms. An ID, such as a
revision or a session, is a text of digits, since many readers of JSON round numbers over 2^53:
compare IDs for equality only. A map has names that users or counters gave to its values. Control
and hidden characters in texts are escaped, as \u and four digits.`

// JSON makes the page of all that tamtamctl prints as JSON.
func JSON() Page {
	var b strings.Builder
	b.WriteString(generated + "# JSON\n\n" + strings.NewReplacer("-o json", "`-o json`", "_ms", "`_ms`", `\u`, "`\\u`", "[] ", "`[]` ").Replace(jsonText) + "\n")
	b.WriteString("\n## Commands\n\n| command | prints |\n| --- | --- |\n")
	for _, c := range output.Commands {
		path := "tamtamctl " + c.Path
		text, _ := c.Prints()
		for _, d := range output.Docs() {
			text = linkWord(text, d.Name)
		}
		fmt.Fprintf(&b, "| [`%s`](%s) | %s |\n", c.Path, fileName(path), text)
	}
	b.WriteString("\n## Objects\n")
	for _, d := range output.Docs() {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| field | type | unit | | absent |\n| --- | --- | --- | --- | --- |\n", d.Name, d.Text)
		for _, f := range d.Fields {
			kind := f.Type
			if f.Object != "" {
				kind = linkWord(kind, f.Object)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, kind, f.Unit, cell(f.Text), cell(f.Absent))
		}
	}
	return Page{"json.md", b.String()}
}

// linkWord makes a link to an object of each word that is its name.
func linkWord(text, object string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if strings.TrimSuffix(w, ",") == object {
			words[i] = "[" + object + "](#" + strings.ToLower(object) + ")" + w[len(object):]
		}
	}
	return strings.Join(words, " ")
}

// JSON makes the manual page of all that tamtamctl prints as JSON.
func (m Manual) JSON(seeAlso ...string) Page {
	var b strings.Builder
	b.WriteString(m.head(output.Manual, 5, "JSON output of tamtamctl."))
	b.WriteString(".SH DESCRIPTION\n" + prose(jsonText))
	b.WriteString(".SH COMMANDS\n")
	for _, c := range output.Commands {
		text, _ := c.Prints()
		b.WriteString(".TP\n" + bold(c.Path) + "\n" + line(text))
	}
	for _, d := range output.Docs() {
		b.WriteString(".SH " + strings.ToUpper(d.Name) + "\n" + line(d.Text))
		for _, f := range d.Fields {
			kind := f.Type
			if f.Unit != "" {
				kind += ", " + f.Unit
			}
			b.WriteString(".TP\n" + bold(f.Name) + " (" + escape(kind) + ")\n" + line(f.Text+"."))
			if f.Absent != "" {
				b.WriteString(".br\nAbsent: " + line(f.Absent+"."))
			}
		}
	}
	b.WriteString(".SH SEE ALSO\n" + strings.Join(seeAlso, ",\n") + "\n")
	return Page{output.Manual + ".5", b.String()}
}
