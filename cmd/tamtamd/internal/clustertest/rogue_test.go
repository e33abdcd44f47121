// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// maxCaptured is how many frames of each kind of a rogue's sessions are kept.
const maxCaptured = 64

// rogue is a node that speaks as it should, by the protocol's own Core at a real
// socket, and says beside that what the test wants it to.
type rogue struct {
	*rawSocket
	to      *Daemon
	profile membership.Profile

	mu       sync.Mutex // guards the rest
	core     *wire.Core
	up       bool
	greeted  time.Time
	frame    rawFrame                // the head of the last one that was sent in the session
	captured [kindReply + 1][][]byte // frames sent and received, by kind

	// The core's frames get new numbers, so that others can be put between them.
	numbers map[uint64]uint64 // of the core's, what they are on the wire
	cores   map[uint32]uint32 // and the other way round, of which acknowledgements speak
}

// newRogue starts one that joins a daemon.
func newRogue(t testing.TB, to *Daemon) *rogue {
	t.Helper()
	return newRogueAs(t, to, membership.Profile{MaxPayload: 256, Name: "rogue", Version: "devel"})
}

// newRogueAs starts one that says of itself what the test wants.
func newRogueAs(t testing.TB, to *Daemon, profile membership.Profile) *rogue {
	t.Helper()
	r := &rogue{rawSocket: newRawSocket(t), to: to, profile: profile}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = r.conn.Close()
		<-ended
	})
	r.open()
	go func() {
		defer close(ended)
		r.run()
	}()
	return r
}

// open begins a session, another one than before.
func (r *rogue) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	info := wire.Info{Addr: r.addr, Cluster: "smudge", Profile: r.profile.Encode()}
	r.core = wire.NewCore(wire.CoreConfig{
		Info: info, Timing: wire.LAN, Channels: membership.Channels, Random: rand.Uint64, Output: r.output,
	}, now)
	r.up, r.frame = false, rawFrame{}
	r.numbers, r.cores = map[uint64]uint64{}, map[uint32]uint32{}
	r.greet(now)
}

// greet greets the daemon, until the session is open: a hello may be lost. mu is held.
func (r *rogue) greet(now time.Time) {
	if !r.up && now.Sub(r.greeted) > 20*time.Millisecond {
		r.greeted = now
		r.core.Greet(now, r.to.Gossip)
	}
}

// isUp reports whether the session is open.
func (r *rogue) isUp() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up
}

// unshortened returns a packet, and an info as one of a version that knows no short headers: only
// a long header has a number that can be changed.
func unshortened(b []byte) []byte {
	if len(b) > 4 && b[3] == kindInfo {
		return bytes.TrimSuffix(b, []byte{2, 0}) // the extension
	}
	return b
}

// output sends what the core sends. mu is held.
func (r *rogue) output(to netip.AddrPort, b []byte) {
	b = unshortened(b)
	if to == r.to.Gossip && b[3] > kindRefuse {
		b = slices.Clone(b)
		own := binary.BigEndian.Uint64(b[20:])
		if r.numbers[own] == 0 {
			r.frame.counter++
			r.numbers[own] = r.frame.counter
			r.cores[uint32(r.frame.counter)] = uint32(own)
		}
		binary.BigEndian.PutUint64(b[20:], r.numbers[own])
		r.frame.session, r.frame.tag = binary.BigEndian.Uint64(b[4:]), binary.BigEndian.Uint64(b[12:])
	}
	_, _ = r.conn.WriteToUDPAddrPort(b, to)
	r.keep(b)
}

// renumber makes the acknowledgements in a frame those of the core's frames. mu is
// held.
func (r *rogue) renumber(b []byte) {
	if len(b) < 29 || len(b) < 29+4*int(b[28]) {
		return
	}
	for i := range int(b[28]) {
		ack := b[29+4*i:]
		binary.BigEndian.PutUint32(ack, r.cores[binary.BigEndian.Uint32(ack)])
	}
}

func (r *rogue) keep(b []byte) {
	if len(b) < 4 || b[3] > kindReply {
		return // plain nodes are pinged with less
	}
	same := &r.captured[b[3]]
	if len(*same) < maxCaptured {
		*same = append(*same, slices.Clone(b))
	} else {
		(*same)[rand.IntN(maxCaptured)] = slices.Clone(b)
	}
}

// run reads the socket until it is closed.
func (r *rogue) run() {
	b := make([]byte, 4096)
	for {
		_ = r.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, from, err := r.conn.ReadFromUDPAddrPort(b)
		if err != nil && !isTimeout(err) {
			return
		}
		r.mu.Lock()
		now := time.Now()
		if err == nil {
			r.keep(b[:n])
			if from == r.to.Gossip {
				r.renumber(b[:n])
			}
			r.core.Receive(now, from, unshortened(b[:n]))
		}
		r.core.Tick(now)
		r.greet(now)
		for _, e := range r.core.AppendEvents(nil) {
			r.handle(now, e)
		}
		r.mu.Unlock()
	}
}

// handle answers pings, so that the rogue is alive to the others. mu is held.
func (r *rogue) handle(now time.Time, e wire.Event) {
	switch e.Kind {
	case wire.Up:
		r.up = r.up || e.Addr == r.to.Gossip
	case wire.Received:
		if e.Channel != membership.DatagramChannel {
			return
		}
		if d, fault := datagram.Parse(e.Data, datagram.IPv4); fault == "" && (d.Verb() == datagram.Ping || d.Verb() == datagram.NFPing) {
			r.core.SendWithAck(now, e.Addr, membership.DatagramChannel, datagram.AppendBare(nil, datagram.Ack, r.addr.Port(), d.Heartbeat()))
		}
	}
}

// do has the core do something.
func (r *rogue) do(call func(c *wire.Core, now time.Time)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	call(r.core, time.Now())
}

// inSession returns a frame of the open session, to be sent besides the core's.
func (r *rogue) inSession(kind byte, payload []byte) rawFrame {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frame.counter++
	f := r.frame
	f.kind, f.payload = kind, payload
	return f
}

// sample returns a random frame that passed, as a copy, often with a short header.
func (r *rogue) sample() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for { // there are some: the session was opened
		same := r.captured[rand.IntN(len(r.captured))]
		if len(same) == 0 {
			continue
		}
		b := same[rand.IntN(len(same))]
		if len(b) >= frame.HeaderSize && rand.IntN(3) == 0 {
			return frame.Shorten(b)
		}
		return slices.Clone(b)
	}
}
