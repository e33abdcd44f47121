// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// ErrInvalid: a request is wrong in any state of the cluster.
var ErrInvalid = errors.New("bad query")

// defaultTimeout is how long a query waits if its caller does not say.
const defaultTimeout = 2 * time.Second

// Config says what an Exchange is made of. All fields but Late and Lifetime are required.
type Config struct {
	Self member.Identity
	// SendQuestion and SendAnswer send a message, on the channels of package peers. They
	// return false when there is no session with the node, or too much is under way. They must
	// not block or call the Exchange.
	SendQuestion, SendAnswer func(to netip.AddrPort, b []byte) bool
	// Flush is called after them, without a lock: what was sent need not leave earlier.
	Flush func()
	// Late gets how late Run was, by more than lateness.From. It must not call the Exchange.
	Late func(by time.Duration)
	// Lifetime is that of CoreConfig.
	Lifetime time.Duration
	// Random returns a random number that no other member can guess.
	Random func() uint64
}

// Exchange asks and answers. Its methods may be called from any goroutine, and none blocks, but
// Run and Next of what it returns.
type Exchange struct {
	cfg  Config
	wake chan struct{} // asks Run for an iteration

	mu        sync.Mutex // guards the rest
	core      *Core
	members   map[netip.AddrPort]member.Member
	queries   map[uint64]*feed
	answerers map[uint64]*feed
	bytes     int // of the answers in feeds of queries
	armed     time.Time
	due       lateness.Due
	events    []Event
	closed    bool
}

// New returns an Exchange that knows only this node.
func New(cfg Config) *Exchange {
	x := &Exchange{
		cfg: cfg, wake: make(chan struct{}, 1), queries: map[uint64]*feed{}, answerers: map[uint64]*feed{},
		members: map[netip.AddrPort]member.Member{
			cfg.Self.Addr: {Addr: cfg.Self.Addr, Status: member.Alive, Local: true, Info: cfg.Self.Info},
		},
	}
	x.core = NewCore(CoreConfig{
		Self: cfg.Self.Addr,
		SendQuestion: func(to netip.AddrPort, token uint64, m *peerv1.UserQuestion) bool {
			return cfg.SendQuestion(to, EncodeQuestion(token, m))
		},
		SendAnswer: func(to netip.AddrPort, token uint64, m *peerv1.UserAnswer) bool {
			return cfg.SendAnswer(to, EncodeAnswer(token, m))
		},
		Tags:     func() string { return x.members[cfg.Self.Addr].Tags }, // mu is held
		Lifetime: cfg.Lifetime,
		Live:     func(a netip.AddrPort) bool { return x.members[a].Status.Live() }, // likewise
		Room: func(size int) bool { // likewise
			size += x.core.Assembling()
			return size <= limits.QueryEventBytes/2 && x.bytes+size <= limits.QueryEventBytes
		},
	})
	return x
}

// Asked takes the question of a member. It is only read during the call. It returns false if it
// is not a user's.
func (x *Exchange) Asked(from netip.AddrPort, b []byte) bool {
	token, q := DecodeQuestion(b)
	if q == nil {
		return false
	}
	x.do(func(now time.Time) { x.core.Asked(now, from, token, q) })
	return true
}

// Answered takes an answer. It is only read during the call. It returns false if it is to no
// query of a user.
func (x *Exchange) Answered(from netip.AddrPort, b []byte) (ours bool) {
	token, _ := splitToken(b)
	x.mu.Lock()
	_, ours = x.queries[token]
	x.mu.Unlock()
	if ours {
		_, m, text := DecodeAnswer(b)
		x.do(func(now time.Time) { x.core.Answered(now, from, token, m, text) })
	}
	return ours
}

// OnMember applies a change of the member table, which holds a lock meanwhile.
func (x *Exchange) OnMember(c member.Change) {
	m, why := c.Member, ""
	defer func() {
		if why != "" && !m.Local {
			x.Wake() // Run flushes
		}
	}()
	x.locked(func(now time.Time) {
		before, known := x.members[m.Addr]
		switch {
		case c.Removed:
			why = "it was removed"
			delete(x.members, m.Addr)
		default:
			x.members[m.Addr] = m
			why = gone(m)
			if why == "" && known && before.Status.Live() && before.Session != m.Session {
				why = "it restarted"
			}
		}
		if why != "" && !m.Local {
			x.core.Gone(now, m.Addr, why)
		}
	})
}

// gone returns a sentence about a member that is not live; "" for one that is.
func gone(m member.Member) string {
	switch {
	case m.Status.Live():
		return ""
	case m.Status == member.Left:
		return "it has left"
	}
	return "it is dead"
}

// Request is a query of a caller.
type Request struct {
	Topic   string
	Payload []byte
	To      recipients.Recipients
	Timeout time.Duration // 0: 2 seconds
}

func (r *Request) check() error {
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	if err := r.To.Check(); err != nil {
		return err
	}
	switch {
	case !ValidTopic(r.Topic):
		return fmt.Errorf("%w: topic %q: want 1 to %d bytes of printable UTF-8", ErrInvalid, r.Topic, limits.MaxTopic)
	case len(r.Payload) > limits.MaxQuestion:
		return fmt.Errorf("%w: the payload has %d bytes, want at most %d", ErrInvalid, len(r.Payload), limits.MaxQuestion)
	case r.Timeout < time.Millisecond || r.Timeout > limits.MaxQueryTimeout:
		return fmt.Errorf("%w: timeout %v: want 1ms to %v", ErrInvalid, r.Timeout, limits.MaxQueryTimeout)
	}
	return nil
}

// Query begins a query, and returns what comes of it and how many members are asked. Fails with
// ErrInvalid, ErrTooMany, fanout.ErrClosed, or as recipients.Recipients does. The caller must close
// the feed.
func (x *Exchange) Query(r Request) (f *Feed, asked int, err error) {
	if err := r.check(); err != nil {
		return nil, 0, err
	}
	x.do(func(now time.Time) {
		if x.closed {
			err = fanout.ErrClosed
			return
		}
		var targets []Target
		if targets, err = x.targets(r); err != nil {
			return
		}
		token := x.cfg.Random()
		one := newFeed()
		x.queries[token] = one
		if err = x.core.Ask(now, token, Query{r.Topic, r.Payload, r.To.Tags, targets, r.Timeout}); err != nil {
			delete(x.queries, token)
			return
		}
		asked, f = len(targets), &Feed{x: x, feed: one, id: token}
	})
	return f, asked, err
}

// targets returns the members to ask, ordered by address. mu is held.
func (x *Exchange) targets(r Request) (all []Target, err error) {
	members, err := r.To.Among(x.members)
	for _, m := range members {
		all = append(all, Target{Addr: m.Addr, Gone: gone(m), Plain: m.Plain(), Matches: filter.MatchTags(m.Tags, r.To.Tags)})
	}
	return all, err
}

// Name returns the name of a member; "" if it is not known.
func (x *Exchange) Name(a netip.AddrPort) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.members[a].Name
}

// Register adds a program that answers the questions about some topics: with share, those that
// share a topic do so in turn. Its feed has Deliveries. Fails with ErrInvalid, ErrTooMany or
// fanout.ErrClosed. The caller must close the feed.
func (x *Exchange) Register(topics []string, share bool) (f *Feed, err error) {
	if n := len(topics); n == 0 || n > limits.MaxAnswererTopic {
		return nil, fmt.Errorf("%w: %d topics, want 1 to %d", ErrInvalid, n, limits.MaxAnswererTopic)
	}
	topics = slices.Compact(slices.Sorted(slices.Values(topics)))
	for _, t := range topics {
		if !ValidTopic(t) {
			return nil, fmt.Errorf("%w: topic %q: want 1 to %d bytes of printable UTF-8", ErrInvalid, t, limits.MaxTopic)
		}
	}
	x.do(func(time.Time) {
		var id uint64
		if x.closed {
			err = fanout.ErrClosed
		} else if id, err = x.core.Register(topics, share); err == nil {
			one := newFeed()
			x.answerers[id] = one
			f = &Feed{x: x, feed: one, id: id, answers: true}
		}
	})
	return f, err
}

// do calls the core, passes on what happened, and wakes Run if something is due earlier. What was
// sent leaves after that, without the lock.
func (x *Exchange) do(call func(now time.Time)) {
	x.locked(call)
	x.cfg.Flush()
}

func (x *Exchange) locked(call func(now time.Time)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	call(now)
	x.events = x.core.AppendEvents(x.events[:0])
	for _, e := range x.events {
		x.pass(e)
	}
	clear(x.events)
	if next := x.core.Next(); !next.IsZero() && (x.armed.IsZero() || next.Before(x.armed)) {
		x.armed = next
		x.due.Sooner(next, now)
		x.Wake()
	}
}

// pass puts an event into its feed. mu is held.
func (x *Exchange) pass(e Event) {
	if e.Kind == Delivery {
		if f := x.answerers[e.To]; f != nil {
			f.putQuestion(e)
		}
		return
	}
	f := x.queries[e.Query]
	if f == nil {
		return
	}
	if x.bytes += cost(e); x.bytes+x.core.Assembling() > limits.QueryEventBytes {
		x.core.Cancel(e.Query)
		f.end(fanout.ErrOverflow)
		delete(x.queries, e.Query)
	}
	f.put(e)
}

// Wake has Run go through one iteration, soon.
func (x *Exchange) Wake() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Run does what is due until ctx is done.
func (x *Exchange) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-x.wake:
		case <-ctx.Done():
			return
		}
		var late time.Duration
		x.do(func(now time.Time) {
			late = x.due.Done(now)
			x.core.Tick(now)
			x.armed = x.core.Next()
			x.due.Set(x.armed, now)
		})
		if late > 0 && x.cfg.Late != nil {
			x.cfg.Late(late)
		}
		x.mu.Lock()
		wait := time.Hour
		if !x.armed.IsZero() {
			wait = time.Until(x.armed)
		}
		x.mu.Unlock()
		timer.Reset(wait)
	}
}

// Close ends all queries, and what programs get.
func (x *Exchange) Close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	for _, feeds := range []map[uint64]*feed{x.queries, x.answerers} {
		for _, f := range feeds {
			f.end(fanout.ErrClosed)
		}
	}
}

// Counters adds what was counted to m.
func (x *Exchange) Counters(m map[string]uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.core.Counters(m)
}
