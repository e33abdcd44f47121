// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package hook

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// TestOutput: what a command prints, and why there is none.
func TestOutput(t *testing.T) {
	for name, c := range map[string]struct{ command, want, why string }{
		"reads":     {`cat; echo "$BASE$N"`, "in12", ""},
		"nothing":   {"true", "", ""},
		"fails":     {"echo out; exit 7", "", "its command ended with exit code 7"},
		"by signal": {"kill -9 $$", "", "signal: killed"},
		"slow":      {"sleep 60", "", "took longer than 2s"},
		"most":      {"printf 0123456789", "0123456789", ""},
		"with line": {"echo 0123456789", "0123456789", ""},
		"a byte":    {"printf 01234567890", "", "printed 11 bytes"},
		"too much":  {"printf 0123456789; printf 01", "", "printed 12 bytes: an answer may have 10"},
		"no input":  {"exec <&-; printf x", "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := time.Minute
			if name == "slow" {
				timeout = 2 * time.Second
			}
			r := &Command{Shell: c.command, Timeout: timeout, Env: append(os.Environ(), "BASE=1"), Err: os.Stderr, Most: 10}
			out, err := r.Output(context.Background(), []byte("in"), []string{"N=2"})
			why := ""
			if err != nil {
				why = err.Error()
			}
			if string(out) != c.want || !strings.Contains(why, c.why) || (why == "") != (c.why == "") {
				t.Errorf("%q, %q, want %q, %q", out, why, c.want, c.why)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := &Command{Shell: "sleep 60", Timeout: time.Minute, Most: 10}
	if _, err := r.Output(ctx, nil, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
