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

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

const (
	// socketMode lets the daemon's user and group connect.
	socketMode = 0o660
	// answerWithin bounds the attempt to connect to a socket that exists already. The
	// kernel answers for its owner.
	answerWithin = time.Second
)

// unixListener removes its socket when it is closed, but not another socket that has taken
// its place.
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
		l, err = net.ListenUnix(netaddr.Unix, &net.UnixAddr{Name: path, Net: netaddr.Unix})
		return err
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("the directory of the socket does not exist: create it first")
		}
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	own, err := ensureMode(path)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return &unixListener{UnixListener: l, path: path, own: own}, nil
}

// ensureMode sets the mode of a socket that has just been bound. The mode differs only if
// the directory has a default access list. If others can write to the directory, a symbolic
// link may have replaced the socket, and the mode would be set on its target. So ensureMode
// refuses anything but a socket.
func ensureMode(path string) (fs.FileInfo, error) {
	own, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case own.Mode()&fs.ModeSocket == 0 && runtime.GOOS != "windows": // which does not mark sockets
		return nil, errors.New("another file has just replaced the socket")
	case own.Mode().Perm() != socketMode:
		return own, os.Chmod(path, socketMode)
	}
	return own, nil
}

func (l *unixListener) Close() error {
	l.once.Do(func() {
		// Removed before the close, so that no client connects to a closed listener.
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.own) {
			_ = os.Remove(l.path)
		}
		l.err = l.UnixListener.Close()
	})
	return l.err
}

// removeStale removes the socket of a process that has ended. It fails if the path is
// another kind of file, or if a process answers.
func removeStale(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode()&fs.ModeSocket == 0:
		return errors.New("the path is a file that is not a socket: remove it, or give another --rpc")
	}
	conn, err := net.DialTimeout(netaddr.Unix, path, answerWithin)
	switch {
	case err == nil:
		_ = conn.Close()
		return errors.New("address already in use (another process has it: give another --rpc)")
	case errors.Is(err, fs.ErrNotExist): // removed since the Lstat
		return nil
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("the socket exists, and may be in use: %w", cause(err))
	}
	// Another daemon may have replaced it meanwhile.
	if now, err := os.Lstat(path); err != nil || !os.SameFile(st, now) {
		return errors.New("another tamtamd has just replaced the socket")
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the socket of a process that has ended: %w", err)
	}
	return nil
}
