// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"os"

	kitlog "github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/leases"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// reloadable registers what can be changed without a restart. docs/monitoring.md lists it.
// started is what the daemon was started with.
func reloadable(r *reload.Reloader, started *daemonflags.Flags, log *logging.Control, a *node.Assembly, book *leases.Book, logger kitlog.Logger) {
	r.Apply(func(f *daemonflags.Flags) error { log.SetLevel(threshold(f)); return nil }, "log-level", "verbose", "trace")
	r.Apply(func(f *daemonflags.Flags) error { return a.Node.SetHeartbeat(f.Heartbeat) }, "heartbeat")
	r.Apply(func(f *daemonflags.Flags) error { a.Messages.SetKeep(f.Keep, f.KeepBytes); return nil }, "keep", "keep-bytes")
	r.Apply(func(f *daemonflags.Flags) error { a.SetSeeds(f.Join); return nil }, "join")
	r.Apply(func(f *daemonflags.Flags) error { return a.Node.SetAllow(f.Allow) }, "allow")
	configured := started.Tags
	r.Apply(func(f *daemonflags.Flags) error {
		var gone []string // those that a client set are not the file's to remove
		for k := range configured {
			if _, kept := f.Tags[k]; !kept {
				gone = append(gone, k)
			}
		}
		_, err := book.SetTags(f.Tags, gone)
		if err == nil {
			configured = f.Tags
		}
		return err
	}, "tag")
	r.Apply(func(f *daemonflags.Flags) error { return reencrypt(a, f.Encrypt, logger) }, "encrypt")
	if a.Keys.Ring != nil {
		r.OnReload("--keyring-file", a.Keys.Ring.Reload)
	}
}

// newBook returns the book of the tags that the node announces.
func newBook(announced string, n *node.Node) (*leases.Book, error) {
	own, err := tags.Decode(announced)
	if err != nil {
		return nil, err
	}
	return leases.New(own, n.SetTags), nil
}

// reloadAt calls f at each signal until ctx is done.
func reloadAt(ctx context.Context, signals <-chan os.Signal, f func()) {
	for {
		select {
		case <-signals:
			f()
		case <-ctx.Done():
			return
		}
	}
}
