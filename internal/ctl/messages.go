// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// messages says which messages stream asks for.
type messages struct {
	topics  []string
	origins []string   // members
	filter  arg.Filter // of origins
	last    uint32
	since   time.Time
	ago     time.Duration // before the call, instead of since
	// retained: begin with the values of retained topics.
	retained bool
}

// register registers the flags of the messages.
func (m *messages) register(fs *flag.FlagSet) {
	fs.Func("topic", "only messages with this `topic`, which may be a pattern such as config/*; \"\" for messages without one; repeatable and comma separated", func(s string) error {
		m.topics = append(m.topics, strings.Split(s, ",")...)
		return nil
	})
	fs.Func("origin", "only messages of this `member`; repeatable and comma separated", m.setOrigins)
	m.filter.Register(fs, "messages of members")
	fs.BoolVar(&m.retained, "retained", false, "begin with the values of the retained topics, and get each value that the daemon learns later")
	fs.Func("last", "begin with the last `n` messages that the daemon keeps", m.setLast)
	fs.Func("since", "begin with the messages that the daemon keeps since `when`: 5m, or 2026-01-31T15:04:05Z", m.setSince)
}

func (m *messages) setOrigins(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		text := strings.TrimSpace(one)
		if _, err := arg.ParseMember(text); err != nil {
			return err
		}
		m.origins = append(m.origins, text)
	}
	return nil
}

func (m *messages) setLast(s string) error {
	n, err := arg.Count(s)
	m.last = uint32(n)
	return err
}

func (m *messages) setSince(s string) error {
	m.ago, m.since = 0, time.Time{} // of several, the last counts
	var err error
	if m.ago, err = time.ParseDuration(s); err == nil && m.ago > 0 {
		return nil
	}
	if m.since, err = time.Parse(time.RFC3339, s); err == nil {
		return nil
	}
	return errors.New("want an age, such as 5m, or a time, such as 2026-01-31T15:04:05Z")
}

// needsRetained reports whether a daemon that keeps no topics would do something else.
func (m *messages) needsRetained() bool {
	return m.retained || slices.ContainsFunc(m.topics, func(t string) bool { return strings.ContainsAny(t, "*?[") })
}

// request returns the request for the daemon: for the messages after a cursor, or, if it is empty, for
// those from now on; fresh: with the kept ones that are wanted.
func (m *messages) request(origins []string, now time.Time, after []byte, fresh bool) *tamtamv1.StreamMessagesRequest {
	r := &tamtamv1.StreamMessagesRequest{Topics: m.topics, Origins: origins, OriginFilter: m.filter.Wanted(), After: after, Retained: m.retained}
	if len(after) > 0 || !fresh {
		return r
	}
	r.After, r.Last = []byte{}, m.last
	switch {
	case m.ago > 0:
		r.Since = timestamppb.New(now.Add(-m.ago))
	case !m.since.IsZero():
		r.Since = timestamppb.New(m.since)
	}
	return r
}
