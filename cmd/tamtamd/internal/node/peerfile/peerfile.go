// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package peerfile keeps the addresses of the members in a file, so that a node
// finds its cluster again after a restart without a seed. The file
// is text, one address a line, and replaced as a whole.
package peerfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/files"
)

const (
	// name of the file in the directory.
	name = "peers"
	// maxSize in bytes is more than the addresses of all members there can be.
	maxSize = 1 << 20
	// settle is how long changes are waited for before they are written together.
	settle = time.Second
)

// Members is the member table; *member.Table is one.
type Members interface {
	List() ([]member.Member, uint64)
	Watch(after *uint64, buffer int) member.Watch
}

// Load returns the addresses in the directory's file; none when there is no file yet. It makes
// the directory if there is none, and fails only if it cannot.
//
// The file only helps to find the cluster, so a damaged one does not keep a node from starting:
// Load returns what it can read, and logs one warning with the first line that is no address, or
// the reason why it stopped.
func Load(dir string, logger log.Logger) ([]netip.AddrPort, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, withoutPath(err)
	}
	path := filepath.Join(dir, name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		_ = level.Warn(logger).Log("msg", "known peers not read, the file is ignored", "err", err)
		return nil, nil
	}
	defer f.Close()
	all, skipped, err := read(f)
	if err != nil {
		err = fmt.Errorf("%s:%w", path, err)
		_ = level.Warn(logger).Log("msg", "known peers read in part, the file is damaged", "read", len(all), "skipped", skipped, "err", err)
	}
	return all, nil
}

// read returns the addresses of a file, one a line, how many lines are none, and the first error.
func read(r io.Reader) (all []netip.AddrPort, skipped int, first error) {
	lines := bufio.NewScanner(io.LimitReader(r, maxSize))
	n := 1
	for ; lines.Scan(); n++ {
		a, err := netip.ParseAddrPort(lines.Text())
		if err == nil {
			all = append(all, a)
			continue
		}
		if skipped++; first == nil {
			text := lines.Text()
			first = fmt.Errorf("%d: %.64q: want an IP and a port", n, text)
		}
	}
	if err := lines.Err(); err != nil && first == nil {
		first = fmt.Errorf("%d: %w", n, err)
	}
	return all, skipped, first
}

// withoutPath returns an error without the path, for a caller that names it.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("make the directory: %w", at.Err)
	}
	return err
}

// Keep writes the addresses of the members that keeps selects whenever they change, until ctx
// is done.
func Keep(ctx context.Context, dir string, members Members, keeps func(netip.AddrPort) bool, logger log.Logger) {
	warned := false
	var written []byte
	for ctx.Err() == nil {
		w := members.Watch(nil, 1)
		text := lines(w.Members, keeps)
		// A node that is alone has lost the others, or not found them yet.
		if len(text) > 0 && !bytes.Equal(text, written) {
			if err := files.Replace(filepath.Join(dir, name), text); err == nil {
				written, warned = text, false
			} else if !warned {
				_ = level.Warn(logger).Log("msg", "peers not kept, retrying", "err", err)
				warned = true
			}
		}
		var retry <-chan time.Time
		if warned {
			retry = time.After(10 * settle)
		}
		select { // whatever changes: the list is read again
		case <-w.Changes.C():
		case <-retry:
		case <-ctx.Done():
		}
		w.Changes.Unsubscribe()
		select {
		case <-time.After(settle):
		case <-ctx.Done():
		}
	}
}

// lines is the file for some members. A member that left is not found where it was.
func lines(members []member.Member, keeps func(netip.AddrPort) bool) []byte {
	var b bytes.Buffer
	for _, m := range members {
		if !m.Local && m.Status != member.Left && keeps(m.Addr) {
			fmt.Fprintln(&b, m.Addr)
		}
	}
	return b.Bytes()
}
