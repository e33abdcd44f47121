// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wait

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestConditions: when each holds and when it does not, and what is said then.
func TestConditions(t *testing.T) {
	const (
		alive     = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
		suspected = tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
		dead      = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
		left      = tamtamv1.MemberStatus_MEMBER_STATUS_LEFT
	)
	now := time.Unix(0, 0)
	var v view
	for _, m := range []*tamtamv1.Member{
		{Address: "192.0.2.3:9999", Name: "db", Status: dead}, {Address: "192.0.2.4:9999", Name: "db", Status: alive},
		{Address: "192.0.2.5:7", Name: "a=dead", Status: suspected}, {Address: "192.0.2.6:9999", Name: "gone", Status: left},
		{Address: "192.0.2.8:9999", Name: "ended", Status: dead}, {Address: "192.0.2.9:9999", Name: "ended", Status: left},
		{Address: "192.0.2.7:9999", Name: "x\x1b[2J", Status: suspected}, {Address: "192.0.2.1:9999", Name: "one", Status: alive, Local: true},
	} {
		v.take(tamtam.Event{Kind: tamtam.Present, Member: m}, now)
	}
	v.take(tamtam.Event{Kind: tamtam.Synced}, now)
	for args, want := range map[string]string{
		"--alive 2":                          "",
		"--alive 3":                          "2 alive, want 3",
		"--member one":                       "",
		"--member One":                       "One is not listed, want ALIVE",
		"--member 192.0.2.4":                 "",
		"--member 192.0.2.4:9999=alive":      "",
		"--member 192.0.2.4=left":            "192.0.2.4 is ALIVE, want LEFT",
		"--member 192.0.2.5":                 "192.0.2.5 is not listed, want ALIVE",
		"--member 192.0.2.5:7=suspected":     "",
		"--member db":                        "", // the live one
		"--member db=dead":                   "db is ALIVE, want DEAD",
		"--member ended":                     "ended is DEAD, LEFT, want ALIVE",
		"--member ended=left":                "", // any
		"--gone ended":                       "",
		"--member a=dead=suspected":          "",
		"--member a=dead":                    "a is not listed, want DEAD",
		"--gone gone":                        "",
		"--gone nobody":                      "",
		"--gone 192.0.2.3":                   "",
		"--gone db":                          "db is ALIVE, want it gone",
		"--gone 192.0.2.5:7":                 "192.0.2.5:7 is SUSPECTED, want it gone", // a=dead
		"--gone a=b":                         "",
		"--gone x\x1b[2J":                    `"x\x1b[2J" is SUSPECTED, want it gone`,
		"--stable 1ms":                       "",
		"--stable 1h":                        "no change for 1s, want 1h0m0s",
		"--alive 2 --member one --gone gone": "",
		"--alive 9 --member one --member x --gone db --gone gone": "2 alive, want 9; x is not listed, want ALIVE; db is ALIVE, want it gone",
	} {
		var c Conditions
		fs := flag.NewFlagSet("wait", flag.ContinueOnError)
		c.Register(fs)
		if err := fs.Parse(strings.Fields(args)); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		unmet, _ := c.unmet(&v, now.Add(time.Second))
		if got := strings.Join(unmet, "; "); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}

// TestStable: the time begins with each change of any member, and with each connection, and
// is worth nothing while another condition does not hold.
func TestStable(t *testing.T) {
	var v view
	now := time.Unix(0, 0)
	c := Conditions{stable: 5 * time.Second, alive: 1}
	m := &tamtamv1.Member{Address: "a", Status: tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}
	down := &tamtamv1.Member{Address: "a", Status: tamtamv1.MemberStatus_MEMBER_STATUS_DEAD}
	for i, s := range []struct {
		event tamtam.Event
		after time.Duration // time goes by, and then the event comes
		wait  time.Duration // and so long after it
		held  bool
		left  time.Duration
		says  string
	}{
		{tamtam.Event{Kind: tamtam.Present, Member: m}, 0, 0, false, 5 * time.Second, "for 0s, want 5s"},
		{tamtam.Event{Kind: tamtam.Synced}, 0, 4 * time.Second, false, time.Second, "for 4s, want 5s"},
		{tamtam.Event{Kind: tamtam.Change, Member: m, Change: &tamtamv1.MemberChange{Member: m}}, 0, 4 * time.Second, false, time.Second, "for 4s"},
		{tamtam.Event{Kind: tamtam.Change, Member: down, Change: &tamtamv1.MemberChange{Member: down}}, 0, 6 * time.Second, false, 0, "0 alive, want 1"},
		{tamtam.Event{Kind: tamtam.Change, Member: m, Change: &tamtamv1.MemberChange{Member: m}}, 0, 5 * time.Second, true, 0, ""},
		{tamtam.Event{Kind: tamtam.Disconnected, Err: errors.New("nothing found")}, time.Hour, time.Hour, false, 0, "nothing found"},
		{tamtam.Event{Kind: tamtam.Resumed}, 0, time.Hour, false, 0, "not known yet"},
		{tamtam.Event{Kind: tamtam.Synced}, time.Hour, time.Second, false, 4 * time.Second, "for 1s, want 5s"},
		{tamtam.Event{Kind: tamtam.Change, Member: m, Change: &tamtamv1.MemberChange{Member: m, Removed: true}}, 0, time.Hour, false, 0, "0 alive"},
	} {
		now = now.Add(s.after)
		v.take(s.event, now)
		if i == 0 { // a watch does so when it is synced
			v.missing = ""
		}
		now = now.Add(s.wait)
		unmet, left := c.unmet(&v, now)
		if (len(unmet) == 0) != s.held || left != s.left || !strings.Contains(strings.Join(unmet, "; "), s.says) {
			t.Errorf("step %d: %q, %v left", i, unmet, left)
		}
	}
}

// TestAmbiguous: a name that several live members have is refused, with their addresses, once the
// list is known.
func TestAmbiguous(t *testing.T) {
	v := view{missing: "nothing is known yet"}
	for _, m := range []*tamtamv1.Member{
		{Address: "192.0.2.1:9999", Name: "db\u202e", Status: tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE},
		{Address: "192.0.2.2:9999", Name: "db\u202e", Status: tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED},
		{Address: "192.0.2.3:9999", Name: "db\u202e", Status: tamtamv1.MemberStatus_MEMBER_STATUS_DEAD},
	} {
		v.take(tamtam.Event{Kind: tamtam.Present, Member: m}, time.Unix(0, 0))
	}
	for _, args := range [][]string{{"--member", "db\u202e"}, {"--gone", "db\u202e"}, {"--member", "192.0.2.1:9999"}} {
		var c Conditions
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		c.Register(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		v.missing = "the list is not complete"
		if err := c.refused(&v); err != nil {
			t.Errorf("%q, before the list is known: %v", args, err)
		}
		v.missing = ""
		want := `"db\u202e" stands for 2 members: 192.0.2.1:9999 (ALIVE), 192.0.2.2:9999 (SUSPECTED); give the address of one`
		if err := c.refused(&v); args[1] != "192.0.2.1:9999" && (err == nil || err.Error() != want) || args[1] == "192.0.2.1:9999" && err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}
