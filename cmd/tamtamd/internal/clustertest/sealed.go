// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// NewKey returns a key, as a keyring holds it and as the transport takes it.
func NewKey(t testing.TB) (text string, key wire.Key) {
	t.Helper()
	text = keyring.Generate()
	key, err := keyring.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return text, key
}

// Keyring writes a keyring file.
func Keyring(t testing.TB, keys ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyring")
	if err := os.WriteFile(path, []byte(strings.Join(keys, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keysIn returns the keys that a file holds.
func keysIn(t testing.TB, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Parse(string(b))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range keys {
		names = append(names, keyring.ID(k))
	}
	return names
}

// Sealed starts daemons with keyring files of their own, and the same key, which join
// through the first, and waits until all see all.
func Sealed(t testing.TB, dir string, n int, key string, args ...string) (all []*Daemon, files []string) {
	t.Helper()
	for i := range n {
		files = append(files, Keyring(t, key))
		own := append([]string{"--keyring-file", files[i]}, args...)
		if i > 0 {
			own = append(own, "--join", all[0].Gossip.String())
		}
		all = append(all, StartDaemon(t, dir, nil, own...))
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	return all, files
}
