// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/eelcocramer/tamtam/internal/rpcaddr"
)

const (
	// socketMode is who may connect: the daemon's user and group.
	socketMode = 0o660
	// answerWithin is how long the owner of a socket that is there may take to
	// answer; the kernel does so for it.
	answerWithin = time.Second
)

// unixListener removes its socket when it is closed, and no other that has taken its
// place.
type unixListener struct {
	*net.UnixListener
	path string
	own  fs.FileInfo
	once sync.Once
	err  error
}

func listenUnix(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	var l *net.UnixListener
	err := withMode(socketMode, func() (err error) {
		l, err = net.ListenUnix(rpcaddr.Unix, &net.UnixAddr{Name: path, Net: rpcaddr.Unix})
		return err
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("the directory of the socket is not there: make it first")
		}
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	own, err := settle(path)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return &unixListener{UnixListener: l, path: path, own: own}, nil
}

// settle sees to it that a socket that was just bound has its mode, which it has unless
// the directory has an access list for what is made in it. Where others may write into the
// directory, a link may have taken its place, and would lead the mode elsewhere.
func settle(path string) (fs.FileInfo, error) {
	own, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case own.Mode()&fs.ModeSocket == 0 && runtime.GOOS != "windows": // where sockets do not tell
		return nil, errors.New("something else took the place of the socket just now")
	case own.Mode().Perm() != socketMode:
		return own, os.Chmod(path, socketMode)
	}
	return own, nil
}

func (l *unixListener) Close() error {
	l.once.Do(func() {
		// First, so that nobody connects to what is not served.
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.own) {
			_ = os.Remove(l.path)
		}
		l.err = l.UnixListener.Close()
	})
	return l.err
}

// removeStale removes the socket of a process that is gone. It fails when there is
// something else at the path, or somebody answers there.
func removeStale(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode()&fs.ModeSocket == 0:
		return errors.New("there is a file that is no socket: remove it, or give another --rpc")
	}
	conn, err := net.DialTimeout(rpcaddr.Unix, path, answerWithin)
	switch {
	case err == nil:
		_ = conn.Close()
		return errors.New("address already in use (another process has it: give another --rpc)")
	case errors.Is(err, fs.ErrNotExist): // gone just now
		return nil
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("there is a socket, and whether it is in use is unknown: %w", cause(err))
	}
	// Another daemon may have replaced it meanwhile.
	if now, err := os.Lstat(path); err != nil || !os.SameFile(st, now) {
		return errors.New("the socket changes hands just now: another tamtamd starts there")
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the socket of a process that is gone: %w", err)
	}
	return nil
}
