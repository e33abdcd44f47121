// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package logging

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log/level"
)

// sink is a writer that can be made to fail or to block.
type sink struct {
	mu   sync.Mutex // held by who makes it block
	fail error
	text strings.Builder
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return 0, s.fail
	}
	return s.text.Write(b)
}

func (s *sink) set(fail error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestReaderGone: lines that cannot be written are lost; the first that can be is followed by
// one that says how many were.
func TestReaderGone(t *testing.T) {
	for _, format := range []string{"logfmt", "json"} {
		s := &sink{}
		logger, control, err := New(s, format, Info)
		if err != nil {
			t.Fatal(err)
		}
		_ = level.Info(logger).Log("msg", "one")
		control.Flush()
		s.set(errors.New("broken pipe"))
		for range 3 {
			if err := level.Info(logger).Log("msg", "two"); err != nil {
				t.Errorf("%s: an error for who logs: %v", format, err)
			}
		}
		control.Flush()
		s.set(nil)
		_ = level.Info(logger).Log("msg", "three")
		_ = level.Info(logger).Log("msg", "four")
		control.Flush()
		got := s.String()
		order := []string{"one", "three", "log lines were lost", "four"}
		for i, at := 0, 0; i < len(order); i++ {
			n := strings.Index(got[at:], order[i])
			if n < 0 {
				t.Fatalf("%s: no %q in its place:\n%s", format, order[i], got)
			}
			at += n
		}
		m := map[string]uint64{}
		if control.Counters(m); m["log_lines_lost"] != 3 || strings.Contains(got, "two") || strings.Count(got, "\n") != 4 || strings.Count(got, "lost") < 1 {
			t.Errorf("%s: counted %v, wrote\n%s", format, m, got)
		}
	}
}

// TestReaderStandsStill: the caller goes on, and the lines that fit come later.
func TestReaderStandsStill(t *testing.T) {
	s := &sink{}
	logger, control, _ := New(s, "logfmt", Info)
	s.mu.Lock()
	began, lines := time.Now(), 0
	for text := strings.Repeat("x", 1024); lines < 2*maxQueued/1024; lines++ {
		_ = level.Info(logger).Log("msg", text)
	}
	if took := time.Since(began); took > 50*writeWithin { // each alone would take all of it
		t.Errorf("%d lines took %v", lines, took)
	}
	s.mu.Unlock()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		m := map[string]uint64{}
		control.Counters(m)
		if got := strings.Count(s.String(), "xxx\n"); m["log_lines_lost"] > 0 && uint64(got)+m["log_lines_lost"] == uint64(lines) {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d lines written, %v, of %d", got, m, lines)
		}
	}
	_ = level.Info(logger).Log("msg", "last")
	control.Flush() // waits again
	if !strings.Contains(s.String(), "msg=last") {
		t.Error("not waited for")
	}
}

// TestAuditLinesAreWrittenAtOnce: an audit line is written when it was logged, and those before it are.
func TestAuditLinesAreWrittenAtOnce(t *testing.T) {
	s := &sink{}
	logger, control, _ := New(s, "logfmt", Info)
	for range 10 {
		_ = level.Info(logger).Log("msg", "a member")
	}
	_ = control.Audit().Log("msg", "removed")
	if got := s.String(); strings.Count(got, "a member") != 10 || !strings.HasSuffix(got, "msg=removed\n") {
		t.Errorf("written:\n%s", got)
	}
}

// TestLinesAreNotWaitedFor: while the reader stands still, a line delays nobody; Flush waits for a while.
func TestLinesAreNotWaitedFor(t *testing.T) {
	s := &sink{}
	logger, control, _ := New(s, "logfmt", Info)
	stuck := func() bool {
		control.writer.mu.Lock()
		defer control.writer.mu.Unlock()
		return control.writer.stuck // somebody has waited without success
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _ = level.Info(logger).Log("msg", "one"); stuck() {
		t.Error("a line was waited for")
	}
	if control.Flush(); !stuck() {
		t.Error("Flush did not wait")
	}
}
