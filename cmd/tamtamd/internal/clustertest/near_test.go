// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestNear: any node reports the round trip between two others, and who is near one of them.
func TestNear(t *testing.T) {
	a := StartDaemon(t, bin, nil, "--name", "a")
	b := StartDaemon(t, bin, nil, "--name", "b", "--tag", "role=db", "--join", a.Gossip.String())
	c := StartDaemon(t, bin, nil, "--name", "c", "--tag", "role=db", "--join", a.Gossip.String())
	all := []*Daemon{a, b, c}
	for _, d := range all {
		Eventually(t, "all see all", func() bool { return d.Sees(all...) })
	}
	line := regexp.MustCompile(`^b -> c: [0-9.]+ms\n(c -> b: [0-9.]+ms\n)?$`)
	Eventually(t, "the round trip is known", func() bool {
		r := a.Ctl("rtt", "b", c.Gossip.String())
		return r.Code == 0 && line.MatchString(r.Out)
	})
	var trips []struct {
		From, To string
		RTT      *float64 `json:"round_trip_ms"`
	}
	Eventually(t, "both ends have measured", func() bool {
		r := a.Ctl("rtt", "b", "-o", "json")
		trips = nil
		return json.Unmarshal([]byte(r.Out), &trips) == nil && len(trips) == 2 && trips[0].RTT != nil && trips[1].RTT != nil
	})
	if trips[0].From != a.Gossip.String() || trips[0].To != b.Gossip.String() || trips[1].From != b.Gossip.String() {
		t.Errorf("%+v", trips)
	}
	for _, near := range []struct{ args, want string }{
		{"nodes -o name --near b --limit 1", "b"},
		{"nodes -o name --near me --limit 1", "a"},
		{"nodes -o name --near c --tag role=db", "c b"},
	} {
		if r := a.Ctl(strings.Fields(near.args)...); r.Code != 0 || strings.Join(strings.Fields(r.Out), " ") != near.want {
			t.Errorf("%s: %+v", near.args, r)
		}
	}
	c.Kill()
	Eventually(t, "it is dead, and has no round trip", func() bool {
		r := a.Ctl("rtt", "b", "c")
		return r.Code == 3 && strings.Contains(r.Out, "c -> b: not known: it is not alive\n")
	})
	if r := a.Ctl("nodes", "--near", "c"); r.Code != 3 || !strings.Contains(r.Err, "c reports no round trips: it is not alive") {
		t.Errorf("%+v", r)
	}
	if r := a.Ctl("nodes", "-o", "name", "--near", "b"); r.Code != 0 || r.Out != "b\na\nc\n" {
		t.Errorf("%+v", r)
	}
}
