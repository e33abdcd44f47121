// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// held makes a socket one whose writes may wait, as on some systems: they do while the mutex is
// locked. The first one is reported. It must be called before anything is sent.
func held(s *Socket) (hold *sync.Mutex, waits chan struct{}) {
	hold, waits = &sync.Mutex{}, make(chan struct{}, 1)
	write := s.outbox.write
	s.outbox.waits = true
	s.outbox.write = func(to netip.AddrPort, run [][]byte) {
		if !hold.TryLock() {
			select {
			case waits <- struct{}{}:
			default:
			}
			hold.Lock()
		}
		hold.Unlock()
		write(to, run)
	}
	return hold, waits
}

// oneByOne returns a function that calls write with each packet of a run.
func oneByOne(write func(to netip.AddrPort, b []byte)) func(to netip.AddrPort, run [][]byte) {
	return func(to netip.AddrPort, run [][]byte) {
		for _, b := range run {
			write(to, b)
		}
	}
}

// TestSendingBlocksNothing: while the system takes no packet, an endpoint does all that it does
// otherwise. What was sent leaves later, in order.
func TestSendingBlocksNothing(t *testing.T) {
	socket := listen(t, "127.0.0.1:0")
	hold, _ := held(socket)
	a, b := runAt(t, socket), run(t)
	to, from := b.addr.Local(), socket.Local()
	a.Greet(to)
	a.wait(Up)
	b.wait(Up)

	hold.Lock()
	const frames = 50
	bare := []byte("bare")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range frames {
			a.Send(to, plain, []byte{byte(i)}, 0)
		}
		a.SendBare(to, bare)
		copy(bare, "gone") // the caller's again
		a.SendAll(plain, []byte{frames})
		a.Greet(to)
		a.Links()
		counted(a)
		b.Send(from, plain, []byte("in"), 0)
		for string(a.wait(Received).Data) != "in" {
		}
	}()
	select {
	case <-done:
		hold.Unlock()
	case <-time.After(time.Minute):
		hold.Unlock()
		t.Fatal("a call waits until a packet is written")
	}
	for next := 0; next <= frames; {
		switch e := <-b.events; {
		case e.Kind == Stray && (next != frames || string(e.Data) != "bare"):
			t.Errorf("%q comes before frame %d", e.Data, next)
		case e.Kind == Received && int(e.Data[0]) != next:
			t.Fatalf("frame %d comes before frame %d", e.Data[0], next)
		case e.Kind == Received:
			next++
		}
	}
}

// TestOutboxIsBounded: what an outbox has no room for is dropped and counted.
func TestOutboxIsBounded(t *testing.T) {
	s := listen(t, "127.0.0.1:0")
	hold, waits := held(s)
	s.outbox.most = 3
	hold.Lock()
	s.Send(s.Local(), nil)
	<-waits // and so it is none of those in the outbox
	for range 9 {
		s.Send(s.Local(), nil)
	}
	if m := counted(s); m["send_overflows"] != 6 || m["datagrams_sent"] != 0 {
		t.Errorf("counted %v", m)
	}
	hold.Unlock()
	written(t, s)
	s.Send(s.Local(), nil) // there is room again
	written(t, s)
	if m := counted(s); m["send_overflows"] != 6 || m["datagrams_sent"] != 5 {
		t.Errorf("counted %v", m)
	}
	if limits.OutboxPackets < MaxPeers {
		t.Error("an outbox has no room for one packet to each session")
	}
}

// TestOutboxKeepsOrder: the packets of each sender leave in order, and one at a time.
func TestOutboxKeepsOrder(t *testing.T) {
	for _, waits := range []bool{false, true} {
		outboxKeepsOrder(t, waits)
	}
}

func outboxKeepsOrder(t *testing.T, waits bool) {
	const senders, packets, most = 4, 2000, 8
	var writing sync.Mutex
	var last [senders]uint64
	o := newOutbox(most, waits, oneByOne(func(to netip.AddrPort, b []byte) {
		if !writing.TryLock() {
			t.Error("two packets are written at once")
			return
		}
		defer writing.Unlock()
		if n := binary.BigEndian.Uint64(b); n != last[to.Port()]+1 {
			t.Errorf("packet %d of sender %d comes after %d", n, to.Port(), last[to.Port()])
		} else {
			last[to.Port()] = n
		}
	}))
	var running sync.WaitGroup
	for i := range senders {
		running.Go(func() {
			for n := uint64(1); n <= packets; n++ {
				for !o.put(netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(i)), binary.BigEndian.AppendUint64(nil, n)) {
					runtime.Gosched()
				}
				o.flush()
			}
		})
	}
	running.Wait()
	if !o.wait(time.Minute) {
		t.Fatal("it is never empty")
	}
	for i, n := range last {
		if n != packets {
			t.Errorf("%d packets of sender %d are written", n, i)
		}
	}
}

// TestRunsOfPackets: packets that follow each other go in a run if they go to one address and have one
// size; the last may be shorter.
func TestRunsOfPackets(t *testing.T) {
	a, b := netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")
	type packet struct {
		to   netip.AddrPort
		size int
	}
	var want, got []int // sizes of runs
	o := newOutbox(1000, false, func(_ netip.AddrPort, run [][]byte) { got = append(got, len(run)) })
	for _, c := range []struct {
		packets []packet
		runs    []int
	}{
		{[]packet{{a, 9}, {a, 9}, {a, 5}, {a, 5}, {b, 5}, {b, 5}}, []int{3, 1, 2}},
		{[]packet{{a, 5}, {a, 9}, {a, 9}, {b, 9}, {a, 9}, {a, 0}, {a, 0}}, []int{1, 2, 1, 2, 1}},
		{[]packet{{a, maxRunBytes + 1}, {a, maxRunBytes - 1}, {a, 1}, {a, 1}}, []int{1, 2, 1}},
		{slices.Repeat([]packet{{a, 1}}, maxRun+2), []int{maxRun, 2}},
	} {
		for _, p := range c.packets {
			o.put(p.to, make([]byte, p.size))
		}
		o.flush()
		if want = c.runs; !slices.Equal(got, want) {
			t.Errorf("runs of %v packets, want %v", got, want)
		}
		got = got[:0]
	}
}

// TestOutboxDoesNotGrow: not even if it is never empty.
func TestOutboxDoesNotGrow(t *testing.T) {
	const most = 8
	var o *outbox
	left := 100 * most
	o = newOutbox(most, true, oneByOne(func(netip.AddrPort, []byte) {
		if c := cap(o.queue); c > 4*most {
			t.Errorf("it has room for %d packets", c)
			return
		}
		if left--; left > 0 {
			o.put(netip.AddrPort{}, nil)
			o.put(netip.AddrPort{}, nil) // it is full soon
			o.flush()
		}
	}))
	o.put(netip.AddrPort{}, nil)
	o.flush()
	if !o.wait(time.Minute) || left > 0 {
		t.Errorf("%d packets are not written", left)
	}
}

// TestOneWrites: nobody waits for a caller of flush that writes. That one writes what others flush
// meanwhile, but not for long.
func TestOneWrites(t *testing.T) {
	const packets = 3 * maxInline
	var o *outbox
	var got int // packets written
	began, goOn, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	send := func() {
		o.put(netip.AddrPort{}, nil)
		o.flush()
	}
	o = newOutbox(10, false, oneByOne(func(netip.AddrPort, []byte) {
		switch got++; got {
		case 1:
			close(began)
			<-goOn
		case 2 * maxInline:
			select {
			case <-returned:
			case <-time.After(time.Minute):
				t.Error("it goes on for others")
			}
		}
		if got < packets {
			send()
		}
	}))
	go func() {
		defer close(returned)
		send()
	}()
	<-began
	send()
	close(goOn)
	<-returned
	if !o.wait(time.Minute) || got < packets {
		t.Errorf("%d packets are written", got)
	}
}

// TestOutboxAtRest: an outbox that was full keeps little memory.
func TestOutboxAtRest(t *testing.T) {
	var hold sync.Mutex
	o := newOutbox(10*keptOutbox, true, func(netip.AddrPort, [][]byte) {
		hold.Lock()
		defer hold.Unlock()
	})
	hold.Lock()
	for o.put(netip.AddrPort{}, nil) {
	}
	o.flush()
	if o.wait(time.Millisecond) {
		t.Error("what is not written is")
	}
	hold.Unlock()
	if !o.wait(time.Minute) || cap(o.queue) > keptOutbox {
		t.Errorf("it has room for %d packets", cap(o.queue))
	}
}

// TestCloseSendsFirst: Close waits until what was sent has left.
func TestCloseSendsFirst(t *testing.T) {
	for range 100 { // on a busy machine, the time of Close may pass before the test goes on
		s := listen(t, "127.0.0.1:0")
		hold, _ := held(s)
		hold.Lock()
		s.Send(s.Local(), nil)
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			s.Close()
		}()
		for waits := false; !waits; {
			s.outbox.mu.Lock()
			waits = s.outbox.emptied != nil
			s.outbox.mu.Unlock()
			select {
			case <-closed:
				waits = true
			default:
				runtime.Gosched()
			}
		}
		hold.Unlock()
		<-closed
		written(t, s)
		if counted(s)["datagrams_sent"] == 1 {
			return
		}
	}
	t.Error("Close does not wait")
}

// TestCloseEnds: Close ends though nothing can be sent.
func TestCloseEnds(t *testing.T) {
	s := listen(t, "127.0.0.1:0")
	hold, _ := held(s)
	hold.Lock()
	s.Send(s.Local(), nil)
	s.Close()
	hold.Unlock()
	written(t, s)
	if m := counted(s); m["send_errors"] != 1 {
		t.Errorf("counted %v", m)
	}
}
