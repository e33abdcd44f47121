// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"flag"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// query is which messages stream asks for.
type query struct {
	topics, origins []string
	last            uint32
	since           time.Time
	ago             time.Duration // before the call, instead of since
}

// register registers the flags that fill q.
func (q *query) register(fs *flag.FlagSet) {
	fs.Func("topic", "only messages with this `topic`, \"\" for those without; repeatable and comma separated", func(s string) error {
		q.topics = append(q.topics, strings.Split(s, ",")...)
		return nil
	})
	fs.Func("origin", "only messages from the node with this gossip `address`, as 192.0.2.1:9999; repeatable and comma separated", q.setOrigins)
	fs.Func("last", "begin with the last `n` of the messages that are kept", q.setLast)
	fs.Func("since", "begin with the messages that are kept and came since `when`: 5m, or 2026-01-31T15:04:05Z", q.setSince)
}

func (q *query) setOrigins(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		a, err := netip.ParseAddrPort(strings.TrimSpace(one))
		if err != nil {
			return errors.New("want an IP and a port, as 192.0.2.1:9999")
		}
		q.origins = append(q.origins, a.String())
	}
	return nil
}

func (q *query) setLast(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return errors.New("want a number from 1")
	}
	q.last = uint32(n)
	return nil
}

func (q *query) setSince(s string) error {
	q.ago, q.since = 0, time.Time{} // of several, the last counts
	var err error
	if q.ago, err = time.ParseDuration(s); err == nil && q.ago > 0 {
		return nil
	}
	if q.since, err = time.Parse(time.RFC3339, s); err == nil {
		return nil
	}
	return errors.New("want how long ago, as 5m, or a time, as 2026-01-31T15:04:05Z")
}

// request is what asks the daemon for it.
func (q *query) request(now time.Time) *tamtamv1.StreamMessagesRequest {
	r := &tamtamv1.StreamMessagesRequest{Topics: q.topics, Origins: q.origins, Last: q.last}
	switch {
	case q.ago > 0:
		r.Since = timestamppb.New(now.Add(-q.ago))
	case !q.since.IsZero():
		r.Since = timestamppb.New(q.since)
	}
	return r
}
