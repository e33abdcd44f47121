// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package completion completes command lines in shells. A small script in the shell runs the
// program itself, as "PROGRAM __complete WORD...", with the words after the program up to the
// cursor. The program prints the words that may stand there: so a script is never older than
// the program, and members and keys complete as they are now.
package completion

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/config"
)

// Command is the command that a script runs.
const Command = "__complete"

// Candidate is a word that may stand at the cursor.
type Candidate struct{ Word, Help string }

// Typed returns the words on the command line up to the cursor, of the arguments after Command: at least one.
// The last one is what stands at the cursor. PowerShell before 7.3 drops an empty argument, so its script
// writes "" in its place, which later versions pass on as two quotes.
func Typed(args []string) []string {
	if len(args) == 0 {
		return []string{""}
	}
	words := slices.Clone(args)
	if last := &words[len(words)-1]; *last == `""` {
		*last = ""
	}
	return words
}

// Reply is what the program answers.
type Reply struct {
	Candidates []Candidate
	Files      bool // the names of files may stand there
}

// files is the reply that stands for the names of files.
const files = ":files"

// Write writes those candidates that begin with what stands at the cursor.
func (r Reply) Write(w io.Writer, cursor string) error {
	if r.Files {
		_, err := fmt.Fprintln(w, files)
		return err
	}
	var b strings.Builder
	for _, c := range r.Candidates {
		if strings.HasPrefix(c.Word, cursor) && !strings.ContainsAny(c.Word, "\t\r\n") {
			fmt.Fprintf(&b, "%s\t%s\n", c.Word, c.Help)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Words returns candidates without help.
func Words(words ...string) (all []Candidate) {
	for _, w := range words {
		all = append(all, Candidate{Word: w})
	}
	return all
}

// Flags returns the flags of fs, with two dashes.
func Flags(fs *flag.FlagSet) (all []Candidate) {
	fs.VisitAll(func(f *flag.Flag) {
		_, usage := flag.UnquoteUsage(f)
		all = append(all, Candidate{"--" + f.Name, usage})
	})
	return all
}

// ValueOf returns the flag of fs whose value stands at the cursor: the word before it is that
// flag. short has the one-letter names.
func ValueOf(fs *flag.FlagSet, words []string, short map[string]string) *flag.Flag {
	if len(words) < 2 {
		return nil
	}
	name, isFlag := strings.CutPrefix(words[len(words)-2], "-")
	name = strings.TrimPrefix(name, "-")
	if long, ok := short[name]; ok {
		name = long
	}
	f := fs.Lookup(name)
	if !isFlag || f == nil || config.IsBool(f) {
		return nil
	}
	return f
}

// IsFile reports whether a flag takes the name of a file or directory, by the word that its
// usage has for its value.
func IsFile(f *flag.Flag) bool {
	what, _ := flag.UnquoteUsage(f)
	return what == "file" || what == "directory"
}
