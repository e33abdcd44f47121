// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package files

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestReadToken(t *testing.T) {
	const good = "0123456789abcdef"
	for _, c := range []struct {
		name, text, want, err string
		mode                  os.FileMode
	}{
		{"plain", good, good, "", 0o600},
		{"line", good + "\n", good, "", 0o400},
		{"blanks", "  " + good + "\t\r\n\n", good, "", 0o600},
		{"named", good + " ops-2026\n" + good + "x old\n", good, "", 0o600},
		{"empty line", "\n" + good, good, "", 0o600},
		{"17 tokens", strings.Repeat(good+"\n", 17), "", "at most 16", 0o600},
		{"bad second line", good + "\nshort\n", "", "line 2 of", 0o600},
		{"blank in the name", good + " two words\n", "", "without blanks", 0o600},
		{"long name", good + " " + strings.Repeat("x", 65) + "\n", "", "up to 64", 0o600},
		{"longest", strings.Repeat("x", MaxToken), strings.Repeat("x", MaxToken), "", 0o600},
		{"empty", "", "", "no token", 0o600},
		{"short", good[1:], "", "at least 16", 0o600},
		{"long", strings.Repeat("x", MaxToken+1), "", "more than 4096", 0o600},
		{"umlaut", good + "ä", "", "ASCII", 0o600},
		{"group may write", good, "", "can write", 0o620},
		{"world", good, "", "0604", 0o604},
	} {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "windows" && c.mode&0o066 != 0 {
			t.Logf("%s: modes mean nothing on Windows", c.name)
			continue
		}
		have, err := ReadToken(path)
		switch {
		case c.err == "" && (err != nil || have != c.want):
			t.Errorf("%s: %q, %v", c.name, have, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: error %v, want %q and the path in it", c.name, err, c.err)
		case err != nil && strings.Contains(err.Error(), good[1:]):
			t.Errorf("%s: the error reveals the token: %v", c.name, err)
		}
	}
	if _, err := ReadToken(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
	if _, err := ReadToken(t.TempDir()); err == nil {
		t.Error("a directory was read as a token")
	}
}
