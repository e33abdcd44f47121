// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/metadata"
)

func withToken(token string) context.Context {
	return metadata.NewIncomingContext(context.Background(), metadata.Pairs("authorization", "Bearer "+token))
}

// TestTokensAreReadAgain: another token takes effect at once, a file that holds none
// leaves the old one.
func TestTokensAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	put := func(text string, mode os.FileMode) {
		t.Helper()
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const first, second = "first-0123456789abcdef", "second-0123456789abcdef"
	put(first, 0o600)
	g, logs := newGuard(t, Config{TokenFile: path})
	admits := func(what, token string, want error) {
		t.Helper()
		if _, err := g.Admit(withToken(token), Change); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	admits("at the start", first, nil)
	admits("at the start", second, ErrUnauthenticated)
	put("short", 0o600)
	admits("a short token", first, nil)
	admits("a short token", "short", ErrUnauthenticated)
	if n := logs.count("stays in effect"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	put(second, 0o644)
	admits("a token for all to read", first, nil)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	admits("made private", second, nil)
	admits("made private", first, ErrUnauthenticated)
	if logs.count(first)+logs.count(second) > 0 {
		t.Error("the log tells tokens")
	}
}

// TestSameTokenOnReload: it is good for less.
func TestSameTokenOnReload(t *testing.T) {
	dir := t.TempDir()
	all, read := filepath.Join(dir, "all"), filepath.Join(dir, "read")
	for path, text := range map[string]string{all: "all-0123456789abcdef", read: "read-0123456789abcdef"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g, _ := newGuard(t, Config{TokenFile: all, ReadTokenFile: read})
	if err := os.WriteFile(all, []byte("read-0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Admit(withToken("read-0123456789abcdef"), Change); !errors.Is(err, ErrDenied) {
		t.Errorf("got %v", err)
	}
}
