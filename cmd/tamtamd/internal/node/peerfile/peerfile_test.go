// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package peerfile

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	carol = netip.MustParseAddrPort("192.0.2.4:9999") // is not worth keeping
	bob   = netip.MustParseAddrPort("[2001:db8::2]:1")
)

// keeper is a Keep that runs, in virtual time.
type keeper struct {
	t      *testing.T
	table  *member.Table
	logged bytes.Buffer // to be read when all is quiet
}

func keeping(t *testing.T, dir string, f func(k *keeper)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{t: t, table: member.NewTable(self, member.Info{Session: 1}, 0, time.Now)}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			Keep(ctx, dir, k.table, func(a netip.AddrPort) bool { return a != carol }, log.NewLogfmtLogger(&k.logged))
		})
		f(k)
		cancel()
		wg.Wait()
	})
}

// put lists a member of that status.
func (k *keeper) put(a netip.AddrPort, s member.Status) {
	k.table.Put(a, member.Info{Session: 7})
	k.table.Set(a, s, self)
}

// lasts lets time pass.
func (k *keeper) lasts(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want fails when the file of the directory holds others.
func want(t *testing.T, dir string, want ...netip.AddrPort) {
	t.Helper()
	got, err := Load(dir, log.NewNopLogger())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("kept %v, %v; want %v", got, err, want)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "to be", "made")
	want(t, dir) // nothing is kept yet
	keeping(t, dir, func(k *keeper) {
		k.put(alice, member.Alive)
		k.put(bob, member.Dead) // it may come back where it was
		k.put(carol, member.Alive)
		k.lasts(3 * settle)
		want(t, dir, alice, bob)
		k.table.Remove(alice, self, member.Removed)
		k.lasts(3 * settle)
		want(t, dir, bob)
	})
	want(t, dir, bob)
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("the directory holds %v", left)
	}
}

func TestWhoLeftIsNotKept(t *testing.T) {
	dir := t.TempDir()
	keeping(t, dir, func(k *keeper) {
		k.put(alice, member.Alive)
		k.put(bob, member.Left)
		k.lasts(3 * settle)
		want(t, dir, alice)
	})
}

// TestAloneErasesNothing: the others must be found again.
func TestAloneErasesNothing(t *testing.T) {
	dir := t.TempDir()
	keeping(t, dir, func(k *keeper) {
		k.put(alice, member.Alive)
		k.lasts(3 * settle)
		k.table.Remove(alice, self, member.Removed)
		k.lasts(time.Hour)
		want(t, dir, alice)
	})
	keeping(t, dir, func(k *keeper) { // nor does a start
		k.lasts(time.Hour)
		want(t, dir, alice)
	})
}

// TestChangesAreWrittenTogether: a cluster that comes up is not a hundred writes.
func TestChangesAreWrittenTogether(t *testing.T) {
	dir := t.TempDir()
	keeping(t, dir, func(k *keeper) {
		k.lasts(3 * settle)
		k.put(alice, member.Alive)
		k.lasts(settle / 2)
		k.put(bob, member.Alive)
		k.lasts(settle / 4)
		want(t, dir)
		k.lasts(settle)
		want(t, dir, alice, bob)
	})
}

// TestUnwritableIsLoggedOnceAndTriedOn.
func TestUnwritableIsLoggedOnceAndTriedOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	keeping(t, dir, func(k *keeper) {
		k.put(alice, member.Alive)
		for range 10 { // whether or not something changes
			k.put(bob, member.Alive)
			k.put(bob, member.Dead)
			k.lasts(time.Minute)
		}
		if n := strings.Count(k.logged.String(), "peers not kept"); n != 1 {
			t.Errorf("logged %d times: %s", n, k.logged.String())
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		k.lasts(time.Minute)
		want(t, dir, alice, bob)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		k.put(bob, member.Left)
		k.lasts(time.Minute)
		if n := strings.Count(k.logged.String(), "peers not kept"); n != 2 {
			t.Errorf("another outage: logged %d times", n)
		}
	})
}

// TestDamage: what can be read is used, and one line of the log names the first that cannot.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []netip.AddrPort
		line       string // "" for no warning
	}{
		{"whole", "192.0.2.2:9999\n[2001:db8::2]:1\n", []netip.AddrPort{alice, bob}, ""},
		{"nonsense", "192.0.2.2:9999\nnonsense\n[2001:db8::2]:1\n", []netip.AddrPort{alice, bob}, "2"},
		{"no port", "192.0.2.2\n", nil, "1"},
		{"an empty line", "192.0.2.2:9999\n\n", []netip.AddrPort{alice}, "2"},
		{"two", "192.0.2.2:9999\n192.0.2.3:99999\nx\n", []netip.AddrPort{alice}, "2"},
		{"cut off", "192.0.2.2:9999\n[2001:db8::2]:1\n192.0.2.", []netip.AddrPort{alice, bob}, "3"},
		{"zeros, as after a power cut", "192.0.2.2:9999\n" + strings.Repeat("\x00", 4096), []netip.AddrPort{alice}, "2"},
		{"a line without an end", "192.0.2.2:9999\n" + strings.Repeat("x", maxSize), []netip.AddrPort{alice}, "2"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var logged bytes.Buffer
		got, err := Load(dir, log.NewLogfmtLogger(&logged))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
		text := logged.String()
		if warned := strings.Contains(text, path+":"+c.line+":"); warned != (c.line != "") || strings.Count(text, "\n") > 1 || len(text) > 1024 {
			t.Errorf("%s: logged %s; want line %q", c.name, text, c.line)
		}
	}
}

// TestUnreadable: without a directory nothing can be kept, which is an error. A file that cannot
// be read is none.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, log.NewNopLogger()); err == nil || strings.Contains(err.Error(), file) {
		t.Errorf("a file passes for a directory, or is named twice: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	if got, err := Load(dir, log.NewLogfmtLogger(&logged)); err != nil || len(got) > 0 || !strings.Contains(logged.String(), name) {
		t.Errorf("%v, %v, logged %s", got, err, logged.String())
	}
}

// TestFileIsPrivate: who is in a cluster is nobody else's business.
func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no such permissions")
	}
	dir := filepath.Join(t.TempDir(), "state")
	want(t, dir)
	keeping(t, dir, func(k *keeper) {
		k.put(alice, member.Alive)
		k.lasts(3 * settle)
	})
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, name): 0o600} {
		if s, err := os.Stat(path); err != nil || s.Mode().Perm() != mode {
			t.Errorf("%s is %v, %v", path, s.Mode(), err)
		}
	}
}
