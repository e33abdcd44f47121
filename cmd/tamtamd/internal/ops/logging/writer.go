// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package logging

import (
	"io"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

const (
	// writeWithin is how long a line is waited for. It is far longer than a write to a file, a
	// terminal or a journal that works.
	writeWithin = 100 * time.Millisecond
	// maxQueued in bytes bounds the lines that wait while the writer is stuck.
	maxQueued = 256 << 10
	// unwaited in bytes is how much may be queued for the next line not to be waited for.
	unwaited = maxQueued / 4
)

// writer writes lines to another one that may fail or block: a pipe whose reader has ended or
// stands still, or a full disk. Its Write always succeeds, and blocks for writeWithin at most.
//
// Lines are written by one goroutine, which can be stuck for good. To wait for each takes more time
// than to write it: a node that comes to know a hundred members would do little else. So a line is
// waited for only if many are queued, or by who asks for it, as the program does at its end; but not
// while the goroutine is stuck already. Lines that cannot be written, or for which there is no room,
// are lost and counted.
type writer struct {
	to     io.Writer
	report func(lost uint64) []byte // the line that says so
	wake   chan struct{}            // has room for one
	counts *counter.Set

	mu     sync.Mutex // guards what follows
	queue  []line
	queued int // bytes
	stuck  bool
	lost   uint64 // since the last report
}

type line struct {
	text    []byte        // empty: there is nothing to write, and somebody waits for the lines before
	written chan struct{} // closed when it is, or is lost; nil if nobody waits
}

func newWriter(to io.Writer, report func(lost uint64) []byte) *writer {
	w := &writer{to: to, report: report, wake: make(chan struct{}, 1), counts: counters.NewSet()}
	go w.run()
	return w
}

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	w.put(b, false)
	return len(b), nil
}

// flush waits for the lines that are queued, for writeWithin at most.
func (w *writer) flush() { w.put(nil, true) }

// waiting is a writer whose lines are waited for.
type waiting struct{ *writer }

// Write implements io.Writer.
func (w waiting) Write(b []byte) (int, error) {
	w.put(b, true)
	return len(b), nil
}

// put queues a line, and waits for it if it must be waited for, or many are queued.
func (w *writer) put(b []byte, wait bool) {
	w.mu.Lock()
	if w.queued+len(b) > maxQueued {
		w.lose()
		w.mu.Unlock()
		return
	}
	l := line{text: append([]byte(nil), b...)}
	if wait = (wait || w.queued > unwaited) && !w.stuck; wait {
		l.written = make(chan struct{})
	}
	w.queue, w.queued = append(w.queue, l), w.queued+len(b)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
	if !wait {
		return
	}
	timer := time.NewTimer(writeWithin)
	defer timer.Stop()
	select {
	case <-l.written:
	case <-timer.C:
		w.mu.Lock()
		w.stuck = len(w.queue) > 0 // it is not, if the line was written meanwhile
		w.mu.Unlock()
	}
}

// run writes what is queued, forever.
func (w *writer) run() {
	for range w.wake {
		for w.next() {
		}
	}
}

// next writes the first line of the queue, and reports whether there was one.
func (w *writer) next() bool {
	w.mu.Lock()
	if len(w.queue) == 0 {
		w.mu.Unlock()
		return false
	}
	l, lost := w.queue[0], w.lost
	w.mu.Unlock()

	var err error
	if len(l.text) > 0 {
		_, err = w.to.Write(l.text)
	}
	if err == nil && len(l.text) > 0 && lost > 0 {
		if _, err := w.to.Write(w.report(lost)); err != nil {
			lost = 0 // not reported
		}
	}

	w.mu.Lock()
	if err != nil {
		w.lose()
	} else if len(l.text) > 0 {
		w.lost -= lost
	}
	// It stays in the queue until here, so that a queue that is not empty is one at work.
	w.queue, w.queued, w.stuck = w.queue[1:], w.queued-len(l.text), false
	w.mu.Unlock()
	if l.written != nil {
		close(l.written)
	}
	return true
}

// lose counts a line that is not written. The lock is held.
func (w *writer) lose() {
	w.lost++
	w.counts.Inc(linesLost)
}

var counters counter.Table

var linesLost = counters.New("log_lines_lost", "Log lines that could not be written: the reader of the log has ended or stands still, or the disk is full.")
