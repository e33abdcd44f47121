// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBroadcastLines: five hundred messages of one node reach the readers of all
// nodes, once and in order, and are kept for late ones.
func TestBroadcastLines(t *testing.T) {
	all := Cluster(t, bin, 3)
	var streams []*Stream
	for _, d := range all {
		streams = append(streams, StartStream(t, d, "stream"))
	}
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "message %d\n", i)
	}
	if r := all[0].CtlIn(text.String(), "broadcast", "--lines"); r.Code != 0 || r.Out != "" || r.Err != "" {
		t.Fatalf("%+v", r)
	}
	for _, s := range streams {
		s.Wants(t, text.String())
	}
	late := StartStream(t, all[2], "stream", "--last", "2")
	late.Wants(t, "message 498\nmessage 499\n")
}

// TestBroadcastWaits: with --wait all, all have it when it returns; a member that
// died is waited for no longer than it is taken for alive.
func TestBroadcastWaits(t *testing.T) {
	all := Cluster(t, bin, 3)
	if r := all[0].Ctl("broadcast", "--wait", "all", "hi"); r.Code != 0 || !strings.HasPrefix(r.Out, "2 of 2 members have it after ") {
		t.Errorf("%+v", r)
	}
	all[2].Kill()
	if r := all[0].Ctl("broadcast", "--wait", "all", "--timeout", "30s", "hi"); r.Code != 0 || !strings.HasPrefix(r.Out, "1 of ") {
		t.Errorf("%+v", r)
	}
	var j struct {
		Session  string
		Sequence uint64
		Have     int
	}
	r := all[0].Ctl("broadcast", "--wait", "1", "-o", "json", "hi")
	if err := json.Unmarshal([]byte(r.Out), &j); err != nil || j.Session == "" || j.Sequence != 3 || j.Have != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestBroadcastWaitsForSomebody: a node that is alone sends nothing with --wait all, unless it may
// be alone.
func TestBroadcastWaitsForSomebody(t *testing.T) {
	alone := StartDaemon(t, bin, nil)
	if r := alone.Ctl("broadcast", "--wait", "all", "hi"); r.Code != 5 || r.Out != "" || !strings.Contains(r.Err, "0 can confirm a message, want 1; nothing was sent") {
		t.Errorf("%+v", r)
	}
	if r := alone.Ctl("broadcast", "--wait", "all", "--min", "0", "hi"); r.Code != 0 || !strings.HasPrefix(r.Out, "0 of 0 members") {
		t.Errorf("%+v", r)
	}
	StartStream(t, alone, "stream", "--last", "2").Wants(t, "hi\n")
}

// TestStreamChooses by topic and origin, on the daemon's side.
func TestStreamChooses(t *testing.T) {
	all := Cluster(t, bin, 2)
	topic := StartStream(t, all[0], "stream", "--topic", "deploy")
	origin := StartStream(t, all[0], "stream", "--origin", all[1].Gossip.String())
	for i, d := range []*Daemon{all[0], all[1]} {
		for _, args := range [][]string{{"broadcast", fmt.Sprint("plain ", i)}, {"broadcast", "--topic", "deploy", "--wait", "all", fmt.Sprint("deploy ", i)}} {
			if r := d.Ctl(args...); r.Code != 0 {
				t.Fatalf("%v: %+v", args, r)
			}
		}
	}
	topic.Wants(t, "deploy 0\ndeploy 1\n")
	origin.Wants(t, "plain 1\ndeploy 1\n")
}

// TestStreamOfTheKept: who comes late gets what was kept, as far as it is wanted, and
// then what is new.
func TestStreamOfTheKept(t *testing.T) {
	all := Cluster(t, bin, 2)
	if r := all[0].CtlIn("a\nb\nc\n", "broadcast", "--lines", "--topic", "x", "--wait", "all"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	if r := all[1].Ctl("broadcast", "--wait", "all", "d"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	first, second := all[0].Gossip.String(), all[1].Gossip.String()
	want := map[string]*Stream{}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"b\nc\nd\n", []string{"--last", "3"}},
		{"a\nb\nc\nd\n", []string{"--last", "100"}},
		{"b\nc\n", []string{"--last", "2", "--topic", "y,x"}},
		{"d\n", []string{"--since", "1h", "--topic", ""}},
		{"d\n", []string{"--since", "1h", "--origin", second}},
		{"a\nb\nc\nd\n", []string{"--since", "2001-01-01T00:00:00Z", "--origin", first + "," + second}},
		{"", []string{"--since", "2101-01-01T00:00:00Z"}},
	} {
		s := StartStream(t, all[1], append([]string{"stream"}, c.args...)...)
		s.Wants(t, c.want)
		want[c.want+strings.Join(c.args, " ")] = s
	}
	if r := all[1].Ctl("broadcast", "new"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	for k, s := range want {
		// All but the one of a topic it has not take the new one.
		if kept, args, _ := strings.Cut(k, "--"); !strings.Contains(args, "y,x") {
			s.Wants(t, kept+"new\n")
		}
	}
}

// TestBroadcastGoesOn when a member is killed in the midst: more messages than may be
// under way are sent, which wait for the dead no longer than it is held for alive.
func TestBroadcastGoesOn(t *testing.T) {
	all := Cluster(t, bin, 3)
	stream := StartStream(t, all[1], "stream")
	var address struct {
		Detection float64 `json:"detection_time_ms"`
	}
	if r := all[0].Ctl("address", "-o", "json"); json.Unmarshal([]byte(r.Out), &address) != nil || address.Detection <= 0 {
		t.Fatalf("%+v", r)
	}
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "message %d\n", i)
	}
	all[2].Kill()
	began := time.Now()
	if r := all[0].CtlIn(text.String(), "broadcast", "--lines", "--timeout", Timeout.String()); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	stream.Wants(t, text.String())
	took, within := time.Since(began), time.Duration(address.Detection*float64(time.Millisecond))
	t.Logf("took %v, %v is the time to find a member dead", took, within)
	// Ten times that is a broken program on the slowest machine, not a slow one.
	if took > 10*within+10*time.Second {
		t.Errorf("took %v", took)
	}
}

// streamed is a step of the stream as tamtamctl prints it in JSON.
type streamed struct {
	Event, Origin, Session, Topic, Text string
	Sequence                            uint64
	Sent, Received                      *time.Time
	Payload                             []byte
}

// TestRestartedOriginCountsAnew: the messages of its new session arrive, in another
// session and from 1, and nothing is held to be lost.
func TestRestartedOriginCountsAnew(t *testing.T) {
	all := Cluster(t, bin, 3)
	origin := all[2]
	var streams []*Stream
	for _, d := range all[:2] {
		streams = append(streams, StartStream(t, d, "stream", "-o", "json"))
	}
	old := all[0].Members()[origin.Gossip.String()].Session
	if r := origin.CtlIn("1\n2\n", "broadcast", "--lines", "--topic", "t", "--wait", "all"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	origin.Kill()
	back := origin.Restart("--join", all[0].Gossip.String())
	Eventually(t, "it is back", func() bool { return back.Sees(all[0], all[1], back) })
	for _, d := range all[:2] {
		Eventually(t, d.Gossip.String()+" sees another session", func() bool {
			m := d.Members()[back.Gossip.String()]
			return m.Status == "ALIVE" && m.Session != old
		})
	}
	if r := back.CtlIn("3\n4\n", "broadcast", "--lines", "--topic", "t", "--wait", "all"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	another := back.Members()[back.Gossip.String()].Session
	for _, s := range streams {
		Eventually(t, "the stream prints four", func() bool { return strings.Count(s.out.String(), "\n") >= 4 })
		i := 0
		for line := range strings.Lines(s.out.String()) {
			if i == 4 {
				t.Fatalf("one too many: %s", line)
			}
			var e streamed
			err := json.Unmarshal([]byte(line), &e)
			session := []string{old, another}[i/2]
			text := fmt.Sprint(i + 1)
			if err != nil || e.Event != "message" || e.Origin != origin.Gossip.String() || e.Session != session ||
				e.Sequence != uint64(i%2+1) || e.Topic != "t" || e.Text != text || string(e.Payload) != text ||
				e.Sent == nil || e.Received == nil || time.Since(*e.Sent).Abs() > 2*Timeout {
				t.Fatalf("step %d is %s, %v", i, line, err)
			}
			i++
		}
	}
}

// TestLongLines: a line that is over the limit is left out and named, and the next ones arrive.
func TestLongLines(t *testing.T) {
	all := Cluster(t, bin, 2)
	stream := StartStream(t, all[1], "stream")
	r := all[0].CtlIn("a\n"+strings.Repeat("x", 300)+"\nb\n", "broadcast", "--lines")
	if r.Code != 5 || !strings.Contains(r.Err, "line 2: payload too large: 300 bytes, at most 256: not sent\n") || !strings.HasSuffix(r.Err, "1 line too long: not sent\n") {
		t.Errorf("%+v", r)
	}
	stream.Wants(t, "a\nb\n")
}
