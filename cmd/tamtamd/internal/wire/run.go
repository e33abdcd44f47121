// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"net"
	"time"
)

const (
	// maxBatch is how many packets are read at most before what they bring about is sent. maxDrain
	// is how many are before what is due is done.
	maxBatch = 64
	maxDrain = 1024
	// drainWait is how long a packet is waited for then. Where the system says that one is there, it is
	// at once, unless it is a bad one.
	drainWait = 200 * time.Microsecond
)

// Run passes each event to handle, in the calling goroutine, until Close. It reads all
// packets that have come in before it does what is due: they may acknowledge what would be
// retransmitted. It calls handled after the events of some packets, before it waits for more, so
// that what can be done once for all of them is.
func (e *Endpoint) Run(handle func(Event), handled func()) error {
	buf := make([]byte, e.socket.in.size())
	for {
		_, err := e.receive(buf, handle)
		due := errors.Is(err, errDeadline)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && !due:
			// Some systems report here that an earlier packet was refused
			// by its receiver. The pause keeps an error that stays from
			// using up a processor.
			time.Sleep(time.Millisecond)
			continue
		}
		e.rise()
		for read := 0; read < maxDrain; {
			n := e.receiveMore(buf, handle, due)
			e.Flush()
			handled()
			if read += n; n < maxBatch {
				break
			}
		}
		if due || e.isDue() {
			e.queue(func(c *Core, now time.Time) { c.Tick(now) })
			e.Flush()
			e.report(handle)
			handled()
		}
		e.rest()
	}
}

// receive takes a packet, or a run that is read at once, for which it waits. It returns how many they are.
func (e *Endpoint) receive(buf []byte, handle func(Event)) (n int, err error) {
	in, err := e.socket.read(buf)
	if err != nil {
		return 0, err
	}
	for more := true; more; more = len(in.b) > 0 {
		n++
		b := in.next()
		e.mu.Lock()
		e.awake = true
		now := e.now()
		e.core.ReceiveWaited(now, in.from, b, waitedFor(in.received, now, e.step))
		e.mu.Unlock()
		e.report(handle)
	}
	return n, nil
}

// receiveMore takes packets that have come in, at most maxBatch, and returns how many. due is whether
// the deadline of the socket has passed, so that without another one nothing can be read.
func (e *Endpoint) receiveMore(buf []byte, handle func(Event), due bool) (n int) {
	for n < maxBatch {
		is, known := e.socket.in.waiting()
		if known && !is || !known && !due {
			return n
		}
		// Also where one is there: the kernel finds a wrong checksum only when it is read, and then there is none.
		e.deadline(time.Now().Add(drainWait))
		some, err := e.receive(buf, handle)
		if n += some; err != nil {
			return n
		}
	}
	return n
}

// report passes the events to handle.
func (e *Endpoint) report(handle func(Event)) {
	e.mu.Lock()
	e.events = e.core.AppendEvents(e.events[:0])
	events := e.events
	e.mu.Unlock()
	for _, ev := range events {
		handle(ev)
	}
}

// rise notes that Run looks for what is due before it waits, as it does whenever it has received a
// packet. That spares the deadline of the socket for each thing that is sent meanwhile.
func (e *Endpoint) rise() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.awake, e.woken = true, false
}

// rest sets the deadline of the socket, as Run is about to wait. That is after what the events bring
// about: most acknowledgements that were owed have gone with it.
func (e *Endpoint) rest() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.awake = false
	if e.woken {
		e.setDeadline(time.Now())
	} else {
		e.arm()
	}
}

// isDue reports whether something is due.
func (e *Endpoint) isDue() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := e.core.Next()
	return !next.IsZero() && !next.After(time.Now())
}

// arm sets the deadline of the socket to when something is due, unless Run does. mu is held.
func (e *Endpoint) arm() {
	if e.awake || e.woken { // by Wake, whose deadline has to stay
		return
	}
	if next := e.core.Next(); !next.Equal(e.armed) {
		e.setDeadline(next)
	}
}

// deadline sets the deadline of the socket.
func (e *Endpoint) deadline(t time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setDeadline(t)
}

// setDeadline is deadline with mu held.
func (e *Endpoint) setDeadline(t time.Time) {
	e.armed = t
	_ = e.socket.conn.SetReadDeadline(t) // fails when closed, as the read does
}
