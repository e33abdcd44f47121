// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// heard takes down the keys that a ring tells.
func heard(r *Ring) *[][]wire.Key {
	var all [][]wire.Key
	r.OnChange(func(keys []wire.Key) { all = append(all, keys) })
	return &all
}

// TestChanges: each change in turn, what is reported, and what the file holds then.
func TestChanges(t *testing.T) {
	path := put(t, lines(nth(1)), 0o600)
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	told := heard(ring)
	id := func(n int) string { return ID(nth(n)) }
	for _, c := range []struct {
		name string
		do   func() error
		want []wire.Key // after it
		err  error
		told bool
	}{
		{"install", func() error { return ring.Install(nth(2)) }, []wire.Key{nth(1), nth(2)}, nil, true},
		{"install again", func() error { return ring.Install(nth(2)) }, []wire.Key{nth(1), nth(2)}, nil, false},
		{"install zeros", func() error { return ring.Install(wire.Key{}) }, []wire.Key{nth(1), nth(2)}, ErrBadKey, false},
		{"use what seals", func() error { return ring.Use(id(1)) }, []wire.Key{nth(1), nth(2)}, nil, false},
		{"use what is not there", func() error { return ring.Use(id(3)) }, []wire.Key{nth(1), nth(2)}, ErrUnknownKey, false},
		{"remove what seals", func() error { return ring.Remove(id(1)) }, []wire.Key{nth(1), nth(2)}, ErrKeyInUse, false},
		{"remove what is not there", func() error { return ring.Remove("") }, []wire.Key{nth(1), nth(2)}, ErrUnknownKey, false},
		{"use", func() error { return ring.Use(id(2)) }, []wire.Key{nth(2), nth(1)}, nil, true},
		{"install a third", func() error { return ring.Install(nth(3)) }, []wire.Key{nth(2), nth(1), nth(3)}, nil, true},
		{"use the third", func() error { return ring.Use(id(3)) }, []wire.Key{nth(3), nth(2), nth(1)}, nil, true},
		{"remove from the middle", func() error { return ring.Remove(id(2)) }, []wire.Key{nth(3), nth(1)}, nil, true},
		{"remove", func() error { return ring.Remove(id(1)) }, []wire.Key{nth(3)}, nil, true},
		{"remove the last", func() error { return ring.Remove(id(3)) }, []wire.Key{nth(3)}, ErrKeyInUse, false},
	} {
		before := len(*told)
		if err := c.do(); !errors.Is(err, c.err) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
		}
		if !slices.Equal(ring.Keys(), c.want) {
			t.Errorf("%s: the keys are %v, want %v", c.name, ring.IDs(), c.want)
		}
		kept, err := Load(path)
		if err != nil || !slices.Equal(kept.Keys(), c.want) {
			t.Errorf("%s: the file holds %v, %v", c.name, kept, err)
		}
		switch all := (*told)[before:]; {
		case !c.told && len(all) != 0:
			t.Errorf("%s: it is told that nothing changed", c.name)
		case c.told && (len(all) != 1 || !slices.Equal(all[0], c.want)):
			t.Errorf("%s: told %v", c.name, all)
		}
	}
	if others, err := os.ReadDir(filepath.Dir(path)); err != nil || len(others) != 1 {
		t.Errorf("files are left over: %v, %v", others, err)
	}
	for i := range MaxKeys - 1 {
		if err := ring.Install(nth(100 + i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ring.Install(nth(200)); !errors.Is(err, ErrFull) || len(ring.Keys()) != MaxKeys {
		t.Errorf("error %v, %d keys", err, len(ring.Keys()))
	}
	if err := ring.Install(nth(100)); err != nil {
		t.Errorf("what is there is refused since the ring is full: %v", err)
	}
}

// TestKeysAreCopies: who gets the keys cannot change them.
func TestKeysAreCopies(t *testing.T) {
	ring, err := FromText(lines(nth(1)))
	if err != nil {
		t.Fatal(err)
	}
	told := heard(ring)
	if err := ring.Install(nth(2)); err != nil {
		t.Fatal(err)
	}
	ring.Keys()[0], (*told)[0][1] = nth(7), nth(8)
	if !slices.Equal(ring.Keys(), some(2)) {
		t.Errorf("they are %v", ring.Keys())
	}
}

// TestUnwritable: when the file cannot be written, nothing changes and nothing is told.
func TestUnwritable(t *testing.T) {
	path := put(t, lines(nth(1), nth(2)), 0o600)
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	told := heard(ring)
	// A directory that is not there cannot be written by root either.
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func() error{
		"install": func() error { return ring.Install(nth(3)) },
		"use":     func() error { return ring.Use(ID(nth(2))) },
		"remove":  func() error { return ring.Remove(ID(nth(2))) },
	} {
		if err := change(); err == nil || !strings.Contains(err.Error(), "write the keyring") || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: error %v", name, err)
		}
		if !slices.Equal(ring.Keys(), some(2)) || len(*told) != 0 {
			t.Errorf("%s: it changed: %v, told %v", name, ring.IDs(), *told)
		}
	}
}

// TestReload: the file is read again; what is wrong with it changes nothing.
func TestReload(t *testing.T) {
	path := put(t, lines(nth(1)), 0o600)
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	told := heard(ring)
	if err := ring.Reload(); err != nil || len(*told) != 0 {
		t.Errorf("nothing changed: %v, told %v", err, *told)
	}
	if err := os.WriteFile(path, []byte(lines(nth(2), nth(1))), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(); err != nil || len(*told) != 1 || !slices.Equal((*told)[0], []wire.Key{nth(2), nth(1)}) {
		t.Errorf("%v, told %v", err, *told)
	}
	for _, bad := range []string{"", "x", lines(some(MaxKeys + 1)...)} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := ring.Reload(); err == nil || len(*told) != 1 || len(ring.Keys()) != 2 {
			t.Errorf("%q: %v, told %v", bad, err, *told)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(); err == nil || len(ring.Keys()) != 2 {
		t.Errorf("without a file: %v, %v", err, ring.IDs())
	}
}

// TestLinkIsKept: changes are written to where a link leads, and the link stays.
func TestLinkIsKept(t *testing.T) {
	target, link := put(t, lines(nth(1)), 0o600), filepath.Join(t.TempDir(), "keyring")
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("this system makes no links: %v", err)
	}
	ring, err := Load(link)
	if err != nil {
		t.Fatal(err)
	}
	heard(ring)
	if err := ring.Install(nth(2)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if kept, err := Load(target); err != nil || len(kept.Keys()) != 2 {
		t.Errorf("its target holds %v, %v", kept, err)
	}
}

// TestMode: what is written, others may not read, whatever the umask is.
func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not looked at on Windows")
	}
	path := put(t, lines(nth(1)), 0o400)
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	heard(ring)
	if err := ring.Install(nth(2)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestChangesOfMany: changes at once by many leave the file and the ring the same.
func TestChangesOfMany(t *testing.T) {
	path := put(t, lines(nth(1)), 0o600)
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var last []wire.Key
	ring.OnChange(func(keys []wire.Key) { last = keys })
	done := make(chan struct{})
	for i := range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 20 {
				k := nth(10 + i)
				if err := errors.Join(ring.Install(k), ring.Use(ID(k)), ring.Use(ID(nth(1)))); err != nil {
					t.Error(err)
				}
				// In use by then, or not.
				if err := ring.Remove(ID(k)); err != nil && !errors.Is(err, ErrKeyInUse) {
					t.Error(err)
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	kept, err := Load(path)
	if err != nil || !slices.Equal(kept.Keys(), ring.Keys()) || !slices.Equal(last, ring.Keys()) {
		t.Errorf("the ring has %v, the file %v, %v; last told was %v", ring.Keys(), kept, err, last)
	}
}
