// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"testing"
	"time"
)

// TestFarFramesAreLate: each frame arrives whole, in order, and after the delay.
func TestFarFramesAreLate(t *testing.T) {
	const delay = 50 * time.Millisecond
	in, from := io.Pipe()
	to, out := io.Pipe()
	t.Cleanup(func() { _, _ = from.Close(), to.Close() })
	go carry(in, out, delay)
	since := time.Now()
	for _, s := range []string{"one", "second", "3"} {
		if _, err := from.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, maxFrame)
	for _, want := range []string{"one", "second", "3"} {
		n, err := to.Read(b)
		if err != nil || string(b[:n]) != want {
			t.Fatalf("%q, %v, want %q", b[:n], err, want)
		}
		if took := time.Since(since); took < delay {
			t.Errorf("%q arrived after %v", want, took)
		}
	}
}
