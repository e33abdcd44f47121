// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package membership has the rules of membership: who is a member, and what of the
// network's datagrams Smudge gets to hear. It is a core without IO, lock, clock or
// goroutine. Events of the wire and of the engine, commands and the time go in; outputs
// and the next deadline come out. Package node is the shell that carries them out.
// Smudge itself, the engine, decides who is alive.
//
// The way in, from the wire:
//
//	Handle ┬▶ a session opened, an answer ─▶ admit: a member, or another session of one
//	       ├▶ a leave, a removal ─▶ the member is LEFT, or gone
//	       ├▶ addresses of members ─▶ consider: greeted, and no more
//	       ├▶ records of sessions ─▶ merge: what differs is asked for
//	       ├▶ a member's datagram ─▶ parsed, clock checked, broadcast taken off,
//	       │                         entries filtered ─▶ EngineDeliver ─▶ Smudge
//	       └▶ a bare datagram: the same for a plain Smudge node; others are answered
package membership

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"
	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/operator"
)

// Config says what a core is made of. All fields but Sealed, TakesClear, Network, Overflows,
// Known, Plain, Allow and ProbeSelf are required.
type Config struct {
	Self      member.Identity // this node, as others know it
	Operators operator.Keys   // who may remove members; everybody without any
	Heartbeat time.Duration
	MinPing   time.Duration // the probe timeout; see smudgenode.Config
	// ReconnectTimeout is for how long a member that has ended is kept, and, if it is
	// dead, greeted from time to time.
	ReconnectTimeout time.Duration
	// Sealed says that this node has keys, and opens what is encrypted with them.
	Sealed bool
	// TakesClear reports whether what is not encrypted is accepted, so that anybody can be a
	// member; nil: never.
	TakesClear func() bool
	// Network returns what the links of this node show recently, which is how often and for how long
	// a member is asked before its silence counts: see detect.Awareness.Measured. Nil: nothing is lost.
	Network func() (loss float64, known bool, roundTrip time.Duration)
	// Overflows returns how many datagrams the kernel has dropped since a receive buffer of this
	// node was full; nil: it is not known. It is called once a second.
	Overflows func() uint64
	// Known are the members before a restart.
	Known []netip.AddrPort
	// Plain says that plain Smudge nodes may be members.
	Plain bool
	// Allow are the networks in which the addresses of members are; all without any.
	Allow netaddr.Networks
	// ProbeSelf says that this node advertises another address than it is bound to, so that
	// another node may live there.
	ProbeSelf bool
	Random    *rand.Rand
}

// Range of the heartbeat that SetHeartbeat takes.
const (
	MinHeartbeat = limits.MinHeartbeat
	MaxHeartbeat = limits.MaxHeartbeat
)

// answersPerSecond bounds the pings outside a session that are answered: 11 bytes
// each, as many as were sent.
const answersPerSecond = 1000

// displacementsPerSecond bounds the members that were never of use and give way to others for no
// better reason than that they are older. See admission.Verdict.
const displacementsPerSecond = 20

// accusationsPerSecond bounds the accusations whose confirmation begins in a second. One past
// it is ignored; if it is true, it comes again.
const accusationsPerSecond = 20

// Core is this node's part in the cluster. It is not safe for concurrent use. After
// each call that changes it, AppendOutputs returns what must be done, and Next when
// Tick is due.
type Core struct {
	cfg      Config
	family   datagram.Family
	out      []Output
	next     time.Time
	care     time.Time // when care is due
	observed time.Time // when awareness is observed next
	slow     int       // how many times longer this node's own intervals are
	dropped  uint64    // as Config.Overflows said last
	stalled  time.Time // when this node last went on after it had stood still
	behind   behind
	begun    time.Time // when Tick was first called; c.next is a deadline since
	members  members

	candidates *admission.Candidates
	clock      *admission.Clock
	tombstones *admission.Tombstones
	strangers  *admission.Strangers
	plains     *admission.Strangers // plain Smudge nodes, without Config.Plain
	unreached  admission.Unreached
	conflicts  admission.Conflicts
	known      admission.Known
	crowd      int // how many strangers there were at most, if there are many: see askStrangers

	awareness detect.Awareness
	suspicion *detect.Suspicion
	findings  *detect.Findings
	indirect  detect.Indirect
	help      detect.Help
	questions *detect.Questions
	reconnect *detect.Reconnect
	pings     *detect.Pings

	news        *spread.News
	antiEntropy *spread.AntiEntropy

	answers        *rate.Limiter // of pings outside a session
	asks           *rate.Limiter // of recovered members for all they know
	accusations    *rate.Limiter // of accusations that are confirmed
	recordAsks     *rate.Limiter // of members that are asked because a record differs
	relayGreetings *rate.Limiter // of greetings by way of members
	displacements  *rate.Limiter // of members that were never of use, for others
	// Lines of the log that others can cause, by where they come from.
	foreignLog, unsealedLog, unsignedLog, plainLog, farLog *logging.Limit[netip.Addr]
	minPing                                                time.Duration // the engine's
	probedSelf                                             time.Time     // when this node last probed its own address
	leave                                                  *leave        // nil before Leave
	selfRemoved                                            bool          // this node was removed, and has not joined again
	removedAt                                              time.Time     // and when
	joining                                                joining
	held                                                   map[netip.AddrPort]held
	deaths                                                 map[netip.AddrPort]reportedDeath
	counts                                                 *counter.Set
}

// New returns the core of a node that is alone. Tick is due at once.
func New(cfg Config) *Core {
	c := &Core{
		cfg:            cfg,
		family:         datagram.FamilyOf(cfg.Self.Addr.Addr()),
		next:           time.Unix(0, 0),
		slow:           1,
		held:           make(map[netip.AddrPort]held),
		deaths:         make(map[netip.AddrPort]reportedDeath),
		candidates:     admission.NewCandidates(cfg.Random),
		clock:          admission.NewClock(),
		tombstones:     admission.NewTombstones(),
		strangers:      admission.NewStrangers(),
		plains:         admission.NewStrangers(),
		suspicion:      detect.NewSuspicion(),
		findings:       detect.NewFindings(),
		questions:      detect.NewQuestions(),
		reconnect:      detect.NewReconnect(cfg.Random),
		news:           spread.NewNews(),
		pings:          detect.NewPings(cfg.Random),
		antiEntropy:    spread.NewAntiEntropy(),
		answers:        rate.NewLimiter(answersPerSecond, answersPerSecond),
		asks:           rate.NewLimiter(1, 8),
		accusations:    rate.NewLimiter(accusationsPerSecond, 2*accusationsPerSecond),
		recordAsks:     rate.NewLimiter(recordAsksPerSecond, 2*recordAsksPerSecond),
		relayGreetings: rate.NewLimiter(relayGreetingsPerSecond, relayGreetingsPerSecond),
		displacements:  rate.NewLimiter(displacementsPerSecond, 2*displacementsPerSecond),
		foreignLog:     logging.NewLimit[netip.Addr](),
		unsealedLog:    logging.NewLimit[netip.Addr](),
		unsignedLog:    logging.NewLimit[netip.Addr](),
		plainLog:       logging.NewLimit[netip.Addr](),
		farLog:         logging.NewLimit[netip.Addr](),
		minPing:        cfg.MinPing,
		counts:         counters.NewSet(),
	}
	c.members = newMembers(c.pings, min(retireTime, cfg.ReconnectTimeout), cfg.Random)
	for _, a := range cfg.Known {
		c.known.Add(a)
	}
	return c
}

// open reports whether anybody can be a member.
func (c *Core) open() bool { return c.cfg.TakesClear != nil && c.cfg.TakesClear() }

// AppendOutputs appends the outputs that were not yet returned.
func (c *Core) AppendOutputs(to []Output) []Output {
	to = append(to, c.out...)
	clear(c.out)
	c.out = c.out[:0]
	return to
}

// Next returns when Tick is due. It may be past.
func (c *Core) Next() time.Time { return c.next }

// emit adds an output.
func (c *Core) emit(o Output) { c.out = append(c.out, o) }

func (c *Core) log(l level.Value, keyvals ...any) { c.emit(Log{l, keyvals}) }

// warn logs what others cause, within the limit for where it comes from.
func (c *Core) warn(limit *logging.Limit[netip.Addr], from netip.Addr, now time.Time, keyvals ...any) {
	if held, ok := limit.Allow(from, now); ok {
		c.log(level.WarnValue(), append(keyvals, held...)...)
	}
}

// wake makes Tick due now.
func (c *Core) wake(now time.Time) { c.next = deadline.Earlier(c.next, now) }

// count counts something that happened.
func (c *Core) count(what *counter.Counter) { c.counts.Inc(what) }

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	c.counts.Put(countCandidates, uint64(c.candidates.Len()))
	c.counts.Put(countTombstones, uint64(c.tombstones.Len()))
	c.counts.Put(countTombstonesForgotten, c.tombstones.Forgotten())
	c.counts.Put(countFailuresIgnored, c.candidates.FailuresIgnored())
	c.counts.Put(countHealth, uint64(c.awareness.Multiplier()))
	c.counts.Counters(m)
	m["members"] = uint64(c.members.len() + 1)
}

// Heartbeat returns the time between two pings.
func (c *Core) Heartbeat() time.Duration { return c.cfg.Heartbeat }

// SetHeartbeat changes the time between two pings. Fails with ErrHeartbeat.
func (c *Core) SetHeartbeat(now time.Time, d time.Duration) error {
	if d < MinHeartbeat || d > MaxHeartbeat {
		return ErrHeartbeat
	}
	c.cfg.Heartbeat = d
	c.pings.Restart()
	c.wake(now)
	return nil
}

// DetectionTime is how soon a member that ends without a leave is found dead by
// all others when nothing is lost, at the worst: its predecessor pings it in each round (see
// detect.Pings); the ping times out, for which Smudge checks every 100 ms; the member is asked;
// and the askers confirm it. In a cluster of two there are none, and the ping times out after
// three times as long.
func (c *Core) DetectionTime() time.Duration {
	found := max(pairFactor*c.cfg.MinPing, c.cfg.MinPing+detect.ConfirmTime) + detect.TimeoutCheck + detect.QuestionTime
	return detect.PingInterval(c.cfg.Heartbeat, c.cfg.MinPing) + found
}

// Live returns the addresses of the live members but this node, in order.
func (c *Core) Live() []netip.AddrPort { return c.members.addrs(isLive) }

// Plain reports whether a node is a member that is a plain Smudge node.
func (c *Core) Plain(a netip.AddrPort) bool {
	p := c.members.get(a)
	return p != nil && p.info.Plain()
}

// HasSession reports whether a node is a member that has a session.
func (c *Core) HasSession(a netip.AddrPort) bool {
	p := c.members.get(a)
	return p != nil && !p.info.Plain()
}

// ProbeHeartbeat draws a heartbeat for a ping out of turn.
func (c *Core) ProbeHeartbeat() uint32 {
	return admission.GreetingHeartbeat(c.clock.Now(), c.cfg.Random)
}

// Strangers returns the machines that sent packets which cannot be decrypted, or, if
// this node has no keys, are encrypted, and when the last came:
// admission.MaxStrangers at most.
func (c *Core) Strangers() map[netip.Addr]time.Time { return c.strangers.All() }

// RefusedPlain returns the machines that sent plain Smudge datagrams, which this node drops, and
// when the last came: admission.MaxStrangers at most.
func (c *Core) RefusedPlain() map[netip.Addr]time.Time { return c.plains.All() }

// StrangerSince reports whether such a packet came from a machine after some time.
func (c *Core) StrangerSince(a netip.Addr, t time.Time) bool { return c.strangers.HeardSince(a, t) }
