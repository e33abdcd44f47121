// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestAllHaveIt: each value reaches all of 30 nodes, at 30 % loss, too, and its deletion.
func TestAllHaveIt(t *testing.T) {
	s := newSim(t, 30, 0.3, 1)
	want := map[string]string{}
	for i := range 40 {
		topic, value := fmt.Sprintf("config/%d", i%25), fmt.Sprintf("value %d", i)
		s.nodes[s.r.IntN(30)].set(topic, value)
		want[topic] = value
		s.run(200 * time.Millisecond)
	}
	s.run(2 * time.Second)
	if have := s.agree(); !maps.Equal(have, want) {
		t.Errorf("all have %v, want %v", have, want)
	}
	for _, n := range s.nodes {
		if got := n.got["config/0"]; len(got) != 2 || string(got[1].Payload) != "value 25" {
			t.Errorf("readers of %s got %v", n.addr, got)
		}
	}
	s.nodes[3].set("config/7", "")
	s.run(2 * time.Second)
	delete(want, "config/7")
	if have := s.agree(); !maps.Equal(have, want) {
		t.Errorf("all have %v, want %v", have, want)
	}
	for _, n := range s.nodes {
		if got := n.got["config/7"]; !got[len(got)-1].Deleted() {
			t.Errorf("readers of %s do not know that it was deleted: %v", n.addr, got)
		}
	}
}

// TestOneFrameEach: without loss, a value takes a message to each member, and no comparison finds a
// difference; a cluster without values sends nothing.
func TestOneFrameEach(t *testing.T) {
	s := newSim(t, 30, 0, 1)
	clear(s.sent)
	s.run(time.Hour)
	if len(s.sent) != 0 {
		t.Errorf("without values, %v are sent", s.sent)
	}
	s.nodes[0].set("a", "b")
	s.run(time.Minute)
	if n := s.sent[kindDigest]; s.sent[kindRecords] != 29 || len(s.sent) != 2 || n < 30*60/6 || n > 30*60/3 {
		t.Errorf("%v are sent", s.sent)
	}
	s.agree()
}

// TestPartition: both sides set, change and delete the same topics; the same values win everywhere, soon
// after the parts meet, and readers get no earlier value after a later one.
func TestPartition(t *testing.T) {
	for seed := range uint64(20) {
		s := newSim(t, 30, 0.3, seed)
		for i := range 10 {
			s.nodes[0].set(fmt.Sprint(i), "before")
		}
		s.run(3 * time.Second)
		s.agree()
		heal := s.split(func(i int) bool { return i%3 == 0 })
		want := map[string]string{}
		for i := range 10 {
			want[fmt.Sprint(i)] = "before"
		}
		for i := range 60 {
			topic, value := fmt.Sprint(s.r.IntN(12)), fmt.Sprint("after ", i)
			if s.r.IntN(4) == 0 {
				value = ""
			}
			s.nodes[s.r.IntN(30)].set(topic, value)
			if want[topic] = value; value == "" {
				delete(want, topic)
			}
			s.run(time.Duration(s.r.IntN(100)) * time.Millisecond)
		}
		s.run(30 * time.Second)
		heal()
		s.run(5 * time.Second)
		if have := s.agree(); !maps.Equal(have, want) {
			t.Errorf("seed %d: all have %v, want %v", seed, have, want)
		}
	}
}

// TestSameTime: of two values that are set at the same moment, the same one wins everywhere.
func TestSameTime(t *testing.T) {
	s := newSim(t, 5, 0, 1)
	for i, n := range s.nodes {
		n.set("a", fmt.Sprint(i))
	}
	s.run(time.Second)
	if have := s.agree(); have["a"] != "4" { // it has the highest address
		t.Errorf("all have %v", have)
	}
}

// TestNewcomer: a node that joins has all, as large as it can be, in a second; and so have many that join
// at once.
func TestNewcomer(t *testing.T) {
	s := newSim(t, 30, 0.3, 1)
	for i := range limits.RetainedBytes / 1024 {
		s.nodes[i%30].set(fmt.Sprintf("t/%03d", i), strings.Repeat("x", 1024-5))
		s.run(10 * time.Millisecond)
	}
	for i := range 50 {
		s.nodes[0].set(fmt.Sprint("deleted", i), "")
	}
	s.run(5 * time.Second)
	s.agree()
	one := s.start()
	s.run(time.Second)
	if len(one.has()) != limits.RetainedBytes/1024 || one.table.tombstones != 50 {
		t.Errorf("it has %d topics and %d tombstones", len(one.has()), one.table.tombstones)
	}
	for range 10 {
		s.start()
	}
	s.run(3 * time.Second)
	s.agree()
}

// TestRestart: a node that restarts, alone of all, has the values again; if all do, they are lost.
func TestRestart(t *testing.T) {
	s := newSim(t, 3, 0, 1)
	s.nodes[0].set("a", "b")
	s.run(time.Second)
	n := s.nodes[0]
	n.dead = true
	for _, m := range s.nodes[1:] {
		s.part(n, m)
	}
	again := s.start()
	s.run(time.Second)
	if have := s.agree(); have["a"] != "b" || len(again.got["a"]) != 1 {
		t.Errorf("all have %v", have)
	}
}

// TestTombstones: a deletion outlives a partition of less than a day, and not one of more.
func TestTombstones(t *testing.T) {
	for _, c := range []struct {
		cut  time.Duration
		want string
	}{{20 * time.Hour, ""}, {Life + fades, "old"}} {
		s := newSim(t, 4, 0, 1)
		s.nodes[0].set("a", "old")
		s.run(time.Second)
		heal := s.split(func(i int) bool { return i == 3 })
		s.nodes[0].set("a", "")
		s.run(c.cut)
		heal()
		s.run(15 * time.Second)
		for _, n := range s.nodes {
			if have := n.has(); have["a"] != c.want {
				t.Errorf("after %s %s has %v, want %q", c.cut, n.addr, have, c.want)
			}
		}
		s.run(Life + time.Minute)
		if n := s.nodes[0].table.tombstones; n != 0 {
			t.Errorf("%d tombstones stay", n)
		}
	}
}

// TestManyTombstones: the oldest are forgotten, the same everywhere.
func TestManyTombstones(t *testing.T) {
	s := newSim(t, 4, 0.1, 1)
	for i := range limits.RetainedTombstones + 20 {
		s.nodes[i%4].set(fmt.Sprint(i), "")
		s.run(10 * time.Millisecond)
	}
	s.run(20 * time.Second)
	s.agree()
	n := s.nodes[0]
	if n.table.tombstones != limits.RetainedTombstones || n.table.entries["19"] != nil || n.table.entries["20"] == nil || n.counted("retained_tombstones_forgotten") != 20 {
		t.Errorf("%d tombstones, %d forgotten", n.table.tombstones, n.counted("retained_tombstones_forgotten"))
	}
}

// TestFull: what is over a bound is refused where it is set; if two parts have too much together, the topics
// that were created last are dropped, the same ones everywhere.
func TestFull(t *testing.T) {
	s := newSim(t, 6, 0.1, 1)
	heal := s.split(func(i int) bool { return i < 3 })
	for i := range limits.RetainedTopics {
		s.nodes[0].set(fmt.Sprintf("a%03d", i), "1")
		s.nodes[3].set(fmt.Sprintf("b%03d", i), "1")
		s.run(10 * time.Millisecond)
	}
	s.nodes[1].set("a255", "changed") // it is as old as before
	_, err := s.nodes[0].Set(s.now, "more", []byte("x"), false)
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "256 topics") {
		t.Errorf("error %v", err)
	}
	heal()
	s.run(10 * time.Second)
	have := s.agree()
	if len(have) != limits.RetainedTopics || have["a127"] == "" || have["b127"] == "" || have["a128"] != "" || have["b128"] != "" {
		t.Errorf("all have %d: %v", len(have), have)
	}
	if n := s.nodes[0].counted("retained_refused_full"); n < limits.RetainedTopics/2 {
		t.Errorf("%d were counted", n)
	}
	s.nodes[0].set("a000", "")
	s.nodes[0].set("more", "x")
	s.run(3 * time.Second)
	if have := s.agree(); have["more"] != "x" {
		t.Error("a deletion makes no room")
	}
}

// TestFullOfBytes: likewise, if the values are too large.
func TestFullOfBytes(t *testing.T) {
	s := newSim(t, 4, 0.1, 1)
	value := strings.Repeat("x", limits.MaxRetained-4)
	for i := range limits.RetainedBytes / limits.MaxRetained {
		s.nodes[0].set(fmt.Sprintf("%04d", i), value)
		s.run(10 * time.Millisecond)
	}
	s.run(3 * time.Second)
	for _, topic := range []string{"more", "0000"} {
		_, err := s.nodes[1].Set(s.now, topic, []byte(value+"more"), false)
		if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "131072") {
			t.Errorf("%s: error %v", topic, err)
		}
	}
	s.nodes[2].set("0000", "small")
	s.run(3 * time.Second)
	heal := s.split(func(i int) bool { return i < 2 })
	s.nodes[0].set("left", strings.Repeat("l", 700))
	s.run(time.Second)
	s.nodes[3].set("right", strings.Repeat("r", 700))
	heal()
	s.run(5 * time.Second)
	if have := s.agree(); have["left"] == "" || have["right"] != "" {
		t.Errorf("left has %d bytes, right %d", len(have["left"]), len(have["right"]))
	}
}

// TestClocks: a node whose clock is behind sets a later value than the one that it sees; one that is ahead of
// the others by more than a minute is refused until they are as late, and knows.
func TestClocks(t *testing.T) {
	s := newSim(t, 5, 0, 1)
	s.nodes[1].skew, s.nodes[2].skew, s.nodes[4].skew = 50*time.Second, -50*time.Second, 2*time.Minute
	s.nodes[1].set("a", "ahead")
	s.run(time.Second)
	if have := s.nodes[2].has(); len(have) != 0 { // 100 s apart
		t.Errorf("the node behind has %v", have)
	}
	s.run(45 * time.Second)
	s.nodes[2].set("a", "behind")
	s.run(3 * time.Second)
	for _, n := range s.nodes[:4] {
		if n.has()["a"] != "behind" {
			t.Errorf("%s has %v", n.addr, n.has())
		}
	}
	s.nodes[4].set("b", "far")
	s.run(10 * time.Second)
	if have := s.nodes[0].has(); have["b"] != "" || s.nodes[0].counted("retained_refused_future") == 0 || s.nodes[4].counted("retained_refused_by_members") < 3 {
		t.Errorf("%v, refused %d, %d", have, s.nodes[0].counted("retained_refused_future"), s.nodes[4].counted("retained_refused_by_members"))
	}
	// Its clock is set back: it cannot set a later value until that time.
	s.nodes[4].skew = 0
	s.nodes[4].next, s.nodes[4].pushAt = time.Time{}, time.Time{}
	if _, err := s.nodes[4].Set(s.now, "b", []byte("again"), false); !errors.Is(err, ErrClock) || !strings.Contains(err.Error(), "1m50s after") {
		t.Errorf("error %v", err)
	}
	s.run(2 * time.Minute)
	s.nodes[2].skew = 0
	s.nodes[4].set("b", "again")
	s.run(10 * time.Second)
	for _, n := range s.nodes {
		if n.has()["b"] != "again" {
			t.Errorf("%s has %v", n.addr, n.has())
		}
	}
}

// TestChanges: a topic that changes all the time keeps no other from all, and all have its last value.
func TestChanges(t *testing.T) {
	s := newSim(t, 30, 0.1, 1)
	for i := range 2000 {
		s.nodes[0].set("busy", fmt.Sprint(i))
		if i == 1000 {
			s.nodes[0].set("other", "x")
		}
		s.run(time.Millisecond)
	}
	s.run(3 * time.Second)
	if have := s.agree(); have["busy"] != "1999" || have["other"] != "x" {
		t.Errorf("all have %v", have)
	}
	if n := s.sent[kindRecords]; n > 3*(sendPerSecond+sendBurst) {
		t.Errorf("%d messages with values were sent", n)
	}
}
