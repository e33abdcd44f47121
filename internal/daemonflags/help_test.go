// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"bytes"
	"flag"
	"regexp"
	"strings"
	"testing"
)

// TestEachFlagIsInOneGroup of the help, which has no line that is longer than a page.
func TestEachFlagIsInOneGroup(t *testing.T) {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	Register(fs)
	var b bytes.Buffer
	WriteHelp(&b, fs)
	help := b.String()
	if strings.Contains(help, "\nFLAGS\n") {
		t.Errorf("some flags are in no group:\n%s", help)
	}
	fs.VisitAll(func(f *flag.Flag) {
		head := regexp.MustCompile(`(?m)^  (-., )?--` + f.Name + `( |$)`)
		if n := len(head.FindAllString(help, -1)); n != 1 {
			t.Errorf("--%s is %d times in the help", f.Name, n)
		}
	})
	for line := range strings.Lines(help) {
		if len(strings.TrimRight(line, "\n")) > 90 { // 80, but for words that are longer
			t.Errorf("%d bytes: %s", len(line), line)
		}
	}
}
