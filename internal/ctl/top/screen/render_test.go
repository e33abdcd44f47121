// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// cluster has so many members, of which some are in trouble.
func cluster(n int) *Data {
	d := &Data{
		Name: "db-1", Address: "192.0.2.1:9999", Cluster: "shop", Profile: "lan",
		Started: noon.Add(-26 * time.Hour), Detection: 2500 * time.Millisecond, At: noon, Encryption: "encrypted",
		Rates: &Rates{PacketsReceived: 17.2, BytesReceived: 1234, PacketsSent: 16.04, BytesSent: 980, Resent: 0.01, Dropped: 0,
			MessagesReceived: 3, MessagesSent: 0.97, Repaired: 0, Gaps: 0},
		Changes: []Change{
			{noon.Add(-40 * time.Second), "SUSPECTED", "web-3", "no answer, reported by db-1", "db-1"},
			{noon.Add(-3 * time.Minute), "DEAD", "web-4", "no answer to this node in time", "db-1"},
			{noon.Add(-30 * time.Minute), "ALIVE", "東京-5", "it came back", "東京-5"},
		},
	}
	for i := range graphMinutes { // even packets, messages for three minutes
		m := Rates{PacketsReceived: 17 + float64(i%2), PacketsSent: 16, MessagesSent: 1}
		if i >= 6 && i < 9 {
			m.MessagesReceived = float64(i - 5)
		}
		d.Minutes = append(d.Minutes, m)
	}
	d.Pasts = map[string]Past{}
	for i := 1; i <= n; i++ {
		trip := time.Duration(i) * 137 * time.Microsecond
		m := Member{Address: fmt.Sprintf("192.0.2.%d:9999", i), Name: fmt.Sprintf("web-%d", i), Status: "ALIVE", Since: noon.Add(-time.Duration(i*i) * time.Minute),
			Trip: trip, Loss: float64(i%5) / 100, Version: "v1.0.0", Tags: "role=web"}
		switch i {
		case 1:
			m.Name, m.Trip, m.Loss, m.Notes, m.Tags = "db-1", 0, -1, "this node", "role=db"
		case 3:
			m.Status, m.Trip, m.Loss, m.Since = "SUSPECTED", 0, 0.416, noon.Add(-40*time.Second)
		case 4:
			m.Status, m.Trip, m.Loss, m.Since = "DEAD", 0, -1, noon.Add(-3*time.Minute)
		case 5:
			m.Name, m.Notes, m.Flapping = "東京-5", "flapping", true
		case 6:
			m.Name, m.Version, m.Tags, m.Loss, m.Notes = "", "", "", -1, "plain"
		}
		d.Members = append(d.Members, m)
		past := Past{Steps: []Change{{noon.Add(-26 * time.Hour), "ALIVE", m.Name, "it joined", ""}}}
		for _, c := range d.Changes {
			if c.Who == m.Name {
				past.Steps = append(past.Steps, c)
			}
		}
		if i == 2 {
			past.Steps = append(past.Steps, Change{noon.Add(-7 * time.Minute), "RESTARTED", m.Name, "it was restarted", ""})
		}
		d.Pasts[m.Address] = past
	}
	if n > 4 {
		d.Judged, d.Agree, d.Of = true, n-1, n-1
		d.Problems = []Problem{
			{true, "192.0.2.4:9999", "web-4", "it is DEAD", "start its tamtamd, or let UDP through: tamtamctl ping 192.0.2.4:9999; tamtamctl why 192.0.2.4:9999 shows who reported it dead"},
			{false, "192.0.2.3:9999", "web-3", "it is SUSPECTED: a ping was not answered", "tamtamctl why 192.0.2.3:9999"},
		}
	}
	d.Links = &Matrix{At: noon, Omitted: 2}
	for i := 1; i <= min(n, 40); i++ {
		node := Node{Name: d.Members[i-1].Name}
		for j := 1; j <= min(n, 40); j++ {
			l := Link{Open: i != 3 || j != 5, Trip: time.Duration(300+i+j) * time.Microsecond, Loss: 0.001}
			if (i == 3 || j == 3) && l.Open {
				l.Loss = 0.2
			}
			if i == 1 && j == 2 {
				l.Trip = 5 * time.Millisecond
			}
			node.Links = append(node.Links, l)
		}
		if i == 4 {
			node.Error, node.Links = "it did not answer", nil
		}
		d.Links.Nodes = append(d.Links.Nodes, node)
	}
	return d
}

var sgr = regexp.MustCompile("\x1b\\[[0-9]*m")

// TestRender compares with the golden files; "go test -update" writes them.
func TestRender(t *testing.T) {
	lost, fresh, empty := cluster(3), cluster(6), &Data{Address: "192.0.2.1:9999", Cluster: "default", Profile: "lan", Started: noon, At: noon}
	lost.Lost, lost.LostAt, lost.At = "connection refused", noon.Add(-4*time.Second), noon.Add(-5*time.Second)
	fresh.Minutes, fresh.Unjudged, fresh.Problems = nil, "the daemon is of an earlier version", nil
	fresh.Rates, fresh.Changes, fresh.Pasts, fresh.Judged = nil, nil, nil, false
	gone := cluster(1)
	gone.Removed, gone.Remedy = "this node was removed from the cluster by web-2 at 11:58:00; it is alone", "tamtamctl join 192.0.2.2:9999"
	v6 := cluster(6)
	for i := range v6.Members {
		v6.Members[i].Address = fmt.Sprintf("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:%d]:9999", i)
	}
	well := cluster(2)
	well.Judged, well.Agree, well.Of = true, 2, 2
	still := cluster(5)
	still.At = noon.Add(-time.Minute)
	for _, c := range []struct {
		name string
		data *Data
		view View
		size Size
	}{
		{"80x24", cluster(6), View{}, Size{80, 24}},
		{"120x40", cluster(30), View{}, Size{120, 40}},
		{"80x24-many", cluster(60), View{Offset: 20, Order: ByRoundTrip}, Size{80, 24}},
		{"80x24-lost", lost, View{}, Size{80, 24}},
		{"80x24-first", fresh, View{}, Size{80, 24}},
		{"80x24-paused", cluster(6), View{Paused: still, Help: true}, Size{80, 24}},
		{"80x24-filter", cluster(60), View{Filter: "WEB-3", Typing: true}, Size{80, 24}},
		{"80x24-v6", v6, View{Addresses: true}, Size{80, 24}},
		{"80x24-why", cluster(6), View{Open: "192.0.2.4:9999"}, Size{80, 24}},
		{"80x24-links", cluster(40), View{Matrix: true}, Size{80, 24}},
		{"80x24-links-end", cluster(40), View{Matrix: true, Offset: 1000}, Size{80, 24}},
		{"80x24-well", well, View{Cursor: "192.0.2.2:9999"}, Size{80, 24}},
		{"40x10", cluster(6), View{Order: ByLoss}, Size{40, 10}},
		{"40x10-why", cluster(6), View{Open: "192.0.2.4:9999"}, Size{40, 10}},
		{"40x10-removed", gone, View{}, Size{40, 10}},
		{"80x24-removed", gone, View{}, Size{80, 24}},
		{"40x10-many", cluster(60), View{Offset: 1000}, Size{40, 10}},
		{"200x60", cluster(60), View{Addresses: true}, Size{200, 60}},
		{"20x6", cluster(6), View{}, Size{20, 6}},
		{"alone", empty, View{}, Size{}},
		{"plain", cluster(6), View{}, Size{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := Render(c.data, &c.view, noon, c.size, Plain)
			have := strings.Join(lines, "\n") + "\n"
			file := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(have), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if have != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("it is\n%swant\n%s", have, want)
			}
			for _, paint := range []Paint{Emphasis, Colours} {
				painted := strings.Join(Render(c.data, &c.view, noon, c.size, paint), "\n") + "\n"
				if sgr.ReplaceAllString(painted, "") != have {
					t.Errorf("paint %d changes the text:\n%s", paint, painted)
				}
				if coloured := strings.Contains(painted, "\x1b[3"); coloured && paint != Colours {
					t.Error("colours without being asked for them")
				}
			}
			checkSize(t, lines, c.size)
			for i, l := range Render(c.data, &c.view, noon, c.size, Colours) {
				if cells.Painted(l) != cells.Columns(lines[i]) {
					t.Errorf("%q takes %d columns, want %d", l, cells.Painted(l), cells.Columns(lines[i]))
				}
			}
		})
	}
}

func checkSize(t *testing.T, lines []string, s Size) {
	t.Helper()
	if s.Height > 0 && len(lines) != s.Height {
		t.Errorf("%d lines, want %d", len(lines), s.Height)
	}
	for _, l := range lines {
		if s.Width > 0 && cells.Columns(l) > s.Width {
			t.Errorf("%d columns, want at most %d: %q", cells.Columns(l), s.Width, l)
		}
	}
}

// TestEverySize: whatever the size, nothing is wider or higher, and no key breaks it.
func TestEverySize(t *testing.T) {
	for _, n := range []int{0, 1, 6, 60} {
		d := cluster(n)
		for w := 1; w <= 120; w += 7 {
			for h := 1; h <= 30; h++ {
				var v View
				for _, k := range []Key{none, End, 's', Up, PageUp, Down, Enter, Down, 'a', Escape, 'm', End, Up, 'm', '?', '/', '東', Enter} {
					v.Press(k, d, h)
					checkSize(t, Render(d, &v, noon, Size{w, h}, Plain), Size{w, h})
				}
				if t.Failed() {
					t.Fatalf("%d members, %d×%d", n, w, h)
				}
			}
		}
	}
}

// TestColours: a status is coloured, and a name that is like one is not.
func TestColours(t *testing.T) {
	d := cluster(4)
	d.Members[3].Name = "DEAD"
	all := strings.Join(Render(d, &View{}, noon, Size{80, 24}, Colours), "\n")
	if strings.Count(all, bold+red+"DEAD"+reset) != 2 || strings.Count(all, bold+yellow+"SUSPECTED"+reset) != 2 || !strings.Contains(all, bold+red+"✕"+reset+" DEAD  ") {
		t.Errorf("%q", all)
	}
}

// TestStrip: a cell has the worst of its minute, and nothing is made up of the time before.
func TestStrip(t *testing.T) {
	ago := func(minutes float64) time.Time { return noon.Add(-time.Duration(minutes * float64(time.Minute))) }
	for want, steps := range map[string][]Change{
		"": nil,
		"───────────────": {{ago(60), "ALIVE", "", "", ""}},
		"          ─────": {{ago(5), "ALIVE", "", "", ""}},
		"─────────▄█████": {{ago(60), "ALIVE", "", "", ""}, {ago(5.1), "SUSPECTED", "", "", ""}, {ago(5), "DEAD", "", "", ""}},
		"─────▄─────────": {{ago(60), "ALIVE", "", "", ""}, {ago(9.5), "SUSPECTED", "", "", ""}, {ago(9.4), "ALIVE", "", "", ""}},
		"───────┼───────": {{ago(60), "ALIVE", "", "", ""}, {ago(7.5), "RESTARTED", "", "", ""}},
		"█████████.     ": {{ago(60), "DEAD", "", "", ""}, {ago(6.5), "LEFT", "", "", ""}, {ago(5.5), "REMOVED", "", "", ""}},
	} {
		if have := strip(Past{Steps: steps}, Member{}, noon); have != want {
			t.Errorf("%q, want %q of %v", have, want, steps)
		}
	}
}

// TestStale: while the daemon is not reached, nothing gets older.
func TestStale(t *testing.T) {
	d := cluster(6)
	d.Lost, d.LostAt = "refused", noon
	at := func(s int) []string {
		return Render(d, &View{}, noon.Add(time.Duration(s)*time.Second), Size{80, 24}, Plain)[2:]
	}
	first, later := at(1), at(90)
	if a, b := strings.Join(first, "\n"), strings.Join(later, "\n"); a != b {
		t.Errorf("it was\n%s\nand is\n%s", a, b)
	}
}
