// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package flaghelp

import (
	"fmt"
	"io"
	"strings"
)

// Head writes what comes before the flags: the sentence and the synopsis of a program or command,
// and the long text, wrapped.
func Head(w io.Writer, short, usage, long string, width int) {
	fmt.Fprintf(w, "%s\n\nUSAGE\n", strings.Join(Wrap(short, width), "\n"))
	for i, line := range wrapWords(groups(usage), width-6) {
		fmt.Fprintf(w, "  %s%s\n", strings.Repeat("    ", min(i, 1)), line)
	}
	if long = strings.Trim(long, "\n"); long != "" {
		fmt.Fprintf(w, "\n%s\n", Prose(long, width))
	}
}

// Items writes names, each with a text beside it.
func Items(w io.Writer, items [][2]string, width int) {
	longest := 0
	for _, item := range items {
		longest = max(longest, len(item[0]))
	}
	for _, item := range items {
		for i, line := range Wrap(item[1], width-longest-4) {
			name := item[0]
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "  %-*s  %s\n", longest, name, line)
		}
	}
}

// Prose wraps paragraphs, which empty lines separate. One whose first line begins with two blanks
// has examples or a list, and stays as it is.
func Prose(text string, width int) string {
	blocks := strings.Split(text, "\n\n")
	for i, block := range blocks {
		if !strings.HasPrefix(block, "  ") {
			blocks[i] = strings.Join(Wrap(block, width), "\n")
		}
	}
	return strings.Join(blocks, "\n\n")
}

// groups returns the words of a synopsis; what brackets enclose is one word.
func groups(usage string) (words []string) {
	open := 0
	for _, word := range strings.Fields(usage) {
		if open > 0 {
			words[len(words)-1] += " " + word
		} else {
			words = append(words, word)
		}
		open += strings.Count(word, "[") - strings.Count(word, "]")
	}
	return words
}
