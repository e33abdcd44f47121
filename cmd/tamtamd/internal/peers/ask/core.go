// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"container/heap"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

const (
	// MaxAnswerersOf bounds the answers of a member to one question; a group that shares a
	// topic gives one. Have, in a question, has a bit for each.
	MaxAnswerersOf = 64
	// firstRepeat is how long the asker waits before it repeats a question to a member, or for
	// CoreConfig.Lifetime if that is longer; the time doubles up to lastRepeat.
	firstRepeat = time.Second
	lastRepeat  = 4 * time.Second
	// refusedRepeat is the same when the wire did not take the question.
	refusedRepeat = 50 * time.Millisecond
	// graceAfter is how late this node may be for the end of a query. If it is later, it stood still, and answers that
	// came meanwhile have not been read: it waits for as long again, and for graceMost at most.
	graceAfter = lateness.From
	graceMost  = 2 * time.Second
	// confirmAfter is how long a member waits for a first answer before it confirms a
	// question, or a quarter of the asker's time: most programs answer sooner, and then there is one frame less.
	confirmAfter = 100 * time.Millisecond
)

// ErrTooMany: too many questions of this node are under way, or too many programs answer.
var ErrTooMany = errors.New("too many")

// CoreConfig says what a Core is made of. All fields but Room, Lifetime and Live are required.
type CoreConfig struct {
	Self netip.AddrPort // this node
	// SendQuestion and SendAnswer send to a member. They return false if there is no session
	// with it, or too much is under way. They must not block or call the Core.
	SendQuestion func(to netip.AddrPort, token uint64, m *peerv1.UserQuestion) bool
	SendAnswer   func(to netip.AddrPort, token uint64, m *peerv1.UserAnswer) bool
	// Tags returns the tags of this node, as package tags encodes them.
	Tags func() string
	// Room reports whether an answer of so many bytes may be put together; nil if any may.
	Room func(size int) bool
	// Lifetime is for how long the wire retransmits what it has taken. Meanwhile, a second copy would be of no use: where
	// members are slow, it would only make them slower.
	Lifetime time.Duration
	// Live reports whether a member is live; nil if all are. To others, the wire sends once, and retransmits nothing.
	Live func(netip.AddrPort) bool
}

// Core is the protocol. It is not safe for concurrent use. Its methods take the present time.
type Core struct {
	cfg    CoreConfig
	due    schedule
	kept   int // how many of due were left when it was last swept
	events []Event
	loop   []looped // what this node sends itself
	counts *counter.Set

	// As the asker.
	queries map[uint64]*query // by token
	targets int               // of all of them
	// assembling is how many bytes the answers take of which some pieces are here.
	assembling int

	// As a member that answers.
	answerers map[uint64]*answerer
	topics    map[string][]*answerer // in the order of their registration
	turn      map[string]int         // whose turn it is among those that share a topic
	held      map[key]*held
	answered  []key                  // those of held that are answered, the oldest first; some are gone, see settle
	open      map[netip.AddrPort]int // not answered, by asker
	slots     int                    // not answered, of all
	bytes     int                    // of the answers in held
	pace      pace
	lastID    uint64 // of an answerer or a question for one
}

// NewCore returns a Core that neither asks nor answers.
func NewCore(cfg CoreConfig) *Core {
	return &Core{
		cfg: cfg, counts: counters.NewSet(), queries: map[uint64]*query{},
		answerers: map[uint64]*answerer{}, topics: map[string][]*answerer{}, turn: map[string]int{},
		held: map[key]*held{}, open: map[netip.AddrPort]int{},
	}
}

// key names a question.
type key struct {
	from  netip.AddrPort
	token uint64
}

// looped is a question or an answer of this node to itself.
type looped struct {
	token    uint64
	question *peerv1.UserQuestion
	answer   *peerv1.UserAnswer
}

// drain delivers what this node sends itself.
func (c *Core) drain(now time.Time) {
	for len(c.loop) > 0 {
		l := c.loop[0]
		c.loop = c.loop[1:]
		if l.question != nil {
			c.asked(now, c.cfg.Self, l.token, l.question)
		} else if q := c.queries[l.token]; q != nil {
			c.userAnswer(q, q.targets[c.cfg.Self], l.answer, now)
		}
	}
	c.loop = nil
}

// AppendEvents appends what happened since it was last called.
func (c *Core) AppendEvents(to []Event) []Event {
	to = append(to, c.events...)
	clear(c.events)
	c.events = c.events[:0]
	return to
}

func (c *Core) emit(e Event) { c.events = append(c.events, e) }

// What is due.
const (
	repeatDue  = iota + 1 // a question to a member
	timeoutDue            // of a query
	confirmDue            // of a question of another
	flushDue              // of answers that the wire did not take
	forgetDue             // of a question of another
)

// item is something that is due, unless it was done before.
type item struct {
	at   time.Time
	kind int
	key  key // of the question; of repeatDue, the member
}

// schedule is a heap of items, the earliest first.
type schedule []item

// Len implements heap.Interface.
func (s schedule) Len() int { return len(s) }

// Less implements heap.Interface.
func (s schedule) Less(i, j int) bool { return s[i].at.Before(s[j].at) }

// Swap implements heap.Interface.
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *schedule) Push(x any) { *s = append(*s, x.(item)) }

// Pop implements heap.Interface.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	*s = (*s)[:last]
	return x
}

func (c *Core) schedule(at time.Time, kind int, k key) {
	if len(c.due) >= 2*c.kept+sweepFrom {
		c.sweep()
	}
	heap.Push(&c.due, item{at, kind, k})
}

// sweepFrom is how many there are before what is over is swept for the first time.
const sweepFrom = 4096

// sweep removes the items about questions that have ended: those may have been meant to last for
// minutes.
func (c *Core) sweep() {
	c.due = slices.DeleteFunc(c.due, func(i item) bool {
		if i.kind == repeatDue || i.kind == timeoutDue {
			return c.queries[i.key.token] == nil
		}
		return c.held[i.key] == nil
	})
	c.kept = len(c.due)
	heap.Init(&c.due)
}

// Next returns when Tick must be called; the zero time is never.
func (c *Core) Next() time.Time {
	if len(c.due) == 0 {
		return time.Time{}
	}
	return c.due[0].at
}

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	for len(c.due) > 0 && !c.due[0].at.After(now) {
		i := heap.Pop(&c.due).(item)
		switch i.kind {
		case repeatDue:
			c.repeat(i, now)
		case timeoutDue:
			c.timeout(i, now)
		case confirmDue:
			if h := c.held[i.key]; h != nil {
				c.confirm(h)
			}
		case flushDue:
			if h := c.held[i.key]; h != nil {
				c.flush(h, now)
			}
		case forgetDue:
			if h := c.held[i.key]; h != nil && !h.deadline.After(now) {
				c.forget(h)
			}
		}
	}
	c.drain(now)
}

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	c.counts.Put(queriesNow, uint64(len(c.queries)))
	c.counts.Put(questionsNow, uint64(len(c.held)))
	c.counts.Put(answerersNow, uint64(len(c.answerers)))
	c.counts.Counters(m)
}

// Bounds, which docs/limits.md explains.
const (
	maxQueries   = limits.Queries
	maxTargets   = limits.QueryTargets
	maxHeld      = limits.HeldQuestions
	maxOpenOf    = limits.OpenQuestionsEach
	maxSlots     = limits.OpenAnswers
	maxSlotsEach = limits.OpenAnswersEach
	maxBytes     = limits.HeldAnswerBytes
	maxAnswerers = limits.Answerers
)
