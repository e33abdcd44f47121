// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/internal/escape"
)

// TestHostileMember: what a member says of itself, and what is broadcast, is raw in no view of
// the daemon: page, events, status, metrics and log; nor in those of the client. What the wire
// lets through of a name is not all: TestHostileText has the rest.
func TestHostileMember(t *testing.T) {
	const text = "\u202eab\u2066\u200b\ufeff$(id)`id`<b>'\"&\U000e0041"
	d := StartDaemon(t, bin, nil, "--http", "localhost:0")
	other := StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	Eventually(t, "they see each other", func() bool { return d.Sees(d, other) && other.Sees(d, other) })
	r := newRogueAs(t, d, membership.Profile{MaxPayload: 256, Name: text, Version: text, Tags: "a=<b>$(id)`id`\n"})
	Eventually(t, "the hostile one is a member", func() bool {
		m := d.Members()[r.addr.String()]
		return m.Name == text && m.Status == "ALIVE"
	})
	resp, err := http.Get("http://" + d.HTTP() + "/events?revision=0")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	events := make(chan string, 1000)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			events <- lines.Text()
		}
	}()
	stream := StartStream(t, d, "stream", "-o", "json")
	payload := "\x1b[6;6f\u009b31m\x1b]0;t\a\x7f\r\n" + text
	if r := other.CtlIn(payload, "broadcast", "-"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	Eventually(t, "the stream has it", func() bool { return strings.HasSuffix(stream.out.String(), "\n") })
	views := map[string]string{"stream": stream.out.String(), "log": d.out.String()}
	for line := range events {
		views["events"] += line + "\n"
		if strings.HasPrefix(line, "event: message") { // its data is the next line
			views["events"] += <-events + "\n"
			break
		}
	}
	var one struct{ Text string }
	if err := json.Unmarshal([]byte(views["stream"]), &one); err != nil || one.Text != payload {
		t.Errorf("stream printed %q: %v", views["stream"], err)
	}
	for _, path := range []string{"/", "/status.json", "/metrics", "/livez", "/readyz"} {
		_, views[path] = d.Get(path)
	}
	for _, args := range []string{"nodes -o wide", "nodes -o name", "nodes -o json", "doctor", "doctor -o json", "why " + r.addr.String(), "top --count 1", "keys list"} {
		got := d.Ctl(strings.Fields(args)...)
		views[args] = got.Out + got.Err
	}
	Eventually(t, "the log names the member", func() bool { return strings.Contains(d.out.String(), r.addr.String()) })
	views["log"] = d.out.String()
	for what, view := range views {
		if view == "" && what != "/" {
			t.Errorf("%s is empty", what)
		}
		for i, c := range view {
			if escape.Hidden(c) || c < ' ' && c != '\n' && c != '\t' {
				t.Errorf("%s shows %U: %q", what, c, view[max(0, i-40):min(len(view), i+40)])
				break
			}
		}
	}
	if !strings.Contains(views["events"], "message") || strings.Contains(views["/"], "<b>'") {
		t.Errorf("events %q, page %q", views["events"], views["/"])
	}
}
