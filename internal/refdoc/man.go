// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"fmt"
	"slices"
	"strings"
)

// Manual is common to all pages of a manual.
type Manual struct {
	Date string // of the release, "2006-01-02"; empty: none is printed
}

// Pages makes a manual page for a command and for each of its subcommands. section is 1
// for programs that people start, 8 for daemons.
func (m Manual) Pages(c Command, section int, seeAlso ...string) []Page {
	return m.pages(c, section, nil, seeAlso)
}

func (m Manual) pages(c Command, section int, parent *Command, seeAlso []string) []Page {
	var b strings.Builder
	b.WriteString(m.head(pageName(c.Path), section, c.Short))
	b.WriteString(".SH SYNOPSIS\n.nf\n" + line(c.Usage) + ".fi\n")
	b.WriteString(".SH DESCRIPTION\n" + prose(strings.TrimPrefix(c.Short+"\n\n"+c.Long, "\n\n")))
	if len(c.Commands) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range c.Commands {
			b.WriteString(".TP\n" + reference(pageName(sub.Path), section) + "\n" + line(sub.Short))
		}
	}
	if len(c.Flags) > 0 {
		b.WriteString(".SH OPTIONS\n")
	}
	for _, f := range c.Flags {
		b.WriteString(".TP\n" + option(f) + line(f.Usage))
		if f.Default != "" {
			b.WriteString(".br\nDefault: " + line(f.Default))
		}
	}
	if parent != nil {
		root := root(parent.Path)
		b.WriteString(".PP\nThe options of " + reference(root, section) + " apply, too.\n")
		seeAlso = []string{reference(root, section)}
		if p := pageName(parent.Path); p != root {
			seeAlso = append(seeAlso, reference(p, section))
		}
	}
	if len(seeAlso) > 0 {
		b.WriteString(".SH SEE ALSO\n" + strings.Join(seeAlso, ",\n") + "\n")
	}
	pages := []Page{{fmt.Sprintf("%s.%d", pageName(c.Path), section), b.String()}}
	for _, sub := range c.Commands {
		pages = append(pages, m.pages(sub, section, &c, nil)...)
	}
	return pages
}

// File makes the page of the configuration file that several programs share.
func (m Manual) File(envName func(flag string) string, seeAlso []string, programs ...Command) Page {
	type use struct {
		program string
		flag    Flag
	}
	uses := map[string][]use{}
	var names []string
	for _, p := range programs {
		for _, f := range p.Flags {
			if f.Name == "config" {
				continue // a file names no other
			}
			if uses[f.Name] == nil {
				names = append(names, f.Name)
			}
			uses[f.Name] = append(uses[f.Name], use{p.Path, f})
		}
	}
	slices.Sort(names)

	var b strings.Builder
	b.WriteString(m.head("tamtam.yaml", 5, "configuration of TamTam."))
	b.WriteString(".SH DESCRIPTION\n" + prose(configurationText+"\n\n"+indent(configurationExample)))
	b.WriteString(".SH KEYS\n")
	for _, name := range names {
		b.WriteString(".TP\n" + bold(name) + "\n")
		for i, u := range uses[name] {
			if i > 0 {
				b.WriteString(".sp\n")
			}
			b.WriteString(italic(u.program) + ": " + line(u.flag.Usage))
			if u.flag.Default != "" {
				b.WriteString(".br\nDefault: " + line(u.flag.Default))
			}
		}
		b.WriteString(".br\nVariable: " + bold(envName(name)) + "\n")
	}
	b.WriteString(".SH SEE ALSO\n" + strings.Join(seeAlso, ",\n") + "\n")
	return Page{"tamtam.yaml.5", b.String()}
}

// head returns the start of a page. The description must be on one line, for the index
// of apropos.
func (m Manual) head(name string, section int, short string) string {
	short = strings.TrimSuffix(strings.ReplaceAll(short, "\n", " "), ".")
	return fmt.Sprintf(".\\\" Written by tamtam-gendoc -format man. Do not edit.\n"+
		".TH %s %d %q TamTam \"TamTam manual\"\n.nh\n.ad l\n.SH NAME\n%s \\- %s\n",
		escape(strings.ToUpper(name)), section, m.Date, escape(name), escape(short))
}

func pageName(path string) string { return strings.ReplaceAll(path, " ", "-") }

// Reference names another page.
func Reference(name string, section int) string { return reference(name, section) }

func reference(name string, section int) string {
	return fmt.Sprintf("%s(%d)", bold(name), section)
}

func option(f Flag) string {
	var b strings.Builder
	if f.Letter != "" {
		b.WriteString(bold("-"+f.Letter) + ", ")
	}
	b.WriteString(bold("--" + f.Name))
	if f.Value != "" {
		b.WriteString(" " + italic(f.Value))
	}
	return b.String() + "\n"
}

func bold(s string) string   { return `\fB` + escape(s) + `\fR` }
func italic(s string) string { return `\fI` + escape(s) + `\fR` }

// prose formats paragraphs; examples keep their lines.
func prose(long string) string {
	var b strings.Builder
	for block := range strings.SplitSeq(strings.Trim(long, "\n"), "\n\n") {
		if !strings.HasPrefix(block, "  ") {
			b.WriteString(".PP\n" + lines(block))
			continue
		}
		b.WriteString(".PP\n.RS 4\n.nf\n" + lines(strings.ReplaceAll("\n"+block, "\n  ", "\n")[1:]) + ".fi\n.RE\n")
	}
	// A heading and a paragraph make one space, not two.
	return strings.TrimPrefix(b.String(), ".PP\n")
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n  ")
}

// lines formats lines of text so that roff takes none for a request.
func lines(s string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		b.WriteString(line(l))
	}
	return b.String()
}

// line formats s as one line of text.
func line(s string) string {
	s = escape(strings.ReplaceAll(s, "\n", " "))
	if s == "" || s[0] == '.' || s[0] == '\'' || s[0] == ' ' {
		s = `\&` + s // else a request, or a break
	}
	return s + "\n"
}

// escape returns text that roff prints unchanged. Roff would take a backslash for an
// escape, and print some ASCII characters as typographic ones. Other characters are
// named, because not every roff reads UTF-8.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
