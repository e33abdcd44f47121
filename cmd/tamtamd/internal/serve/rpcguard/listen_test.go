// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/testcert"
)

// socketPath is short enough for a socket, wherever directories of tests are.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "rpc.sock")
}

// TestOpenAddresses: what other machines reach is not served as it is, unless that is
// meant.
func TestOpenAddresses(t *testing.T) {
	ca := testcert.NewAuthority(t)
	node := ca.Issue(t, time.Hour)
	plain, _ := newGuard(t, Config{})
	encrypted, _ := newGuard(t, Config{Cert: node.Cert, Key: node.Key})
	for _, c := range []struct {
		at    string
		local bool
	}{
		{"127.0.0.1:0", true}, {"localhost:0", true}, {"unix://" + socketPath(t), true},
		{":0", false}, {"0.0.0.0:0", false}, {"127.0.0.1:0,:0", false},
	} {
		for name, open := range map[string]func() ([]net.Listener, error){
			"plain":     func() ([]net.Listener, error) { return plain.Listen(addresses(t, c.at), false) },
			"insecure":  func() ([]net.Listener, error) { return plain.Listen(addresses(t, c.at), true) },
			"encrypted": func() ([]net.Listener, error) { return encrypted.Listen(addresses(t, c.at), false) },
		} {
			all, err := open()
			if refused := err != nil; refused != (name == "plain" && !c.local) {
				t.Errorf("%s, %s: %v", c.at, name, err)
			}
			if err != nil && !strings.Contains(err.Error(), "--rpc-insecure") {
				t.Errorf("%s, %s: %v", c.at, name, err)
			}
			for _, l := range all {
				_ = l.Close()
			}
		}
	}
	// Neither is an address of another machine bound before it is refused.
	if _, err := plain.Listen(addresses(t, "192.0.2.77:0"), false); err == nil || !strings.Contains(err.Error(), "--rpc-insecure") {
		t.Errorf("got %v", err)
	}
	if _, err := plain.Listen(addresses(t, "no-such-host.invalid:0"), false); err == nil || !strings.Contains(err.Error(), "no-such-host") {
		t.Errorf("got %v", err)
	}
}

// TestNoneOrAll: when one address cannot be bound, the others are free again.
func TestNoneOrAll(t *testing.T) {
	g, _ := newGuard(t, Config{})
	path := socketPath(t)
	if _, err := g.Listen(addresses(t, "unix://"+path+",unix:///nonexistent/s"), false); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("a socket is left: %v", err)
	}
}

func TestUnixSocket(t *testing.T) {
	g, _ := newGuard(t, Config{})
	path := socketPath(t)
	at := addresses(t, "unix://"+path)
	listen := func() (net.Listener, error) {
		all, err := g.Listen(at, false)
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
	first, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Lstat(path)
	if err != nil || st.Mode() != os.ModeSocket|0o660 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	// In use.
	if _, err := listen(); err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), path) {
		t.Errorf("a second daemon: %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the first lost its socket: %v", err)
	}
	// Removed at the end.
	_ = first.Close()
	_ = first.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
	// Stale: as after a crash.
	crashed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	crashed.SetUnlinkOnClose(false)
	_ = crashed.Close()
	second, err := listen()
	if err != nil {
		t.Fatalf("a stale socket: %v", err)
	}
	// Somebody took its place: that is not removed.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	third, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("another's socket was removed: %v", err)
	}
	_ = third.Close()
}

// TestNoSocketIsNeverRemoved: files, directories and links stay.
func TestNoSocketIsNeverRemoved(t *testing.T) {
	g, _ := newGuard(t, Config{})
	for name, put := range map[string]func(path string) error{
		"file":      func(p string) error { return os.WriteFile(p, []byte("x"), 0o600) },
		"directory": func(p string) error { return os.Mkdir(p, 0o700) },
		"link":      func(p string) error { return os.Symlink("/nonexistent", p) },
	} {
		path := socketPath(t)
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Listen(addresses(t, "unix://"+path), false); err == nil || !strings.Contains(err.Error(), "not a socket") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
