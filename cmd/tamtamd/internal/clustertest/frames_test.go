// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
)

// The kinds of frames, as drawn in package wire, which does not let its users
// write what it would not.
const (
	kindHello byte = iota + 1
	kindWelcome
	kindRefuse
	kindInfo
	kindProfile
	kindAck

	kindData    = 0x10 + byte(membership.DatagramChannel)
	kindMembers = 0x10 + byte(membership.MembersChannel)
	kindLeave   = 0x10 + byte(membership.LeaveChannel)
	kindRemoval = 0x10 + byte(membership.RemovalChannel)
	kindMessage = 0x10 + byte(membership.BroadcastChannel)
	kindAsk     = 0x10 + byte(membership.QuestionChannel)
	kindAnswer  = 0x10 + byte(membership.AnswerChannel)
	kindReply   = 0x20 + byte(membership.DatagramChannel)
)

// frameKinds are the names of the kinds, and those of some that there are not.
var frameKinds = map[byte]string{
	0: "none", kindHello: "hello", kindWelcome: "welcome", kindRefuse: "refuse", kindInfo: "info", kindProfile: "profile", kindAck: "ack",
	kindData: "data", kindMembers: "members", kindLeave: "leave", kindRemoval: "removal", kindMessage: "message", kindAsk: "ask",
	kindAnswer: "answer", kindReply: "reply", 0x1F: "no channel", 0x3F: "no kind",
}

// kindName names a kind.
func kindName(k byte) string {
	if name := frameKinds[k]; name != "" {
		return name
	}
	return "other"
}

// randomKind returns one of frameKinds.
func randomKind(r *rand.Rand) byte {
	kinds := slices.Sorted(maps.Keys(frameKinds))
	return kinds[r.IntN(len(kinds))]
}

// rawFrame is a frame with anything in it.
type rawFrame struct {
	kind                  byte
	session, tag, counter uint64
	acks                  []uint32
	payload               []byte
}

func (f rawFrame) bytes() []byte {
	b := []byte{0xFF, 0xFF, 1, f.kind}
	for _, v := range []uint64{f.session, f.tag, f.counter} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = append(b, byte(len(f.acks)))
	for _, a := range f.acks {
		b = binary.BigEndian.AppendUint32(b, a)
	}
	return append(b, f.payload...)
}

// helloPayload is what a node of the cluster says when it opens a session.
func helloPayload(nonce uint64, cluster string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, nonce), cluster...)
}

// infoPayload is what a node says of itself.
func infoPayload(tag, nonce, number, answers uint64, a netip.AddrPort, name string) []byte {
	var b []byte
	for _, v := range []uint64{tag, nonce, number, answers} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = appendAddress(b, a)
	b = append(append(b, byte(len("smudge"))), "smudge"...)
	profile := append([]byte{1, 0}, byte(len(name))) // 256 bytes of payload
	profile = append(append(append(profile, name...), byte(len("devel"))), "devel"...)
	profile = append(profile, 0, 0) // no tags
	return append(binary.BigEndian.AppendUint16(b, uint16(len(profile))), profile...)
}

func appendAddress(b []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	return binary.BigEndian.AppendUint16(append(b, ip[:]...), a.Port())
}

// rawSocket is a socket for frames made by hand.
type rawSocket struct {
	t    testing.TB
	conn *net.UDPConn
	addr netip.AddrPort
}

func newRawSocket(t testing.TB) *rawSocket {
	t.Helper()
	conn := listenLoopback(t)
	t.Cleanup(func() { _ = conn.Close() })
	return &rawSocket{t, conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()}
}

func (s *rawSocket) send(to *Daemon, b []byte) {
	s.t.Helper()
	if _, err := s.conn.WriteToUDPAddrPort(b, to.Gossip); err != nil {
		s.t.Fatal(err)
	}
}

// receive waits for a frame of the kind.
func (s *rawSocket) receive(kind byte) rawFrame {
	s.t.Helper()
	f, ok := s.receiveWithin(kind, Timeout)
	if !ok {
		s.t.Fatalf("no frame of kind %d within %v", kind, Timeout)
	}
	return f
}

func (s *rawSocket) receiveWithin(kind byte, d time.Duration) (rawFrame, bool) {
	s.t.Helper()
	b := make([]byte, 2048)
	_ = s.conn.SetReadDeadline(time.Now().Add(d))
	for {
		n, err := s.conn.Read(b)
		if isTimeout(err) {
			return rawFrame{}, false
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if n < 29 || b[3] != kind {
			continue
		}
		return rawFrame{
			kind: kind, session: binary.BigEndian.Uint64(b[4:]), tag: binary.BigEndian.Uint64(b[12:]),
			counter: binary.BigEndian.Uint64(b[20:]), payload: b[29+4*int(b[28]) : n],
		}, true
	}
}

// drain throws away what has come in.
func (s *rawSocket) drain() {
	b := make([]byte, 1)
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := s.conn.Read(b); err != nil && isTimeout(err) {
			return
		}
	}
}

// greet sends a hello of a session until it is answered, and returns the cookie and
// the session of who answers.
func (s *rawSocket) greet(to *Daemon, session, nonce uint64) (cookie, theirs uint64) {
	s.t.Helper()
	hello := rawFrame{kind: kindHello, session: session, payload: helloPayload(nonce, "smudge")}.bytes()
	for deadline := time.Now().Add(Timeout); time.Now().Before(deadline); {
		s.send(to, hello)
		for {
			w, ok := s.receiveWithin(kindWelcome, 100*time.Millisecond)
			if !ok {
				break // one of the two was lost
			}
			if w.tag == nonce {
				return binary.BigEndian.Uint64(w.payload), w.session
			}
		}
	}
	s.t.Fatalf("%s does not answer a hello", to.Gossip)
	return 0, 0
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}
