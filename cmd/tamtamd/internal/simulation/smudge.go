// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
)

const (
	// smudgeTimeoutCheck is how often Smudge looks for pings that timed out
	// (membership.go:610).
	smudgeTimeoutCheck = 100 * time.Millisecond
	// smudgeMaxRetries is how many times it retries a dead node (registry.go:39).
	smudgeMaxRetries = 10
	// smudgeHistory is how many round trips it remembers (membership.go:55), and
	// smudgeFrontload what it takes them to have been at first, in milliseconds.
	smudgeHistory, smudgeFrontload = 50, 200
)

// SmudgeConfig says what a Smudge is like. All fields but Open are required, and Heartbeat
// if it is Open.
type SmudgeConfig struct {
	Local              netip.AddrPort
	Heartbeat, MinPing time.Duration
	// Open has it take in whom it hears of, and ping by itself, as Smudge itself does.
	// Behind smudgenode it knows only those that were added, and pings when it is told.
	Open   bool
	Random *rand.Rand
}

// Smudge is a model of Smudge v1.0.1 as smudgenode embeds it, without IO: an input
// appends to the outputs, which the caller takes. It keeps Smudge's own rules; the
// comments name the places in its source. It is not safe for concurrent use.
type Smudge struct {
	cfg     SmudgeConfig
	family  datagram.Family
	minPing time.Duration // that a new round trip is taken for at least
	now     time.Time

	clock   uint32 // currentHeartbeat
	self    *smudgePeer
	peers   map[netip.AddrPort]*smudgePeer // those that were added, and this node
	known   []*smudgePeer                  // knownNodes, in no order
	updated [][]*smudgePeer                // updatedNodes, by what is left of their counters
	dirty   bool                           // knownNodesModifiedFlag

	listed bool          // there is a list:
	round  []*smudgePeer // shuffled, whose peers are pinged one after the other
	at     int           // in it
	pinged int           // of it

	packs   map[packKey]*pack // pendingAcks
	started uint64            // packs, for their order
	history [smudgeHistory]uint32
	pointer int
	timeout uint32 // of a ping, milliseconds; of the history

	beat, check time.Time // when each loop goes on; there is no beat unless it is Open

	sends    []SmudgeSend
	statuses []SmudgeStatus
	picked   []*smudgePeer // scratch
}

// SmudgeSend is a datagram that it sends. Entries are what it says of others, to be
// filtered by Outgoing and written by Write.
type SmudgeSend struct {
	To        netip.AddrPort
	Verb      datagram.Verb
	Heartbeat uint32
	Entries   []datagram.Entry
}

// SmudgeStatus is a status that it gives a peer, and who found out.
type SmudgeStatus struct {
	Addr   netip.AddrPort
	Status datagram.Status
	By     netip.AddrPort
}

// smudgePeer is one session of a node, as Smudge has it.
type smudgePeer struct {
	addr      netip.AddrPort
	status    datagram.Status // 0: unknown
	heartbeat uint32
	source    *smudgePeer
	timestamp time.Time
	emit      int32
	index     int32 // in known; -1 when it is not
	slot      int32 // in its part of updated; -1 when it is not
	pingMs    int32
	countdown int32
	retry     int8 // deadNodeCounter; 0 when there is none
	ended     bool // removed: what is said of this session goes nowhere
}

// NewSmudge returns a Smudge that begins now.
func NewSmudge(cfg SmudgeConfig, now time.Time) *Smudge {
	s := &Smudge{
		cfg: cfg, family: datagram.FamilyOf(cfg.Local.Addr()), now: now,
		peers: make(map[netip.AddrPort]*smudgePeer), packs: make(map[packKey]*pack),
		check: now.Add(time.Duration(cfg.Random.Int64N(int64(smudgeTimeoutCheck)))),
	}
	s.self = s.newPeer(cfg.Local)
	s.self.status = datagram.Alive
	s.peers[cfg.Local] = s.self
	s.list(s.self)
	for i := range s.history {
		s.history[i] = smudgeFrontload
	}
	s.reckon()
	if cfg.Open {
		s.beat = now.Add(time.Duration(cfg.Random.Int64N(int64(cfg.Heartbeat))))
		s.minPing = cfg.MinPing // which acts by and by
	} else {
		s.SetMinPing(cfg.MinPing)
	}
	return s
}

func (s *Smudge) newPeer(a netip.AddrPort) *smudgePeer {
	return &smudgePeer{addr: a, index: -1, slot: -1, timestamp: s.now, pingMs: -1}
}

// list is nodeMap.add on knownNodes.
func (s *Smudge) list(p *smudgePeer) {
	p.index = int32(len(s.known))
	s.known = append(s.known, p)
}

// add is AddNode (registry.go:49).
func (s *Smudge) add(p *smudgePeer) {
	if p.index >= 0 {
		return
	}
	if p.status == 0 {
		s.update(p, datagram.Alive, p.heartbeat, s.self)
	}
	p.timestamp = s.now
	s.list(p)
	s.dirty = true
}

// drop is RemoveNode (registry.go:152).
func (s *Smudge) drop(p *smudgePeer) {
	if p.index < 0 {
		return
	}
	last := s.known[len(s.known)-1]
	s.known[p.index], last.index = last, p.index
	s.known = s.known[:len(s.known)-1]
	p.index = -1
	s.dirty = true
}

// fanout is emitCount and pingRequestCount (membership.go:226).
func (s *Smudge) fanout() int { return int(2.5*math.Log(float64(len(s.known))) + 0.5) }

// update is updateNodeStatus (registry.go:278).
func (s *Smudge) update(p *smudgePeer, status datagram.Status, heartbeat uint32, source *smudgePeer) {
	if p.status == status {
		return
	}
	p.timestamp, p.status, p.source, p.heartbeat = s.now, status, source, heartbeat
	s.unlist(p)
	p.emit = int32(s.fanout())
	s.enlist(p)
	if status != datagram.Dead {
		p.retry = 0
	}
	if p.ended || p == s.self {
		return
	}
	e := SmudgeStatus{Addr: p.addr, Status: status}
	if source != nil {
		e.By = source.addr
	}
	s.statuses = append(s.statuses, e)
}

// The calls of membership's Engine.

// Add makes it know a peer, as alive. A peer that it knows stays as it is.
func (s *Smudge) Add(now time.Time, a netip.AddrPort) {
	s.now = now
	if s.peers[a] == nil {
		p := s.newPeer(a)
		s.peers[a] = p
		s.add(p)
	}
}

// Remove ends this session of a peer.
func (s *Smudge) Remove(now time.Time, a netip.AddrPort) {
	s.now = now
	if p := s.peers[a]; p != nil && p != s.self {
		p.ended = true
		delete(s.peers, a)
		s.drop(p)
	}
}

// Ping pings a peer (PingNode), with a heartbeat of its own, as smudgenode does.
func (s *Smudge) Ping(now time.Time, a netip.AddrPort) {
	s.now = now
	if p := s.peers[a]; p != nil && p != s.self {
		s.clock++
		s.ping(p)
	}
}

// SetMinPing changes how long it waits for an answer, as smudgenode does: all round trips
// that it remembers become the shortest one.
func (s *Smudge) SetMinPing(d time.Duration) {
	s.minPing = d
	for i := range s.history {
		s.history[i] = uint32(d.Milliseconds())
	}
	s.reckon()
}

// note is notePingResponseTime (membership.go:547).
func (s *Smudge) note(elapsed uint32) {
	s.history[s.pointer] = max(elapsed, uint32(s.minPing.Milliseconds()))
	s.pointer = (s.pointer + 1) % smudgeHistory
	s.reckon()
}

// reckon sets the timeout to the mean and three standard deviations (pingData.go).
func (s *Smudge) reckon() {
	mean := 0.0
	for _, d := range s.history {
		mean += float64(d)
	}
	mean /= smudgeHistory
	square := 0.0
	for _, d := range s.history {
		square += (mean - float64(d)) * (mean - float64(d))
	}
	s.timeout = uint32(mean + 3*math.Sqrt(square/smudgeHistory))
}

// States returns the state of every peer.
func (s *Smudge) States(now time.Time) map[netip.AddrPort]smudgenode.State {
	states := make(map[netip.AddrPort]smudgenode.State, len(s.peers))
	for a, p := range s.peers {
		if p != s.self {
			states[a] = smudgenode.State{
				Age: now.Sub(p.timestamp), EmitCounter: int(p.emit), PingMillis: int(p.pingMs), Timestamp: uint32(p.timestamp.UnixMilli()),
			}
		}
	}
	return states
}

// Status returns the status of a peer; 0 of one that it does not know.
func (s *Smudge) Status(a netip.AddrPort) datagram.Status {
	if p := s.peers[a]; p != nil && p.index >= 0 {
		return p.status
	}
	return 0
}

// Next returns when Tick must be called.
func (s *Smudge) Next() time.Time {
	return deadline.Earlier(s.beat, s.check)
}

// Tick does what is due.
func (s *Smudge) Tick(now time.Time) {
	s.now = now
	if s.cfg.Open && !s.beat.After(now) {
		s.turn()
		s.beat = now.Add(s.cfg.Heartbeat)
	}
	if !s.check.After(now) {
		s.expire()
		s.check = now.Add(smudgeTimeoutCheck)
	}
}

// TakeSends returns what it sends since it was last called. It may be kept until the
// next input.
func (s *Smudge) TakeSends() []SmudgeSend {
	sends := s.sends
	s.sends = s.sends[:0]
	return sends
}

// TakeStatuses returns the statuses that changed since it was last called. It may be kept
// until the next input.
func (s *Smudge) TakeStatuses() []SmudgeStatus {
	statuses := s.statuses
	s.statuses = s.statuses[:0]
	return statuses
}
