// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// TestJudgeServer: root, this user and the owner of the directory may serve a socket.
func TestJudgeServer(t *testing.T) {
	for uid, ok := range map[int]bool{0: true, 1000: true, 990: true, 65534: false, 1001: false} {
		err := judgeServer(uid, []int{0, 1000, 990, 0})
		var impostor *impostorError
		if (err == nil) != ok || !ok && !errors.As(err, &impostor) {
			t.Errorf("user %d: %v", uid, err)
		}
	}
}

// TestOwnerOf: a directory in which all users may write is of no user, unless it is sticky.
func TestOwnerOf(t *testing.T) {
	dir := t.TempDir()
	for mode, ok := range map[os.FileMode]bool{
		0o700: true, 0o755: true, 0o775: true, 0o777 | os.ModeSticky: true, 0o777: false,
	} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if uid, got := ownerOf(dir); got != ok || ok && uid != os.Geteuid() {
			t.Errorf("mode %v: user %d, %v", mode, uid, got)
		}
	}
	if _, ok := ownerOf(filepath.Join(dir, "none")); ok {
		t.Error("a missing directory has an owner")
	}
}

// TestDialChecksTheServer: a connection to a socket of this user is accepted. One to a socket of
// another user is closed, and is an error.
func TestDialChecksTheServer(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := &dialer{to: netaddr.RPC{Network: netaddr.Unix, Addr: path}}
	conn, err := d.dial(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	d.check = func(net.Conn, string) error { return judgeServer(65534, []int{0}) }
	var impostor *impostorError
	if conn, err := d.dial(t.Context(), ""); conn != nil || !errors.As(err, &impostor) || impostor.uid != 65534 {
		t.Errorf("connected to an impostor: %v, %v", conn, err)
	}
}
