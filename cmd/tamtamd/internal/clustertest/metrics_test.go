// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the table of metrics in docs/monitoring.md again")

const root = "../../../../"

// busy returns a pair of which the first has done some of all that is measured, and
// serves HTTP.
func busy(t *testing.T) (d, other *Daemon) {
	t.Helper()
	d = StartDaemon(t, bin, nil, "--http", "localhost:0", "--dns", "localhost:0")
	other = StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	Eventually(t, "they see each other", func() bool { return d.Sees(d, other) && other.Sees(d, other) })
	for _, x := range []*Daemon{d, other} {
		if r := x.Ctl("broadcast", "--wait", "all", "hello"); r.Code != 0 {
			t.Fatalf("broadcast: %+v", r)
		}
	}
	c, err := net.Dial("udp", d.Gossip.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("\xff\xffjunk")); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the round trip is known", func() bool { return d.Scrape()["tamtam_peer_round_trip_seconds"] != nil })
	if r := d.CtlIn(strings.Repeat("x\n", 80), "broadcast", "--lines", "--wait", "all"); r.Code != 0 { // one by one, in a frame each
		t.Fatalf("broadcast: %+v", r)
	}
	Eventually(t, "the loss is known", func() bool { return d.Scrape()["tamtam_peer_loss_ratio"] != nil })
	Eventually(t, "the junk is counted", func() bool { return d.Counters()["dropped_bad_frame"] > 0 })
	return d, other
}

// has reports whether a metric has a series with the labels.
func (m *Metric) has(labels map[string]string) bool {
	return m != nil && slices.ContainsFunc(m.Series, func(s map[string]string) bool {
		for k, v := range labels {
			if s[k] != v {
				return false
			}
		}
		return true
	})
}

// TestMetricsOfAMemberGoWithIt: removed, it is in none of the series.
func TestMetricsOfAMemberGoWithIt(t *testing.T) {
	d, other := busy(t)
	peer := map[string]string{"peer": other.Gossip.String()}
	names := []string{
		"tamtam_peer_round_trip_seconds", "tamtam_peer_frames_sent_total", "tamtam_peer_frames_resent_total",
		"tamtam_peer_frames_received_total", "tamtam_peer_frames_duplicate_total",
		"tamtam_peer_loss_ratio",
	}
	all := d.Scrape()
	for _, name := range names {
		if !all[name].has(peer) {
			t.Errorf("%s has no %v", name, peer)
		}
	}
	if r := d.Ctl("remove", "--force", other.Gossip.String()); r.Code != 0 {
		t.Fatalf("remove: %+v", r)
	}
	for name, m := range d.Scrape() {
		if m.has(peer) {
			t.Errorf("%s still has %v", name, peer)
		}
	}
	if _, body := d.Get("/metrics"); !strings.Contains(body, "\ntamtam_members{status=\"alive\"} 1\n") || !strings.Contains(body, "\ntamtam_member_changes_total{kind=\"removed\"} 1\n") {
		t.Error("the removal is not counted")
	}
}

// expressions returns the PromQL of the dashboard and of the alerts.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	dashboard, err := os.ReadFile(root + "contrib/grafana/tamtam.json")
	if err != nil {
		t.Fatal(err)
	}
	var d any
	if err := json.Unmarshal(dashboard, &d); err != nil {
		t.Fatalf("tamtam.json: %v", err)
	}
	alerts, err := os.ReadFile(root + "contrib/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a any
	if err := yaml.Unmarshal(alerts, &a); err != nil {
		t.Fatalf("alerts.yml: %v", err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if e, ok := v["expr"].(string); ok {
				all = append(all, e)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(d)
	n := len(all)
	walk(a)
	if n < 20 || len(all)-n < 5 {
		t.Fatalf("%d expressions in the dashboard, %d in the alerts: something is not read", n, len(all)-n)
	}
	return all
}

var (
	// What in an expression is no metric: durations, groupings.
	noMetric = regexp.MustCompile(`\[[^\]]*\]|\b(by|without|on|ignoring|group_left) *\([^)]*\)`)
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`([a-zA-Z_]+)(=~|!=|!~|=)"([^"]*)"`)
	// words are those of PromQL that are used.
	words = strings.Fields("sum avg min max count quantile topk rate increase changes histogram_quantile and")
	// prometheus are the labels and the metric that Prometheus itself adds.
	prometheus = strings.Fields("job instance up")
)

// TestDashboardAndAlertsAreOfMetricsThereAre: each name, and each label that is to have a
// value, is in what a real daemon shows.
func TestDashboardAndAlertsAreOfMetricsThereAre(t *testing.T) {
	d, _ := busy(t)
	all := d.Scrape()
	seen := map[string]bool{}
	for _, expr := range expressions(t) {
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("%s: brackets", expr)
		}
		for _, s := range selector.FindAllStringSubmatch(noMetric.ReplaceAllString(expr, ""), -1) {
			name, labels := s[1], map[string]string{}
			if slices.Contains(words, name) || slices.Contains(prometheus, name) {
				continue
			}
			seen[name] = true
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				if m[2] == "=" && !slices.Contains(prometheus, m[1]) {
					labels[m[1]] = m[3]
				}
			}
			if !all[name].has(labels) {
				t.Errorf("%s: there is no %s with %v", expr, name, labels)
			}
		}
	}
	// That nothing is seen would be no success.
	for _, name := range []string{"tamtam_members", "tamtam_broadcast_delivery_seconds_bucket", "process_resident_memory_bytes", "tamtam_live"} {
		if !seen[name] {
			t.Errorf("%s is in no expression: %v", name, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// TestTableOfMetrics: docs/monitoring.md lists what a real daemon shows.
func TestTableOfMetrics(t *testing.T) {
	const file, begin, end = root + "docs/monitoring.md", "<!-- metrics -->\n", "<!-- end of metrics -->\n"
	d, _ := busy(t)
	all := d.Scrape()
	table := "| metric | type | labels | what it is |\n| --- | --- | --- | --- |\n"
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		if !strings.HasPrefix(name, "tamtam_") || m.Type == "" { // a part of a histogram
			continue
		}
		if m.Help == "" {
			t.Errorf("%s has no help", name)
		}
		labels := map[string]bool{}
		for _, s := range append(m.Series, all[name+"_count"].series()...) {
			for k := range s {
				labels["`"+k+"`"] = true
			}
		}
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, m.Type, strings.Join(slices.Sorted(maps.Keys(labels)), ", "), m.Help)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q and %q", file, begin, end)
	}
	if have == table {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is out of date: run this test with -update, and look at what it writes", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCountersOfTheGuides: each counter and metric that a guide names, a real daemon has.
func TestCountersOfTheGuides(t *testing.T) {
	d, _ := busy(t)
	counters, metrics := d.Counters(), d.Scrape()
	name := regexp.MustCompile("`([a-z]+(?:_[a-z]+)+)`")
	checked := 0
	for _, guide := range []string{"README.md", "docs/limits.md", "docs/operations.md", "docs/security.md", "docs/troubleshooting.md"} {
		text, err := os.ReadFile(root + guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(text), -1) {
			checked++
			if _, is := counters[m[1]]; !is && metrics[m[1]] == nil {
				t.Errorf("%s names %s, which no daemon has", guide, m[1])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d names were found", checked)
	}
}

func (m *Metric) series() []map[string]string {
	if m == nil {
		return nil
	}
	return m.Series
}

// TestLossIsOfEnoughFrames: a loss rate has its sample, is not known from a few frames, and on this
// machine there is none: an acknowledgement that is late is no loss.
func TestLossIsOfEnoughFrames(t *testing.T) {
	all := Cluster(t, bin, 2)
	d, other := all[0], all[1].Gossip.String()
	type row struct {
		Address string
		Loss    *float64
		Frames  uint64 `json:"loss_frames"`
	}
	look := func() row {
		var rows []row
		if r := d.Ctl("nodes", "-o", "json", other); json.Unmarshal([]byte(r.Out), &rows) != nil || len(rows) != 1 {
			t.Fatalf("%+v", r)
		}
		return rows[0]
	}
	var last row
	Eventually(t, "enough frames are sent", func() bool {
		if last = look(); (last.Loss != nil) != (last.Frames >= 50) {
			t.Fatalf("%+v", last)
		}
		d.Ctl("broadcast", "x")
		return last.Loss != nil && *last.Loss < 0.02
	})
}
