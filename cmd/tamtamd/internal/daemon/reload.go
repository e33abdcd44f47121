// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"os"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// threshold is that of the log.
func threshold(f *daemonflags.Flags) logging.Level {
	switch {
	case f.Trace:
		return logging.Trace
	case f.Verbose:
		return logging.Debug
	}
	return logging.Info
}

// reloadable registers what can be changed without a restart. docs/monitoring.md lists it.
// started is what the daemon was started with.
func reloadable(r *reload.Reloader, started *daemonflags.Flags, log *logging.Control, n *node.Node, b *broadcast.Broadcaster, s *seeker) {
	r.Apply(func(f *daemonflags.Flags) error { log.SetLevel(threshold(f)); return nil }, "verbose", "trace")
	r.Apply(func(f *daemonflags.Flags) error { return n.SetHeartbeat(f.Heartbeat) }, "heartbeat")
	r.Apply(func(f *daemonflags.Flags) error { b.SetKeep(f.Keep, f.KeepBytes); return nil }, "keep", "keep-bytes")
	r.Apply(func(f *daemonflags.Flags) error { s.set(f.Join); return nil }, "join")
	configured := started.Tags
	r.Apply(func(f *daemonflags.Flags) error {
		var gone []string // those that a client set are not the file's to remove
		for k := range configured {
			if _, kept := f.Tags[k]; !kept {
				gone = append(gone, k)
			}
		}
		_, err := n.SetTags(f.Tags, gone)
		if err == nil {
			configured = f.Tags
		}
		return err
	}, "tag")
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

// seeker seeks seeds that may be exchanged for others.
type seeker struct {
	seek func(ctx context.Context, seeds []string) // until ctx is done
	next chan []string
}

func newSeeker(seek func(context.Context, []string)) *seeker {
	return &seeker{seek, make(chan []string, 1)}
}

// set seeks other seeds from now on. It does not wait. One goroutine may call it.
func (s *seeker) set(seeds []string) {
	select {
	case <-s.next: // not taken yet
	default:
	}
	s.next <- seeds
}

// run seeks until ctx is done.
func (s *seeker) run(ctx context.Context, seeds []string) {
	for ctx.Err() == nil {
		seeking, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			s.seek(seeking, seeds)
			close(done)
		}()
		select {
		case seeds = <-s.next:
		case <-ctx.Done():
		}
		cancel()
		<-done
	}
}

// alive returns how many members are alive, this node among them.
func alive(t *member.Table) int {
	n := 0
	all, _ := t.List()
	for _, m := range all {
		if m.Status == member.Alive {
			n++
		}
	}
	return n
}
