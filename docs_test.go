// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/alerts"
	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/doctor"
	"github.com/eelcocramer/tamtam/internal/templating"
)

var (
	fence    = regexp.MustCompile("(?ms)^```.*?^```$")
	span     = regexp.MustCompile("`([^`\n]+(?:\n[^`\n]+)?)`") // code in a sentence; it may have a line end
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	notInID  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	indented = regexp.MustCompile(`(?m)^    .+$`)
)

// files returns the text of the files of a pattern, by their paths.
func files(t *testing.T, pattern string) map[string]string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", pattern).Output()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range strings.Fields(string(out)) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
	}
	if len(texts) < 20 {
		t.Fatalf("only %d files were found", len(texts))
	}
	return texts
}

func documents(t *testing.T) map[string]string {
	t.Helper()
	return files(t, "*.md")
}

// anchors returns the anchors that a forge makes of the headings of a text.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		words := regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(m[1], "]")
		found[strings.ReplaceAll(notInID.ReplaceAllString(strings.ToLower(words), ""), " ", "-")] = true
	}
	return found
}

// TestLinks: each link within the documentation leads to a file, and to a heading that is in it.
func TestLinks(t *testing.T) {
	texts, checked, linked := documents(t), 0, map[string]bool{}
	for name, text := range texts {
		text = span.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.Scheme == "http" {
				t.Errorf("%s: link to %s: %v", name, m[1], err)
				continue
			}
			if u.Scheme != "" {
				continue // no test looks elsewhere than on this machine
			}
			checked++
			target := name
			if u.Path != "" {
				target = path.Join(path.Dir(name), u.Path)
			}
			linked[target] = true
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", name, m[1], err)
			} else if u.Fragment != "" && !anchors(texts[target])[u.Fragment] {
				t.Errorf("%s: link to %s, where no heading has that name", name, m[1])
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d links were found", checked)
	}
	for name := range texts {
		if strings.HasPrefix(name, "docs/") && !linked[name] {
			t.Errorf("nothing links to %s", name)
		}
	}
}

// TestRunbooks: each alert leads to a heading of the documentation.
func TestRunbooks(t *testing.T) {
	texts := documents(t)
	for _, r := range alerts.Rules() {
		file, heading, _ := strings.Cut(r.Guide, "#")
		if !anchors(texts["docs/"+file])[heading] {
			t.Errorf("%s: no heading %s", r.Name, r.Guide)
		}
	}
}

// TestFindingsInDocuments: docs/troubleshooting.md has a section for each check of doctor, in its order.
func TestFindingsInDocuments(t *testing.T) {
	var have []string
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(documents(t)["docs/troubleshooting.md"], -1) {
		have = append(have, m[1])
	}
	if want := doctor.Checks(); !slices.Equal(have, want) {
		t.Errorf("docs/troubleshooting.md has sections %v, doctor checks %v", have, want)
	}
}

// code returns the lines and spans of code in a text.
func code(text string) []string {
	var found []string
	for _, block := range fence.FindAllString(text, -1) {
		found = append(found, strings.Split(strings.ReplaceAll(block, "\\\n", " "), "\n")...)
	}
	text = fence.ReplaceAllString(text, "")
	found = append(found, indented.FindAllString(text, -1)...)
	for _, m := range span.FindAllStringSubmatch(indented.ReplaceAllString(text, ""), -1) {
		found = append(found, strings.ReplaceAll(m[1], "\n", " "))
	}
	return found
}

var (
	// call is a program and its words, up to what ends a command in a shell, after the word before it.
	call    = regexp.MustCompile(`(?:(\S+) +|^|[/(])(tamtamctl|tamtamd|tamtam-template)((?: +[^|&;#<>()\s]+)+)`)
	quoted  = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	comment = regexp.MustCompile(`\s#\s.*`)
	placing = regexp.MustCompile(`^[^a-z]`) // a placeholder, an address, a variable
)

// calls returns the calls of programs in a line, those in quotes, as of --exec, apart.
func calls(line string) (found [][]string) {
	line = comment.ReplaceAllString(line, "")
	for _, part := range append(quoted.FindAllString(line, -1), quoted.ReplaceAllString(line, "QUOTED")) {
		for _, m := range call.FindAllStringSubmatch(strings.Trim(part, `'"`), -1) {
			if !strings.HasPrefix(m[1], "-") { // as in journalctl -u tamtamd
				found = append(found, append([]string{m[2]}, strings.Fields(m[3])...))
			}
		}
	}
	return found
}

// TestCommandsInDocuments: each call of a program in the documentation has commands and flags that
// the program knows.
func TestCommandsInDocuments(t *testing.T) {
	daemon := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	daemonflags.Register(daemon)
	template := flag.NewFlagSet("tamtam-template", flag.ContinueOnError)
	templating.Register(template)
	programs := map[string]*ffcli.Command{
		"tamtamctl": ctl.Command(), "tamtamd": {Name: "tamtamd", FlagSet: daemon}, "tamtam-template": {Name: "tamtam-template", FlagSet: template},
	}
	short := map[string]map[string]string{"tamtamctl": ctlflags.Short(), "tamtamd": daemonflags.Short()}
	checked := 0
	for name, text := range documents(t) {
		for _, line := range code(text) {
			for _, words := range calls(line) {
				checked++
				if wrong := unknown(programs[words[0]], short[words[0]], words[1:]); wrong != "" {
					t.Errorf("%s: %q: %s", name, words, wrong)
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d calls were found", checked)
	}
}

// unknown returns what is wrong with the words of a call: a flag or a command that is not there.
func unknown(c *ffcli.Command, short map[string]string, words []string) string {
	for i := 0; i < len(words); i++ {
		if words[i] == "--" {
			return ""
		}
		word := strings.Trim(words[i], "[].,:…")
		if name, isFlag := strings.CutPrefix(word, "-"); isFlag && name != "" {
			name, _, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
			if name == "h" || name == "version" || name == "check" {
				continue
			}
			if long := short[name]; long != "" {
				name = long
			}
			f := c.FlagSet.Lookup(name)
			if f == nil {
				return "no flag " + word + " of " + c.Name
			}
			if b, is := f.Value.(interface{ IsBoolFlag() bool }); !hasValue && (!is || !b.IsBoolFlag()) {
				i++ // its value
			}
			continue
		}
		if len(c.Subcommands) == 0 || placing.MatchString(word) || word == "" || words[i] == "[flags]" {
			continue
		}
		var sub *ffcli.Command
		for _, s := range c.Subcommands {
			if s.Name == strings.Split(word, "|")[0] {
				sub = s
			}
		}
		if sub == nil {
			return "no command " + word + " of " + c.Name
		}
		c = sub
	}
	return ""
}

// TestNamesInDocuments: the tests and the targets of make that the documentation names are there.
func TestNamesInDocuments(t *testing.T) {
	tests := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, text := range files(t, "*_test.go") {
		for _, m := range function.FindAllStringSubmatch(text, -1) {
			tests[m[1]] = true
		}
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	test, target := regexp.MustCompile(`\bTest[A-Z]\w*`), regexp.MustCompile(`(?:^|[ $])make ((?:[a-z][a-z/-]+ ?)+)`)
	checked := 0
	for name, text := range documents(t) {
		for _, line := range code(text) {
			for _, n := range test.FindAllString(line, -1) {
				checked++
				// A pattern may be the beginning of names.
				found := tests[n]
				for have := range tests {
					found = found || strings.Contains(line, "-run") && strings.HasPrefix(have, n)
				}
				if !found {
					t.Errorf("%s: no test %s", name, n)
				}
			}
			for _, m := range target.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				for _, n := range strings.Fields(m[1]) {
					checked++
					if !strings.Contains("\n"+string(makefile), "\n"+n+":") {
						t.Errorf("%s: no target %s of make, in %q", name, n, line)
					}
					if strings.HasPrefix(line, "    ") {
						break // words that explain it follow
					}
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d names were found", checked)
	}
}
