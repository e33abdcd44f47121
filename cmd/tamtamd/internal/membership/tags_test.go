// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestTagsOfThisNode: a change goes out with the rest of the profile, once.
func TestTagsOfThisNode(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 2 {
			if _, err := w.SetTags(map[string]string{"a": "b"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		sent := w.take()
		if len(sent) != 1 || sent[0].what != "profile" || string(sent[0].b) != (Profile{MaxPayload: 256, Tags: "a=b\n"}).Encode() {
			t.Errorf("sent %+v", sent)
		}
		if _, err := w.SetTags(map[string]string{"": "b"}, nil); err == nil || len(w.take()) != 0 {
			t.Errorf("a bad tag is set: %v", err)
		}
	})
}

// TestTagsOfAMember: those of its latest profile count, if it is its session's and can be
// parsed.
func TestTagsOfAMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		session := w.hosts[alice].session
		for _, c := range []struct {
			name    string
			session uint64
			profile string
			want    string
		}{
			{"tags", session, Profile{Tags: "a=b\n"}.Encode(), "a=b\n"},
			{"no profile", session, "\x00", "a=b\n"},
			{"another session", session + 1, Profile{Tags: "a=c\n"}.Encode(), "a=b\n"},
			{"other tags", session, Profile{Tags: "a=c\n"}.Encode(), "a=c\n"},
			{"tags that are none", session, Profile{Tags: "="}.Encode(), ""},
		} {
			w.event(wire.Event{Kind: wire.Changed, Addr: alice, Session: c.session, Profile: c.profile})
			if m, _ := w.table.Get(alice); m.Tags != c.want {
				t.Errorf("%s: %q, want %q", c.name, m.Tags, c.want)
			}
		}
		w.want(alice, member.Alive)
	})
}

// TestBadProfile: a node whose profile cannot be parsed is no member, and its session is
// closed. Nor are other messages that cannot be parsed believed.
func TestBadProfile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.event(wire.Event{Kind: wire.Up, Addr: bob, Session: 7, Profile: "\x00"})
		if len(of(w.take(), "close", bob)) != 1 || w.is(bob) != 0 {
			t.Error("its session stays")
		}
		w.member(alice)
		for _, ch := range []wire.Channel{MembersChannel, RemovalChannel} {
			w.event(wire.Event{Kind: wire.Received, Addr: alice, Session: w.hosts[alice].session, Channel: ch, Data: []byte("?")})
		}
		if n := w.counted()["dropped_bad_message"]; n != 3 {
			t.Errorf("counted %d", n)
		}
	})
}
