// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// MaxAhead is how far a value may be dated beyond a node's own clock.
const MaxAhead = time.Minute

// Life is how long a tombstone is kept, from when it is dated.
const Life = 24 * time.Hour

// Errors of Set. Nothing was changed then.
var (
	// ErrInvalid: the topic or the value is wrong in any state of the cluster.
	ErrInvalid = errors.New("bad retained message")
	// ErrFull: the topics or their bytes are too many.
	ErrFull = errors.New("too much is retained")
	// ErrClock: the present value is dated so far in the future that a later one would be refused.
	ErrClock = errors.New("clocks differ too much")
	// ErrTooFew: fewer members are live than the sender wants to wait for.
	ErrTooFew = errors.New("too few live members")
	// ErrBusy: callers wait for too many members.
	ErrBusy = errors.New("too much is waited for")
)

// Value is the value of a topic. All who have it share it, so it never changes.
type Value struct {
	Topic   string
	Payload []byte         // empty: a tombstone, the topic is deleted
	Time    int64          // nanoseconds since 1970, by the clock of the origin, or later; over 0
	Created int64          // of the first value of the topic since it was deleted; at most Time
	Origin  netip.AddrPort // where it was set
	// Revision numbers the values that this node has taken, from 1 on. Others do not get it.
	Revision uint64
}

// Deleted reports whether the value is a tombstone.
func (v Value) Deleted() bool { return len(v.Payload) == 0 }

// Size is what the value counts for limits.RetainedBytes.
func (v Value) Size() int { return len(v.Topic) + len(v.Payload) }

// Compare orders the values of a topic: the last one wins. It returns 0 only for the same value.
func (v Value) Compare(o Value) int {
	return cmp.Or(cmp.Compare(v.Time, o.Time), v.Origin.Compare(o.Origin), bytes.Compare(v.Payload, o.Payload), cmp.Compare(v.Created, o.Created))
}

// Check reports why a topic or a value cannot be retained: ErrInvalid.
func Check(topic string, payload []byte) error {
	switch {
	case !validTopic(topic):
		return fmt.Errorf("%w: topic %.80q: want 1 to %d bytes of printable UTF-8", ErrInvalid, topic, limits.MaxTopic)
	case len(payload) > limits.MaxRetained:
		return fmt.Errorf("%w: the value has %d bytes, want at most %d", ErrInvalid, len(payload), limits.MaxRetained)
	}
	return nil
}

// validTopic reports whether a topic is short enough, and safe to print.
func validTopic(t string) bool {
	if t == "" || len(t) > limits.MaxTopic || !utf8.ValidString(t) {
		return false
	}
	for _, r := range t {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
