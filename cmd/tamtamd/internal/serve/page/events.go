// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/escape"
)

const (
	// maxReaders bounds the concurrent streams, and maxReadersEach those of one client. They are
	// half of package web's bounds on connections, so that viewers cannot keep probes out.
	maxReaders     = 32
	maxReadersEach = 20
	// buffer is the number of changes, and of messages, that a reader may fall behind.
	buffer = 256
	// maxMessages bounds the messages of one event. Only the last are sent.
	maxMessages = 20
	// messagesEvery is the time between two events of messages. One event for each message
	// would be too many in a busy cluster.
	messagesEvery = 250 * time.Millisecond
	// beatEvery is the time between two beats, which show that the stream is alive. The page
	// takes three missed beats for its end.
	beatEvery = 10 * time.Second
	// takenWithin bounds the time that a reader may take to read an event.
	takenWithin = 10 * time.Second
	// maxFlapping bounds the flapping members that a beat lists.
	maxFlapping = 100
)

type (
	changeView struct {
		Member memberView `json:"member"` // after the change; the last known if it was removed
		Step   stepView   `json:"step"`
	}
	messageView struct {
		Origin   string `json:"origin"`
		Session  string `json:"session"`
		Sequence string `json:"sequence"`
		Topic    string `json:"topic"`
		Bytes    int    `json:"bytes"`    // of the payload, which is not shown
		Received int64  `json:"received"` // by this node's clock
		Lost     uint64 `json:"lost,omitempty"`
	}
	messagesView struct {
		Messages []messageView `json:"messages"`
		Skipped  int           `json:"skipped"` // messages before these that are not sent
	}
	beatView struct {
		Now int64 `json:"now"`
		phaseView
		Flapping []string `json:"flapping"` // addresses
	}
	endView struct {
		Why string `json:"why"`
	}
)

// events streams, as server-sent events:
//
//	snapshot  id: revision   as status.json; not sent if the reader resumes
//	change    id: revision   one change of a member
//	messages                 the last few messages and gaps, without payloads
//	beat                     every beatEvery: the stream is alive
//	end                      the reason for the end of the stream
//
// A reader resumes if it names the revision of the last event that it saw, in Last-Event-ID
// or as ?after=. It gets the changes since, or a snapshot if they are no longer kept.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	after, err := lastSeen(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	leave, ok := p.readers.Enter(r)
	if !ok {
		h.Set("Retry-After", "10")
		h.Set("Connection", "close")
		most, each := p.readers.Bounds()
		http.Error(w, fmt.Sprintf("there are %d readers already, or %d of yours", most, each), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	s := &stream{w: w, control: http.NewResponseController(w)}
	// The server's deadline for a whole request would end the stream.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.stream(r, s, after)
}

// lastSeen returns the revision that a reader has seen, or nil.
func lastSeen(r *http.Request) (*uint64, error) {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		id = r.URL.Query().Get("after")
	}
	if id == "" {
		return nil, nil
	}
	revision, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("revision %.40q: want a number", id)
	}
	return &revision, nil
}

func (p *Page) stream(r *http.Request, s *stream, after *uint64) {
	w := p.cfg.Members.Watch(after, buffer)
	defer w.Changes.Unsubscribe()
	kept, messages := p.cfg.Messages.Subscribe(broadcast.Query{Last: maxMessages}, buffer)
	defer messages.Unsubscribe()
	if !w.Resumed {
		s.send("snapshot", &w.Revision, p.snapshot(w.Members, w.Revision))
	}
	for _, c := range w.Missed {
		s.change(c)
	}
	var waiting backlog
	for _, m := range kept {
		waiting.add(broadcast.Delivery{Message: m})
	}
	s.messages(&waiting)
	s.send("beat", nil, p.beat())

	beats, batches := time.NewTicker(p.every), time.NewTicker(messagesEvery)
	defer beats.Stop()
	defer batches.Stop()
	for s.err == nil {
		select {
		case c, ok := <-w.Changes.C():
			if !ok {
				s.end(w.Changes.Err())
				return
			}
			s.change(*c)
		case d, ok := <-messages.C():
			if !ok {
				s.end(messages.Err())
				return
			}
			waiting.add(*d)
		case <-batches.C:
			s.messages(&waiting)
		case <-beats.C:
			s.send("beat", nil, p.beat())
		case <-r.Context().Done():
			return
		}
	}
}

func (p *Page) beat() beatView {
	v := beatView{Now: p.cfg.Now().UnixMilli(), phaseView: p.phase(), Flapping: []string{}}
	members, _ := p.cfg.Members.List()
	for _, m := range members {
		if m.Flapping && len(v.Flapping) < maxFlapping {
			v.Flapping = append(v.Flapping, m.Addr.String())
		}
	}
	return v
}

// backlog has the messages and gaps for the next event.
type backlog struct {
	last    []messageView
	skipped int
}

func (b *backlog) add(d broadcast.Delivery) {
	if len(b.last) == maxMessages {
		b.last = append(b.last[:0], b.last[1:]...)
		b.skipped++
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	v := messageView{
		Origin: d.Message.Origin.String(), Session: number(d.Message.Session), Sequence: number(d.Message.Sequence),
		Topic: d.Message.Topic, Bytes: len(d.Message.Payload), Received: d.Message.Received.UnixMilli(),
	}
	if g := d.Gap; g.To != 0 {
		v = messageView{
			Origin: g.Origin.String(), Session: number(g.Session), Sequence: number(g.From), Lost: g.To - g.From + 1,
			Received: time.Now().UnixMilli(),
		}
	}
	b.last = append(b.last, v)
}

// stream writes events. After the first error it writes nothing more.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func (s *stream) change(c member.Change) {
	step := showStep(member.Step{
		Time: c.Time, Previous: c.Previous, Status: c.Member.Status, Removed: c.Removed, By: c.By, Reason: c.Reason,
	})
	v := changeView{showMember(c.Member), step}
	if c.Removed {
		v.Member.Status, v.Member.Since = removed, step.At
	}
	s.send("change", &c.Revision, v)
}

func (s *stream) messages(b *backlog) {
	if len(b.last) > 0 {
		s.send("messages", nil, messagesView{b.last, b.skipped})
		*b = backlog{}
	}
}

func (s *stream) end(why error) {
	v := endView{"closing"}
	if errors.Is(why, fanout.ErrOverflow) {
		v.Why = "behind"
	}
	s.send("end", nil, v)
}

// send writes one event. The encoded JSON has no line breaks, so it is one data line.
func (s *stream) send(event string, id *uint64, v any) {
	if s.err != nil {
		return
	}
	var data []byte
	if data, s.err = json.Marshal(v); s.err != nil {
		return
	}
	data = escape.JSON(data)
	if s.err = s.control.SetWriteDeadline(time.Now().Add(takenWithin)); s.err != nil {
		return
	}
	if id != nil {
		_, s.err = fmt.Fprintf(s.w, "id: %d\n", *id)
	}
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, data)
	}
	if s.err == nil {
		s.err = s.control.Flush()
	}
}
