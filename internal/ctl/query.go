// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"flag"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// query says which messages stream asks for.
type query struct {
	topics, origins []string
	last            uint32
	since           time.Time
	ago             time.Duration // before the call, instead of since
}

// register registers the flags of the query.
func (q *query) register(fs *flag.FlagSet) {
	fs.Func("topic", "only messages with this `topic`, \"\" for messages without one; repeatable and comma separated", func(s string) error {
		q.topics = append(q.topics, strings.Split(s, ",")...)
		return nil
	})
	fs.Func("origin", "only messages from the node with this gossip `address`, such as 192.0.2.1:9999; repeatable and comma separated", q.setOrigins)
	fs.Func("last", "begin with the last `n` messages that the daemon keeps", q.setLast)
	fs.Func("since", "begin with the messages that the daemon keeps since `when`: 5m, or 2026-01-31T15:04:05Z", q.setSince)
}

func (q *query) setOrigins(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		a, err := netip.ParseAddrPort(strings.TrimSpace(one))
		if err != nil {
			return errors.New("want an IP and a port, such as 192.0.2.1:9999")
		}
		q.origins = append(q.origins, a.String())
	}
	return nil
}

func (q *query) setLast(s string) error {
	n, err := arg.Count(s)
	q.last = uint32(n)
	return err
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
	return errors.New("want an age, such as 5m, or a time, such as 2026-01-31T15:04:05Z")
}

// request returns the request for the daemon.
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
