// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"context"
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/proto"
)

func tree() *ffcli.Command {
	flags := func(name string, more func(*flag.FlagSet)) *flag.FlagSet {
		fs := flag.NewFlagSet(name, flag.ContinueOnError)
		fs.String("shared", "x", "of `all`")
		if more != nil {
			more(fs)
		}
		return fs
	}
	return &ffcli.Command{
		Name: "prog", ShortUsage: "prog [flags] <command>", ShortHelp: "Do things.", LongHelp: "Some words.\n\n  prog a\n\nMore words.",
		FlagSet: flags("prog", nil),
		Exec:    func(context.Context, []string) error { return nil },
		Subcommands: []*ffcli.Command{{
			Name: "a", ShortUsage: "prog a", ShortHelp: "Do a|b.",
			FlagSet: flags("a", func(fs *flag.FlagSet) { fs.Bool("own", false, "a switch") }),
		}},
	}
}

func TestMarkdown(t *testing.T) {
	pages := Markdown(FromTree(tree(), map[string]string{"s": "shared"}))
	if len(pages) != 2 || pages[0].Name != "prog.md" || pages[1].Name != "prog-a.md" {
		t.Fatalf("pages %v", pages)
	}
	const want = generated + "# prog\n\nDo things.\n\n```\nprog [flags] <command>\n```\n\n" +
		"Some words.\n\n```sh\nprog a\n```\n\nMore words.\n" +
		"\n## Commands\n\n| command | |\n| --- | --- |\n| [`prog a`](prog-a.md) | Do a\\|b. |\n" +
		"\n## Flags\n\n| flag | default | |\n| --- | --- | --- |\n| `--shared ALL`, `-s` | `x` | of all |\n"
	if pages[0].Text != want {
		t.Errorf("got %s\nwant %s", pages[0].Text, want)
	}
	if a := pages[1].Text; strings.Contains(a, "--shared") || !strings.Contains(a, "| `--own` |  | a switch |") || !strings.Contains(a, "(prog.md)") {
		t.Errorf("got %s", a)
	}
}

func TestManual(t *testing.T) {
	root := FromTree(tree(), map[string]string{"s": "shared"})
	root.Long = ".hidden\n\n  'a\\n' ~é\n  --b\n\nMore-words."
	pages := Manual{Date: "2026-01-02"}.Pages(root, 1, Reference("other", 8))
	if len(pages) != 2 || pages[0].Name != "prog.1" || pages[1].Name != "prog-a.1" {
		t.Fatalf("pages %v", pages)
	}
	const want = `.\" Written by tamtam-gendoc -format man. Do not edit.
.TH PROG 1 "2026-01-02" TamTam "TamTam manual"
.nh
.ad l
.SH NAME
prog \- Do things
.SH SYNOPSIS
.nf
prog [flags] <command>
.fi
.SH DESCRIPTION
Do things.
.PP
\&.hidden
.PP
.RS 4
.nf
\(aqa\en\(aq \(ti\[u00E9]
\-\-b
.fi
.RE
.PP
More\-words.
.SH COMMANDS
.TP
\fBprog\-a\fR(1)
Do a|b.
.SH OPTIONS
.TP
\fB\-s\fR, \fB\-\-shared\fR \fIALL\fR
of all
.br
Default: x
.SH SEE ALSO
\fBother\fR(8)
`
	if pages[0].Text != want {
		t.Errorf("got %s\nwant %s", pages[0].Text, want)
	}
	if a := pages[1].Text; strings.Contains(a, "shared") || !strings.Contains(a, "\n.TP\n\\fB\\-\\-own\\fR\na switch\n") || !strings.Contains(a, "\\fBprog\\fR(1)") {
		t.Errorf("got %s", a)
	}
}

func TestManualFile(t *testing.T) {
	p := FromTree(tree(), nil)
	other := Command{Path: "other", Flags: []Flag{{Name: "shared", Usage: "too"}, {Name: "a-b", Default: ".1"}, {Name: "config"}}}
	page := Manual{}.File(func(f string) string { return "X_" + strings.ToUpper(f) }, []string{Reference("prog", 1)}, p, other)
	for _, want := range []string{
		".TP\n\\fBa\\-b\\fR\n\\fIother\\fR: \\&\n.br\nDefault: \\&.1\n.br\nVariable: \\fBX_A\\-B\\fR\n",
		"\\fIprog\\fR: of all\n.br\nDefault: x\n.sp\n\\fIother\\fR: too\n",
	} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("no %q in %s", want, page.Text)
		}
	}
	if page.Name != "tamtam.yaml.5" || strings.Contains(page.Text, `\fBconfig`) {
		t.Errorf("%s: %s", page.Name, page.Text)
	}
}

func TestConfiguration(t *testing.T) {
	p := FromTree(tree(), nil)
	other := Command{Path: "other", Flags: []Flag{{Name: "shared"}, {Name: "a-b", Default: "1"}}}
	text := Configuration(func(f string) string { return "X_" + strings.ToUpper(f) }, p, other).Text
	for _, want := range []string{"| `a-b` | `X_A-B` | `1` | other |\n", "| `shared` | `X_SHARED` | `x` | prog, other |\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestAPI(t *testing.T) {
	page, err := API(proto.DescriptorSet, "tamtam.v1", "service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"### service TamTamService", "`Monitor(Empty) → stream Node`", "#### Node.Status", "| 2 `SUSPECTED` |",
		"map of string to uint64", "list of Member", "uint64, optional", "Synced, one of event",
	} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("no %q", want)
		}
	}
	// Everything has a comment.
	for line := range strings.Lines(page.Text) {
		if strings.HasSuffix(line, "|  |\n") {
			t.Errorf("without a comment: %s", line)
		}
	}
	if _, err := API(proto.DescriptorSet, "nosuch"); err == nil {
		t.Error("a package that is not there is no error")
	}
	if _, err := API([]byte("x")); err == nil {
		t.Error("garbage is no error")
	}
	again, _ := API(proto.DescriptorSet, "tamtam.v1", "service")
	if !reflect.DeepEqual(page, again) {
		t.Error("it comes out differently each time")
	}
}
