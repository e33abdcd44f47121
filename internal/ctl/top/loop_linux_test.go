// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/testpty"
)

var errMine = errors.New("mine")

// TestTerminalIsRestored: however top ends, the terminal is as it was.
func TestTerminalIsRestored(t *testing.T) {
	t.Setenv("TERM", "xterm")
	for name, end := range map[string]func(*testpty.Terminal, *feed, context.CancelFunc){
		"q":      func(p *testpty.Terminal, _ *feed, _ context.CancelFunc) { p.Type("q") },
		"Ctrl-C": func(p *testpty.Terminal, _ *feed, _ context.CancelFunc) { p.Type("\x03") },
		"Esc":    func(p *testpty.Terminal, _ *feed, _ context.CancelFunc) { p.Type("\x1b") },
		"signal": func(_ *testpty.Terminal, _ *feed, cancel context.CancelFunc) { cancel() },
		"error":  func(_ *testpty.Terminal, f *feed, _ context.CancelFunc) { f.failed <- errMine },
		"panic":  func(_ *testpty.Terminal, f *feed, _ context.CancelFunc) { f.panics <- "mine" },
	} {
		t.Run(name, func(t *testing.T) {
			p := testpty.Open(t)
			before := p.Modes()
			terminal := newTerminal(p.Slave, p.Slave)
			if terminal == nil {
				t.Fatal("it is no terminal")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f := &feed{failed: make(chan error), panics: make(chan string)}
			ended := make(chan any)
			go func() {
				defer func() { ended <- recover() }()
				s := &loop{state: newState(time.Second), feed: f, terminal: terminal}
				if err := s.run(ctx, time.Second); err != nil {
					panic(err)
				}
			}()
			for deadline := time.Now().Add(time.Minute); !strings.Contains(p.Output(), "q quit"); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("it draws %q", p.Output())
				}
			}
			if p.Modes() == before {
				t.Error("the keys do not come as they are pressed")
			}
			end(p, f, cancel)
			got := <-ended
			if want := map[string]any{"error": errMine, "panic": "mine"}[name]; got != want {
				t.Errorf("it ended with %v, want %v", got, want)
			}
			if p.Modes() != before {
				t.Error("the modes are not as they were")
			}
			for deadline := time.Now().Add(time.Minute); !strings.HasSuffix(p.Output(), showCursor+mainScreen); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("it ends with %q", p.Output())
				}
			}
		})
	}
}

// TestNoTerminal: what cannot be drawn on is not.
func TestNoTerminal(t *testing.T) {
	p := testpty.Open(t)
	for _, kind := range []string{"dumb", ""} {
		t.Setenv("TERM", kind)
		if newTerminal(p.Slave, p.Slave) != nil {
			t.Errorf("TERM=%q is drawn on", kind)
		}
	}
	t.Setenv("TERM", "xterm")
	if newTerminal(strings.NewReader(""), p.Slave) != nil || newTerminal(p.Slave, &strings.Builder{}) != nil {
		t.Error("what is no file is drawn on")
	}
}
