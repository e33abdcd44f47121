// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pair returns the two halves of a new key.
func pair(t *testing.T) (Private, Keys) {
	t.Helper()
	private, public := Generate()
	p, err := ReadPrivate(put(t, private))
	if err != nil {
		t.Fatal(err)
	}
	k, err := ReadKeys(put(t, "# of alice\n\n"+strings.TrimSpace(public)+" alice\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p, k
}

// TestRemovals: a signature is for one session of one member in one cluster.
func TestRemovals(t *testing.T) {
	private, keys := pair(t)
	other, others := pair(t)
	r := Removal{"prod", netip.MustParseAddrPort("192.0.2.1:9999"), 7}
	signature := private.SignRemoval(r)
	if err := keys.Removal(r, signature); err != nil {
		t.Error(err)
	}
	if err := append(others, keys...).Removal(r, signature); err != nil {
		t.Errorf("with two keys: %v", err)
	}
	if err := (Keys)(nil).Removal(Removal{}, nil); err != nil {
		t.Errorf("without keys: %v", err)
	}
	for name, c := range map[string]struct {
		r         Removal
		signature []byte
	}{
		"unsigned":        {r, nil},
		"cut":             {r, signature[:63]},
		"another key":     {r, other.SignRemoval(r)},
		"another cluster": {Removal{"test", r.Member, 7}, signature},
		"another member":  {Removal{"prod", netip.MustParseAddrPort("192.0.2.1:9998"), 7}, signature},
		"another session": {Removal{"prod", r.Member, 8}, signature},
		"any session":     {Removal{"prod", r.Member, 0}, private.SignRemoval(Removal{"prod", r.Member, 0})},
	} {
		if err := keys.Removal(c.r, c.signature); !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeyChanges: a signature is for one change, within some minutes.
func TestKeyChanges(t *testing.T) {
	private, keys := pair(t)
	now := time.Unix(1_800_000_000, 5)
	c := KeyChange{"prod", Use, "0123abcd", now}
	signature := private.SignKeyChange(c)
	for _, at := range []time.Duration{0, Validity - time.Second, time.Second - Validity} {
		if err := keys.KeyChange(c, signature, now.Add(at)); err != nil {
			t.Errorf("after %v: %v", at, err)
		}
	}
	for name, c := range map[string]struct {
		KeyChange
		at time.Duration
	}{
		"later":           {c, Validity + time.Second},
		"earlier":         {c, -Validity - time.Second},
		"another cluster": {KeyChange{"test", Use, c.Key, now}, 0},
		"another action":  {KeyChange{"prod", Remove, c.Key, now}, 0},
		"another key":     {KeyChange{"prod", Use, "0123abce", now}, 0},
		"another time":    {KeyChange{"prod", Use, c.Key, now.Add(time.Second)}, 0},
	} {
		if err := keys.KeyChange(c.KeyChange, signature, now.Add(c.at)); !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// No two statements are the same, wherever their parts end.
	if string(statement("a", "bc")) == string(statement("ab", "c")) || string(statement("a\n1:b")) == string(statement("a", "b")) {
		t.Error("two statements are the same bytes")
	}
}

// TestFiles: what is wrong is said, and no secret is.
func TestFiles(t *testing.T) {
	private, public := Generate()
	secret := strings.TrimSpace(strings.TrimPrefix(private, privatePrefix))
	for name, c := range map[string]struct{ text, private, public string }{
		"private":        {private, "", "private half"},
		"public":         {public, "public half", ""},
		"empty":          {"", "no private key", "has 0 keys"},
		"cut":            {private[:40], "no private key", "private half"},
		"cut public":     {public[:40], "public half", "line 1"},
		"something else": {"x", "no private key", "line 1"},
		"too many":       {strings.Repeat(public, MaxKeys+1), "public half", "has 17 keys"},
	} {
		path := put(t, c.text)
		_, err := ReadPrivate(path)
		check(t, name+", as private", err, c.private, path, secret)
		_, err = ReadKeys(path)
		check(t, name+", as public", err, c.public, path, secret)
	}
}

func check(t *testing.T, name string, err error, want, path, secret string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)):
		t.Errorf("%s: %v, want %q and the path", name, err, want)
	case err != nil && strings.Contains(err.Error(), secret[:20]):
		t.Errorf("%s: the error has the key", name)
	}
}
