// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/doctor"
)

var rewrite = flag.Bool("update", false, "write the rules and the table in the guide again")

// TestUpToDate: the file of rules and the table in the guide are those of Rules.
func TestUpToDate(t *testing.T) {
	const begin, end = "<!-- alerts -->\n", "<!-- end of alerts -->\n"
	rules, guide := filepath.Join("..", "..", "contrib", "prometheus", "alerts.yml"), filepath.Join("..", "..", "docs", "monitoring.md")
	text := read(t, guide)
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q and %q", guide, begin, end)
	}
	for file, want := range map[string]string{rules: File(Rules()), guide: before + begin + Table(Rules()) + end + after} {
		if *rewrite {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if read(t, file) != want {
			t.Errorf("%s is not what internal/alerts says: run make docs", file)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSentences: an alert that leads to the section of a check has a finding of doctor, and each text is whole.
func TestSentences(t *testing.T) {
	shared := 0
	for _, r := range Rules() {
		if check, is := strings.CutPrefix(r.Guide, "troubleshooting.md#"); is {
			shared++
			if !slices.Contains(doctor.Checks(), check) {
				t.Errorf("%s: doctor has no check %s", r.Name, check)
			}
		}
		for _, text := range []string{r.Summary(), r.Description()} {
			if strings.Contains(text, "%!") || strings.Contains(text, `"`) || strings.HasPrefix(text, ": ") || strings.HasSuffix(text, " ") {
				t.Errorf("%s: %q", r.Name, text)
			}
		}
	}
	if shared < 8 {
		t.Errorf("only %d alerts have a finding of doctor", shared)
	}
}
