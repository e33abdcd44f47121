// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package hook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestCombined: both streams are returned, in order and bounded, also of a command that fails.
func TestCombined(t *testing.T) {
	for command, want := range map[string][2]string{ // what it prints, and the error
		"echo a; echo b >&2; echo c":          {"a\nb\nc\n", ""},
		"echo $X; exit 3":                     {"y\n", "ended with exit code 3"},
		"echo 1234567; echo no more":          {"1234567\n... (16 bytes in all)", ""},
		"echo before; exec sleep 1000":        {"before\n", "took longer than"},
		"cat; echo there is no input; exit 1": {"there is... (18 bytes in all)", "exit code 1"},
	} {
		c := Command{Shell: command, Timeout: 30 * time.Second, Env: []string{"X=y", "PATH=/usr/bin:/bin"}, Most: 8}
		if strings.Contains(command, "1000") {
			c.Timeout = 3 * time.Second
		}
		got, err := c.Combined(t.Context())
		if got != want[0] || (err == nil) != (want[1] == "") || err != nil && !strings.Contains(err.Error(), want[1]) {
			t.Errorf("%s: %q, %v, want %q", command, got, err, want)
		}
	}
	// What it left in the background is read, too, but for a second only: a slow machine may not get that far.
	late := Command{Shell: "(sleep 0.1; echo late) & echo detached", Timeout: time.Hour, Env: []string{"PATH=/usr/bin:/bin"}, Most: 100}
	if got, err := late.Combined(t.Context()); err != nil || got != "detached\nlate\n" && got != "detached\n" {
		t.Errorf("%q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	c := Command{Shell: "sleep 1000", Timeout: time.Hour, Env: []string{"PATH=/usr/bin:/bin"}}
	if _, err := c.Combined(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
