// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package flaghelp prints the flags of a program as help: in groups, and wrapped at the width
// of the terminal.
package flaghelp

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// Group is some flags under one title.
type Group struct {
	Title string
	Flags []string // names, in the order in which they are printed
}

// The columns of a text that is not printed on a terminal, and the least and the most that are
// used of one.
const (
	fileWidth = 80
	minWidth  = 60
	maxWidth  = 120
)

// nameWidth is for how many columns of flag and value the usage begins on the same line.
const nameWidth = 26

// Width returns the columns of a terminal, within bounds; 80 of anything else.
func Width(out any) int {
	if f, ok := out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return min(max(w, minWidth), maxWidth)
		}
	}
	return fileWidth
}

// Write prints the flags of fs, each group after an empty line and its title. Flags that no
// group has come first, as FLAGS, in the order of their names. short has the one-letter names,
// by letter.
func Write(w io.Writer, fs *flag.FlagSet, short map[string]string, groups []Group, width int) {
	var own []string
	fs.VisitAll(func(f *flag.Flag) {
		if !slices.ContainsFunc(groups, func(g Group) bool { return slices.Contains(g.Flags, f.Name) }) {
			own = append(own, f.Name)
		}
	})
	for _, g := range append([]Group{{"FLAGS", own}}, groups...) {
		title := fmt.Sprintf("\n%s\n", g.Title)
		for _, name := range g.Flags {
			if f := fs.Lookup(name); f != nil {
				fmt.Fprint(w, title)
				writeFlag(w, f, letter(short, name), width)
				title = ""
			}
		}
	}
}

func letter(short map[string]string, name string) string {
	for l, n := range short {
		if n == name {
			return "-" + l + ", "
		}
	}
	return ""
}

func writeFlag(w io.Writer, f *flag.Flag, letter string, width int) {
	value, usage := flag.UnquoteUsage(f)
	head := "  " + letter + "--" + f.Name
	if value != "" && value != "value" {
		head += " " + strings.ToUpper(value)
	}
	if f.DefValue != "" && f.DefValue != "false" {
		usage += " (default " + f.DefValue + ")"
	}
	indent := strings.Repeat(" ", nameWidth+2)
	lines := Wrap(usage, width-len(indent))
	if len(head) > nameWidth {
		lines = append([]string{""}, lines...)
	}
	for i, line := range lines {
		start := indent
		if i == 0 {
			start = fmt.Sprintf("%-*s", len(indent), head)
		}
		fmt.Fprintln(w, strings.TrimRight(start+line, " "))
	}
}

// Wrap breaks a text at spaces into lines of at most so many columns, as far as its words
// allow it.
func Wrap(text string, columns int) []string { return wrapWords(strings.Fields(text), columns) }

func wrapWords(words []string, columns int) (lines []string) {
	line := ""
	for _, word := range words {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > columns:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
