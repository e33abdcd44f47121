// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/readers"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// maxReaders bounds the concurrent watches, and maxReadersEach those of one client: fewer than connections,
	// so that they keep no probe out, and beside the viewers of the status page.
	maxReaders     = 16
	maxReadersEach = 12
	// buffer is the number of changes that a reader may fall behind.
	buffer = limits.ReaderBuffer
	// beatEvery is the time between two empty lines, which show that the watch is alive.
	beatEvery = 10 * time.Second
	// takenWithin bounds the time that a reader may take to read a line.
	takenWithin = 10 * time.Second
)

// Line is one line of a watch.
type Line struct {
	// Event is one of
	//
	//	present   a member at the beginning
	//	synced    all members, or all changes since the revision, were sent
	//	change    a change of a member, which may have ended with it
	//	end       the watch ends; begin it again
	Event    string    `json:"event"`
	Revision uint64    `json:"revision,string,omitempty"` // to go on from, with after; not in end
	Member   *Member   `json:"member,omitempty"`          // after the change
	Previous string    `json:"previous,omitempty"`        // its status before; none if it is new
	Removed  bool      `json:"removed,omitempty"`         // it is no longer listed
	Gone     bool      `json:"gone,omitempty"`            // it no longer matches the query
	Reason   string    `json:"reason,omitempty"`          // such as NO_ANSWER
	Time     time.Time `json:"time,omitzero"`
	Resumed  bool      `json:"resumed,omitempty"` // of synced: the changes since after were sent, and no members
	Why      string    `json:"why,omitempty"`     // of end
}

// watch serves the members that match, then each change of one of them, as lines of JSON, or as server-sent events to
// a client that accepts those. With after, or Last-Event-ID, it goes on from that revision, if the changes since are still
// kept; else it begins with all members again.
func (a *API) watch(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	after, err := lastSeen(r.Header.Get("Last-Event-ID"), values.Get("after"))
	values.Del("after")
	var q query
	if err == nil {
		q, err = parse(values, "tag", "name", "service")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	s := &stream{w: w, control: http.NewResponseController(w), events: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	s.begin()
	if r.Method == http.MethodHead {
		return
	}
	client := readers.ClientOf(r)
	if !a.readers.Enter(client) {
		a.counts.Inc(refused)
		w.Header().Set("Retry-After", "10")
		w.Header().Set("Connection", "close")
		fail(w, http.StatusServiceUnavailable, "there are %d watches already, or %d of yours", maxReaders, maxReadersEach)
		return
	}
	defer a.readers.Leave(client)
	// The server's deadline for a whole request would end the watch.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		fail(w, http.StatusInternalServerError, "%v", err)
		return
	}
	a.follow(r, s, q, after)
}

// lastSeen returns the revision that a reader has seen, or nil.
func lastSeen(ids ...string) (*uint64, error) {
	for _, id := range ids {
		if id == "" {
			continue
		}
		revision, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("revision %.40q: want a number", id)
		}
		return &revision, nil
	}
	return nil, nil
}

// follow sends lines until the reader or the table ends.
func (a *API) follow(r *http.Request, s *stream, q query, after *uint64) {
	w := a.members.Watch(after, buffer)
	defer w.Changes.Unsubscribe()
	matched := map[netip.AddrPort]bool{} // whether a member matched when it was seen last
	for _, m := range w.Members {
		v := show(m)
		if matched[m.Addr] = q.matches(v); matched[m.Addr] {
			s.send(Line{Event: "present", Revision: w.Revision, Member: &v})
		}
	}
	change := func(c member.Change) {
		v := show(c.Member)
		is := q.matches(v)
		was, known := matched[c.Member.Addr]
		if matched[c.Member.Addr] = is; c.Removed {
			delete(matched, c.Member.Addr)
		}
		if !known { // a new member, or one of a watch that resumed
			switch c.Reason {
			case member.Returned, member.Restarted, member.Updated: // its tags may have been others
				was = true
			default:
				was = is
			}
		}
		if !is && !was {
			return
		}
		line := Line{
			Event: "change", Revision: c.Revision, Member: &v, Removed: c.Removed, Gone: !is, Reason: c.Reason.String(), Time: c.Time.UTC(),
		}
		if c.Previous != 0 {
			line.Previous = c.Previous.String()
		}
		s.send(line)
	}
	for _, c := range w.Missed {
		change(c)
	}
	s.send(Line{Event: "synced", Revision: w.Revision, Resumed: w.Resumed})
	beats := time.NewTicker(a.beats)
	defer beats.Stop()
	for s.err == nil {
		select {
		case c, ok := <-w.Changes.C():
			if !ok {
				s.end(w.Changes.Err())
				return
			}
			change(*c)
		case <-beats.C:
			s.write("\n")
		case <-r.Context().Done():
			return
		}
	}
}

// stream writes lines. After the first error it writes nothing more.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	events  bool // as server-sent events
	err     error
}

func (s *stream) begin() {
	kind := "application/x-ndjson"
	if s.events {
		kind = "text/event-stream"
	}
	s.w.Header().Set("Content-Type", kind)
}

func (s *stream) send(l Line) {
	b, err := json.Marshal(l)
	if err != nil {
		s.err = err
		return
	}
	b = escape.JSON(b)
	if !s.events {
		s.write(string(b) + "\n")
		return
	}
	id := ""
	if l.Revision != 0 {
		id = "id: " + strconv.FormatUint(l.Revision, 10) + "\n"
	}
	s.write("event: " + l.Event + "\n" + id + "data: " + string(b) + "\n\n")
}

// end tells the reason for the end of the watch.
func (s *stream) end(err error) {
	why := "the daemon ends"
	if errors.Is(err, fanout.ErrOverflow) {
		why = "the reader fell too far behind"
	}
	s.send(Line{Event: "end", Why: why})
}

func (s *stream) write(text string) {
	if s.err != nil {
		return
	}
	if s.err = s.control.SetWriteDeadline(time.Now().Add(takenWithin)); s.err != nil {
		return
	}
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
}
