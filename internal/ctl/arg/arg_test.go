// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arg

import (
	"errors"
	"slices"
	"testing"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	alive = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
	dead  = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
	left  = tamtamv1.MemberStatus_MEMBER_STATUS_LEFT
)

func TestCounts(t *testing.T) {
	one := func(args []string) error {
		_, err := One("configure heartbeat", "time", args)
		return err
	}
	none := func(args []string) error { return None("stats", args) }
	for _, c := range []struct {
		name          string
		take          func([]string) error
		args          []string
		command, text string
	}{
		{"none", none, nil, "", ""},
		{"none of one", none, []string{"x"}, "tamtamctl stats", `stats takes no argument, not "x"`},
		{"one", one, []string{"1s"}, "", ""},
		{"one of none", one, nil, "tamtamctl configure heartbeat", "configure heartbeat takes one time, not 0 arguments"},
		{"one of two", one, []string{"a", "b"}, "tamtamctl configure heartbeat", "configure heartbeat takes one time, not 2 arguments"},
		{"one of an empty one", one, []string{""}, "tamtamctl configure heartbeat", `configure heartbeat takes one time, not ""`},
	} {
		err := c.take(c.args)
		var usage *UsageError
		if !errors.As(err, &usage) {
			usage = &UsageError{}
		}
		if (err == nil) != (c.text == "") || usage.Command != c.command || usage.Text != c.text {
			t.Errorf("%s: %+v, want %q of %q", c.name, err, c.text, c.command)
		}
	}
	if have, err := One("ping", "address", []string{"a:1"}); have != "a:1" || err != nil {
		t.Errorf("%q, %v", have, err)
	}
}

func TestCount(t *testing.T) {
	for s, want := range map[string]int{"1": 1, "2147483647": 1<<31 - 1, "0": 0, "-1": 0, "2147483648": 0, "": 0, "1.5": 0, "some": 0} {
		if have, err := Count(s); have != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d, %v, want %d", s, have, err, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{"5s": 5 * time.Second, "24h": 24 * time.Hour, "1ns": 1, "0s": 0, "-1s": 0, "24h1s": 0, "5": 0, "soon": 0} {
		var have time.Duration
		if err := (Duration{&have}).Set(s); have != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v, %v, want %v", s, have, err, want)
		}
	}
	// Package flag makes a zero value and asks it.
	for v, want := range map[Duration]string{{}: "", {new(time.Duration)}: ""} {
		if v.String() != want {
			t.Errorf("%q, want %q", v.String(), want)
		}
	}
}

func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		lists []string
		want  Statuses
	}{
		{[]string{"alive"}, Statuses{alive}},
		{[]string{"Dead, LEFT", "alive"}, Statuses{dead, left, alive}},
		{[]string{""}, nil},
		{[]string{"unspecified"}, nil},
		{[]string{"gone"}, nil},
	} {
		var have Statuses
		var err error
		for _, s := range c.lists {
			err = errors.Join(err, have.Set(s))
		}
		if !slices.Equal(have, c.want) || (err != nil) != (c.want == nil) {
			t.Errorf("%q: %v, %v, want %v", c.lists, have, err, c.want)
		}
	}
	for s, want := range map[string]tamtamv1.MemberStatus{"dead": dead, "LEFT": left, "dead,left": 0, "": 0, "ded": 0} {
		if have, err := Status(s); have != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v, %v, want %v", s, have, err, want)
		}
	}
}

// TestMember: which of the members a text stands for.
func TestMember(t *testing.T) {
	members := []*tamtamv1.Member{
		{Address: "192.0.2.1:9999", Name: "one", Status: alive, Local: true},
		{Address: "192.0.2.2:9999", Name: "db", Status: alive},
		{Address: "192.0.2.3:9999", Name: "db", Status: dead},
		{Address: "192.0.2.4:9999", Name: "two", Status: alive},
		{Address: "192.0.2.5:7", Name: "two", Status: tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED},
		{Address: "192.0.2.6:9999", Name: "ended", Status: left},
		{Address: "192.0.2.7:9999", Name: "ended", Status: dead},
		{Address: "192.0.2.8:9999", Name: "192.0.2.1:9999", Status: alive}, // it would be another
		{Address: "192.0.2.9:9999", Name: "192.0.2.1", Status: alive},
		{Address: "[2001:db8::1]:9999", Name: "localhost", Status: alive},
		{Address: "127.0.0.1:9999", Name: "0x1F", Status: alive},
		{Address: "127.0.0.1:8", Name: "12:30", Status: dead},
	}
	for text, want := range map[string]string{
		"one": "192.0.2.1:9999", "One": "", "on": "",
		"0x1F": "127.0.0.1:9999", "12:30": "127.0.0.1:8",
		"db":             "192.0.2.2:9999", // the live one
		"two":            `"two" stands for 2 members: 192.0.2.4:9999 (ALIVE), 192.0.2.5:7 (SUSPECTED); give the address of one`,
		"ended":          `"ended" stands for 2 members: 192.0.2.6:9999 (LEFT), 192.0.2.7:9999 (DEAD); give the address of one`,
		"192.0.2.1:9999": "192.0.2.1:9999", "[::ffff:192.0.2.1]:9999": "192.0.2.1:9999",
		"192.0.2.1": "192.0.2.9:9999", // a name
		"192.0.2.2": "192.0.2.2:9999", "::ffff:192.0.2.2": "192.0.2.2:9999", "192.0.2.5": "", "192.0.2.2:1": "",
		"2001:db8::1": "[2001:db8::1]:9999",
		"localhost":   "[2001:db8::1]:9999", // a name, though it is a host name, too
		"localhost:8": "127.0.0.1:8", "nobody.invalid": "", "a b": "",
	} {
		m, err := ParseMember(text)
		if err != nil {
			t.Fatal(err)
		}
		m.LookUp(t.Context())
		have, err := m.One(members)
		got := have.GetAddress()
		var unknown *UnknownError
		if err != nil && !errors.As(err, &unknown) {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	if _, err := ParseMember(""); err == nil {
		t.Error("an empty text is a member")
	}
	m, _ := ParseMember("localhost")
	m.LookUp(t.Context())
	if have, err := m.One([]*tamtamv1.Member{members[10], {Address: "192.0.2.1:3", Local: true}}); err == nil {
		t.Errorf("with another port: %v", have)
	}
	if have, err := m.One([]*tamtamv1.Member{members[10], {Address: "192.0.2.1:9999", Local: true}}); err != nil {
		t.Errorf("a host name: %v, %v", have, err)
	}
}
