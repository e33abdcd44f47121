// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// Config says what a Topics is made of. All fields are required.
type Config struct {
	Self netip.AddrPort
	// Send is CoreConfig.Send. It must not call the Topics.
	Send func(to netip.AddrPort, b []byte) bool
	// Flush is called after it, without a lock: what was sent need not leave earlier.
	Flush func()
	// Deliver gets each value that becomes the present one of its topic, in that order. It must neither
	// block nor call the Topics.
	Deliver func(Value)
}

// Topics has the retained topics of this node. Its methods may be called from any goroutine, and only Set and
// Run block.
type Topics struct {
	cfg  Config
	wake chan struct{} // asks Run for an iteration

	mu      sync.Mutex // guards the rest
	core    *Core
	live    map[netip.AddrPort]member.Info // the others, without plain Smudge nodes
	armed   time.Time                      // when Run is next due by itself
	changed chan struct{}                  // closed, and replaced, when a wait may be over
}

// New returns a Topics without values that knows only this node.
func New(cfg Config) *Topics {
	t := &Topics{cfg: cfg, wake: make(chan struct{}, 1), live: map[netip.AddrPort]member.Info{}, changed: make(chan struct{})}
	t.core = NewCore(CoreConfig{Self: cfg.Self, Send: cfg.Send, Deliver: cfg.Deliver, Random: rand.IntN})
	return t
}

// All as Request.Wait waits until all live members have the value.
const All = -1

// Request is a value to set.
type Request struct {
	Topic   string
	Payload []byte // empty to delete the topic
	// Wait is the number of members that must have the value before Set returns. Fewer live
	// members are ErrTooFew. All waits for all.
	Wait int
	// Least is the number of members, besides this node, that must be live for All.
	Least int
}

// Receipt reports what became of a value.
type Receipt struct {
	Members int // live members that keep retained topics
	Have    int // those that confirmed that they have the value, or a later one
	// Missing are the members that have not; empty if Request.Wait is met. For All, members of earlier
	// versions are among them: they keep none, and Set does not wait for them.
	Missing []netip.AddrPort
	Took    time.Duration
}

// Set sets the value of a topic on all nodes, and waits for Request.Wait members. The end of ctx during that is no
// error: the receipt lists the members that lack it. Fails with ErrInvalid, ErrFull, ErrClock, ErrTooFew or
// ErrBusy; then nothing was set.
func (t *Topics) Set(ctx context.Context, r Request) (Receipt, error) {
	began := time.Now()
	receipt, id, err := t.set(began, r)
	if err != nil || id == 0 {
		return receipt, err
	}
	defer t.do(func(time.Time) { t.core.Forget(id) })
	for more := true; ; {
		t.mu.Lock()
		receipt.Have, receipt.Missing = t.core.Progress(id)
		changed := t.changed
		t.mu.Unlock()
		receipt.Took = time.Since(began)
		met := len(receipt.Missing) == 0 || r.Wait >= 0 && receipt.Have >= r.Wait
		if met {
			receipt.Missing = nil
		}
		if met || !more {
			if r.Wait == All {
				receipt.Missing = append(receipt.Missing, t.earlier()...)
			}
			return receipt, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			more = false
		}
	}
}

func (t *Topics) set(now time.Time, r Request) (receipt Receipt, id uint64, err error) {
	want := r.Wait
	if want == All {
		want = r.Least
	}
	t.do(func(time.Time) {
		if receipt.Members = t.core.Live(); want > receipt.Members {
			err = fmt.Errorf("%w: %d can confirm a retained message, want %d; nothing was set", ErrTooFew, receipt.Members, want)
			return
		}
		id, err = t.core.Set(now, r.Topic, bytes.Clone(r.Payload), r.Wait != 0)
		t.core.Tick(now)
	})
	receipt.Took = time.Since(now)
	if r.Wait == All && id == 0 {
		receipt.Missing = t.earlier()
	}
	return receipt, id, err
}

// earlier returns the live members that keep no retained topics, ordered.
func (t *Topics) earlier() (all []netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for a, info := range t.live {
		if !info.Retaining {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return all
}

// Values returns the present values, ordered by topic.
func (t *Topics) Values() []Value {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.core.Values()
}

// Since returns the values that became present ones after a revision, in that order, those of deleted topics included,
// and the last revision.
func (t *Topics) Since(revision uint64) (values []Value, last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.core.Since(revision)
}

// Receive handles what a member sent. b is only read during the call.
func (t *Topics) Receive(from netip.AddrPort, b []byte) {
	t.do(func(now time.Time) { t.core.Receive(now, from, b) })
}

// OnMember applies a change of the member table, which holds a lock meanwhile: Run has what is sent leave.
func (t *Topics) OnMember(c member.Change) {
	m := c.Member
	if m.Local {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.settle()
	before, known := t.live[m.Addr]
	if c.Removed || m.Status.Gone() || m.Plain() {
		delete(t.live, m.Addr)
		t.core.Gone(m.Addr)
		return
	}
	t.live[m.Addr] = m.Info
	switch {
	case !m.Retaining:
		t.core.Gone(m.Addr)
	case !known || !before.Retaining || before.Session != m.Session:
		t.core.Up(time.Now(), m.Addr)
	}
}

// do calls the core. What was sent leaves after that, without the lock.
func (t *Topics) do(call func(now time.Time)) {
	t.locked(call)
	t.cfg.Flush()
}

func (t *Topics) locked(call func(now time.Time)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.settle()
	call(time.Now())
}

// settle wakes those who wait, and Run if something is due earlier than it knows. mu is held.
func (t *Topics) settle() {
	close(t.changed)
	t.changed = make(chan struct{})
	if next := t.core.Next(); !next.IsZero() && (t.armed.IsZero() || next.Before(t.armed)) {
		t.armed = next
		t.Wake()
	}
}

// Wake has Run go through one iteration, soon.
func (t *Topics) Wake() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Run does what is due until ctx is done.
func (t *Topics) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-t.wake:
		case <-ctx.Done():
			return
		}
		wait := time.Hour
		t.do(func(now time.Time) {
			t.core.Tick(now)
			if t.armed = t.core.Next(); !t.armed.IsZero() {
				wait = time.Until(t.armed)
			}
		})
		timer.Reset(wait)
	}
}

// Counters adds what was counted to m.
func (t *Topics) Counters(m map[string]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.core.Counters(m)
}
