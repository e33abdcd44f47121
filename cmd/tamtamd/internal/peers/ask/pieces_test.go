// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// long returns an answer of so many bytes, which differs from node to node.
func (w *network) long(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(w.random.Uint32())
	}
	return b
}

// TestLongAnswers come whole, whatever is lost, also to the node itself, and beside short ones.
func TestLongAnswers(t *testing.T) {
	for _, loss := range []float64{0, 0.3, 0.6} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			w := newNetwork(t, 5, loss)
			w.answer()
			w.answer() // two programs each
			want := map[string]string{}
			for k, s := range w.order {
				s.answer = func(e Event) {
					size := []int{limits.MaxAnswer, pieceSize + 1, pieceSize, 3, 20_000}[k]
					if e.To == 2 {
						size = 5
					}
					b := w.long(size)
					want[fmt.Sprintf("%s/%d", s.addr, e.To-1)] = string(b)
					s.Answer(w.now, e.To, e.ID, b, "")
				}
			}
			q := w.ask(0, Query{Targets: w.all(), Timeout: 4 * time.Minute})
			w.run(5 * time.Minute)
			r := w.of(0, q)
			if r.done == nil || *r.done != (Sum{5, 5, 10}) || len(r.failures) != 0 {
				t.Errorf("%+v, %v", r.done, r.failures)
			}
			for k, b := range want {
				if r.answers[k] != b {
					t.Errorf("%s: %d bytes, want %d, or others", k, len(r.answers[k]), len(b))
				}
			}
			w.clean()
		})
	}
}

// TestLongAnswersAreQuickWithoutLoss, and paced: the pieces of one are not sent all at once.
func TestLongAnswersAreQuickWithoutLoss(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer()
	b := w.order[1]
	b.answer = func(e Event) { b.Answer(w.now, e.To, e.ID, make([]byte, limits.MaxAnswer), "") }
	q := w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}})
	w.run(10 * time.Millisecond)
	if n := w.order[0].assembling; n != limits.MaxAnswer || len(w.flying) > 2*piecesAtOnce {
		t.Errorf("%d bytes are put together, %d frames are on their way", n, len(w.flying))
	}
	w.run(60 * time.Millisecond)
	if r := w.of(0, q); r.done == nil || r.done.Answers != 1 {
		t.Errorf("%+v", r)
	}
	w.clean()
}

// TestLongAnswerForAnEarlierVersion: the asker is told that it is too long.
func TestLongAnswerForAnEarlierVersion(t *testing.T) {
	var got []*peerv1.UserAnswer
	c := NewCore(CoreConfig{
		Self: at(1), Tags: func() string { return "" },
		SendAnswer: func(_ netip.AddrPort, _ uint64, m *peerv1.UserAnswer) bool { got = append(got, m); return true },
	})
	id, err := c.Register([]string{"t"}, false)
	if err != nil {
		t.Fatal(err)
	}
	for token, size := range []int{pieceSize, pieceSize + 1} {
		c.Asked(epoch, at(2), uint64(token), &peerv1.UserQuestion{Topic: "t", TimeoutMs: 1000})
		for _, e := range c.AppendEvents(nil) {
			c.Answer(epoch, id, e.ID, make([]byte, size), "")
		}
	}
	if len(got) != 2 || len(got[0].GetPayload()) != pieceSize || Reason(got[1].GetFailure()) != Failed ||
		got[1].GetMessage() != "its answer has 1025 bytes: an answer to a node of an earlier version may have 1024" {
		t.Errorf("%v", got)
	}
}

// TestAnswersHeldAreBounded: long answers of questions that are not over make room, or are refused.
func TestAnswersHeldAreBounded(t *testing.T) {
	refused := 0
	c := NewCore(CoreConfig{
		Self: at(1), Tags: func() string { return "" },
		SendAnswer: func(_ netip.AddrPort, _ uint64, m *peerv1.UserAnswer) bool {
			if Reason(m.GetFailure()) == Busy {
				refused++
			}
			return true
		},
	})
	id, err := c.Register([]string{"t"}, false)
	if err != nil {
		t.Fatal(err)
	}
	const most = maxBytes / limits.MaxAnswer
	ask := func(token int, now time.Time) {
		c.Asked(now, at(2), uint64(token), &peerv1.UserQuestion{Topic: "t", TimeoutMs: 60_000, Pieces: true})
		for _, e := range c.AppendEvents(nil) {
			c.Answer(now, id, e.ID, make([]byte, limits.MaxAnswer), "")
		}
	}
	for i := range most + 5 { // at once: none has been sent
		ask(i, epoch)
	}
	if refused != 5 || c.bytes > maxBytes+5*limits.MaxAnswerFailure {
		t.Errorf("%d are refused, %d bytes held", refused, c.bytes)
	}
	now := epoch
	for range 4 * most {
		now = now.Add(pieceEvery * 8)
		c.Tick(now)
	}
	for range 10 * most {
		now = now.Add(pieceEvery)
		c.Tick(now)
	}
	ask(10_000, now)
	if refused != 5 || c.bytes > maxBytes+5*limits.MaxAnswerFailure {
		t.Errorf("%d are refused, %d bytes held", refused, c.bytes)
	}
}

// TestHostilePieces: what a member sends does not end the query, is bounded, and does not keep a true answer from
// being taken.
func TestHostilePieces(t *testing.T) {
	room := 3 * limits.MaxAnswer
	var c *Core
	c = NewCore(CoreConfig{
		Self: at(1), Tags: func() string { return "" },
		SendQuestion: func(netip.AddrPort, uint64, *peerv1.UserQuestion) bool { return true },
		Room:         func(size int) bool { return c.Assembling()+size <= room },
	})
	if err := c.Ask(epoch, 1, Query{Topic: "t", Targets: []Target{{Addr: at(2), Matches: true}}, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	send := func(answerer, size, piece, payload int, sum uint32) {
		b := bytes.Repeat([]byte{byte(piece)}, payload)
		c.Answered(epoch, at(2), 1, &peerv1.UserAnswer{Answerers: 64, Answerer: number(answerer), Size: uint32(size), Piece: uint32(piece), Sum: sum, Payload: b}, "")
	}
	for _, bad := range [][3]int{{100, 0, 100}, {limits.MaxAnswer + 1, 0, pieceSize}, {1 << 31, 0, pieceSize}, {2000, 2, 1}, {2000, 0, 100}, {2000, 1, pieceSize}, {2000, 1 << 20, 5}} {
		send(0, bad[0], bad[1], bad[2], 1)
	}
	if c.assembling != 0 {
		t.Errorf("%d bytes", c.assembling)
	}
	for i := range 64 {
		send(i, limits.MaxAnswer, 0, pieceSize, 1)
	}
	if c.assembling != room {
		t.Errorf("%d bytes, want %d", c.assembling, room)
	}
	for i := range 100 { // answered again, and again
		send(0, 2000+i, 0, pieceSize, 1)
	}
	if c.assembling > room {
		t.Errorf("%d bytes, want %d at most", c.assembling, room)
	}
	send(1, 1500, 0, pieceSize, 99) // a wrong sum
	send(1, 1500, 1, 1500-pieceSize, 99)
	if got := c.AppendEvents(nil); len(got) != 1 || got[0].Kind != Received {
		t.Errorf("%+v", got)
	}
	whole := append(bytes.Repeat([]byte{0}, pieceSize), bytes.Repeat([]byte{1}, 1500-pieceSize)...)
	sum := crc32.Checksum(whole, castagnoli)
	send(1, 1500, 1, 1500-pieceSize, sum)
	send(1, 1500, 1, 1500-pieceSize, sum) // twice
	send(1, 1500, 0, pieceSize, sum)
	if got := c.AppendEvents(nil); len(got) != 1 || got[0].Kind != Answer || !bytes.Equal(got[0].Payload, whole) {
		t.Errorf("%+v", got)
	}
	c.Cancel(1)
	if c.assembling != 0 {
		t.Errorf("%d bytes are left", c.assembling)
	}
}

// FuzzPieces: what is put together is counted, whatever comes.
func FuzzPieces(f *testing.F) {
	f.Add([]byte{0, 2, 0, 1, 0, 2, 1, 1, 1, 3, 2, 7})
	f.Fuzz(func(t *testing.T, script []byte) {
		c := NewCore(CoreConfig{
			Self: at(1), Tags: func() string { return "" },
			SendQuestion: func(netip.AddrPort, uint64, *peerv1.UserQuestion) bool { return true },
		})
		if err := c.Ask(epoch, 1, Query{Topic: "t", Targets: []Target{{Addr: at(2), Matches: true}}, Timeout: time.Minute}); err != nil {
			t.Fatal(err)
		}
		for ; len(script) >= 4; script = script[4:] {
			size, piece := int(script[1])*500, int(script[2])
			c.Answered(epoch, at(2), 1, &peerv1.UserAnswer{
				Answerers: 20, Answerer: number(int(script[0])), Size: uint32(size), Piece: uint32(piece), Sum: uint32(script[3]),
				Payload: make([]byte, max(0, min(pieceSize, size-piece*pieceSize))),
			}, "")
			sum := 0
			for _, q := range c.queries {
				for _, p := range q.targets[at(2)].partial {
					sum += len(p.b)
				}
			}
			if sum != c.assembling || sum > maxPartial*limits.MaxAnswer {
				t.Fatalf("%d bytes are put together, %d counted", sum, c.assembling)
			}
		}
		c.Cancel(1)
		if c.assembling != 0 {
			t.Fatalf("%d bytes are left", c.assembling)
		}
	})
}
