// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// TestKeyringOf: where the keyring comes from; what is half given is refused, and no
// error holds a key.
func TestKeyringOf(t *testing.T) {
	one, two := keyring.Generate(), keyring.Generate()
	good := filepath.Join(t.TempDir(), "keyring")
	if err := os.WriteFile(good, []byte(one), 0o600); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "nosuch")
	for _, c := range []struct {
		name, file string
		env        *string // TAMTAM_KEYRING
		keys       int     // 0: no keyring
		kept       bool
		err        string
	}{
		{"neither", "", nil, 0, false, ""},
		{"a file", good, nil, 1, true, ""},
		{"the environment", "", ptr(one + "," + two), 2, false, ""},
		{"both", good, ptr(two), 0, false, "both given"},
		{"both, one of them empty", good, ptr(""), 0, false, "both given"},
		{"an empty variable", "", ptr(""), 0, false, daemonflags.KeyringEnv + ": it has no key"},
		{"a bad variable", "", ptr(one[:30]), 0, false, daemonflags.KeyringEnv + ": line 1"},
		{"no such file", none, nil, 0, false, "--keyring-file: stat " + none},
	} {
		_ = os.Unsetenv(daemonflags.KeyringEnv)
		if c.env != nil {
			t.Setenv(daemonflags.KeyringEnv, *c.env)
		}
		ring, err := keyringOf(c.file)
		switch {
		case c.err != "":
			if err == nil || ring != nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), one[:10]) {
				t.Errorf("%s: %v, %v; want an error with %q", c.name, ring, err, c.err)
			}
		case err != nil || (ring != nil) != (c.keys > 0):
			t.Errorf("%s: %v, %v", c.name, ring, err)
		case ring != nil && (len(ring.Keys()) != c.keys || ring.Kept() != c.kept):
			t.Errorf("%s: %d keys, kept %v", c.name, len(ring.Keys()), ring.Kept())
		}
	}
}

// TestEncryptionOf: what --encrypt stands for, with keys and without.
func TestEncryptionOf(t *testing.T) {
	const without = " without keys: give --keyring-file or TAMTAM_KEYRING"
	for _, c := range []struct {
		value     string
		with      wire.Encryption
		otherwise string // off, or the error
	}{
		{"", wire.EncryptRequire, "off"},
		{"off", wire.EncryptOff, "off"},
		{"accept", wire.EncryptAccept, "--encrypt accept" + without},
		{"send", wire.EncryptSend, "--encrypt send" + without},
		{"require", wire.EncryptRequire, "--encrypt require" + without},
	} {
		e, err := encryptionOf(c.value, true)
		if err != nil || e != c.with || c.value != "" && e.String() != c.value {
			t.Errorf("%q with keys: %v, %v", c.value, e, err)
		}
		e, err = encryptionOf(c.value, false)
		if have := e.String(); err != nil && err.Error() != c.otherwise || err == nil && have != c.otherwise {
			t.Errorf("%q without keys: %v, %v; want %q", c.value, e, err, c.otherwise)
		}
	}
}

func ptr(s string) *string { return &s }
