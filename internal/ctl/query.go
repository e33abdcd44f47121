// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// query says which messages stream asks for.
type query struct {
	topics  []string
	origins []arg.Member
	filter  arg.Filter // of origins
	last    uint32
	since   time.Time
	ago     time.Duration // before the call, instead of since
}

// register registers the flags of the query.
func (q *query) register(fs *flag.FlagSet) {
	fs.Func("topic", "only messages with this `topic`, \"\" for messages without one; repeatable and comma separated", func(s string) error {
		q.topics = append(q.topics, strings.Split(s, ",")...)
		return nil
	})
	fs.Func("origin", "only messages of this `member`; repeatable and comma separated", q.setOrigins)
	q.filter.Register(fs, "messages of members")
	fs.Func("last", "begin with the last `n` messages that the daemon keeps", q.setLast)
	fs.Func("since", "begin with the messages that the daemon keeps since `when`: 5m, or 2026-01-31T15:04:05Z", q.setSince)
}

func (q *query) setOrigins(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		m, err := arg.ParseMember(strings.TrimSpace(one))
		if err != nil {
			return err
		}
		q.origins = append(q.origins, m)
	}
	return nil
}

// origin returns the addresses of the origins. That of a node that is no member is taken as it
// is: the daemon may keep messages of it.
func (q *query) origin(ctx context.Context, c *client.Conn, within time.Duration) (all []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for _, m := range q.origins {
		address, err := memberAddress(ctx, c, m.Text)
		if err != nil {
			return nil, c.Explain(err)
		}
		if _, err := netip.ParseAddrPort(address); err != nil {
			return nil, &arg.UnknownError{Text: m.Text}
		}
		all = append(all, address)
	}
	return all, nil
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
func (q *query) request(origins []string, now time.Time) *tamtamv1.StreamMessagesRequest {
	r := &tamtamv1.StreamMessagesRequest{Topics: q.topics, Origins: origins, OriginFilter: q.filter.Wanted(), Last: q.last}
	switch {
	case q.ago > 0:
		r.Since = timestamppb.New(now.Add(-q.ago))
	case !q.since.IsZero():
		r.Since = timestamppb.New(q.since)
	}
	return r
}
