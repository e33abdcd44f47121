// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/internal/restapi"
)

// watch serves the members that match, then each change of one of them, as lines of JSON, or as server-sent events to
// a client that accepts those. With after, or Last-Event-ID, it goes on from that revision, if the changes since are still
// kept; else it begins with all members again.
func (a *API) watch(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	after, err := lastSeen(r.Header.Get("Last-Event-ID"), values.Get("after"))
	var q query
	if err == nil {
		q, err = parse(values)
	}
	if err != nil {
		fail(w, invalid(err))
		return
	}
	s, leave, ok := a.open(w, r)
	if !ok {
		return
	}
	defer leave()
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
	w := a.cfg.Members.Watch(after, buffer)
	defer w.Changes.Unsubscribe()
	send := func(l restapi.Change) error { return s.send(l.Event, strconv.FormatUint(l.Revision, 10), l) }
	chosen := filter.NewWatch(q.Match)
	for _, m := range w.Members {
		if chosen.Present(m) {
			v := show(m)
			_ = send(restapi.Change{Event: "present", Revision: w.Revision, Member: &v}) // the next one fails as well
		}
	}
	change := func(c member.Change) error {
		sent, is := chosen.Change(c)
		if !sent {
			return nil
		}
		v := show(c.Member)
		line := restapi.Change{
			Event: "change", Revision: c.Revision, Member: &v, Removed: c.Removed, Gone: !is, Reason: c.Reason.String(), Time: c.Time.UTC(),
		}
		if c.Previous != 0 {
			line.Previous = c.Previous.String()
		}
		return send(line)
	}
	for _, c := range w.Missed {
		_ = change(c)
	}
	err := send(restapi.Change{Event: "synced", Revision: w.Revision, Resumed: w.Resumed})
	beats := time.NewTicker(a.beats)
	defer beats.Stop()
	for err == nil {
		select {
		case c, ok := <-w.Changes.C():
			if !ok {
				why := "the daemon ends"
				if errors.Is(w.Changes.Err(), fanout.ErrOverflow) {
					why = "the reader fell too far behind"
				}
				_ = s.send("end", "", restapi.End{Event: "end", Why: why}) // the client may have gone
				return
			}
			err = change(*c)
		case <-beats.C:
			err = s.write("\n")
		case <-r.Context().Done():
			return
		}
	}
}
