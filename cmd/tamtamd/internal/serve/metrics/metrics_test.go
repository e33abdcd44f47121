// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	start = time.Unix(1e9, 0)
)

// bench are metrics of a node that the test makes up.
type bench struct {
	*Metrics
	handler  http.Handler
	table    *member.Table
	links    []wire.Link
	counters map[string]uint64
	state    *lifecycle.State
	live     error
}

func newBench() *bench {
	b := &bench{
		Metrics: New(buildinfo.Info{Version: "v1"}), counters: map[string]uint64{}, state: lifecycle.New(time.Now),
		table: member.NewTable(self, member.Info{Session: 1}, 1, func() time.Time { return start }),
	}
	b.table.Follow(b.OnMember)
	b.handler = b.Handler(Sources{
		Members: b.table, Node: b, Wire: b, Counters: func() map[string]uint64 { return b.counters },
		State: b.state, Live: func() error { return b.live }, Reloads: func() reload.Status { return reload.Status{} },
		Self: member.Identity{Addr: self, Cluster: "c", Info: member.Info{Name: "me"}},
	})
	return b
}

func (b *bench) Traffic() []wire.Traffic {
	return []wire.Traffic{{Kind: "data", Sent: 1, SentBytes: 100, Received: 2, ReceivedBytes: 300}}
}

func (b *bench) Links() []wire.Link { return b.links }

func (b *bench) Peers() map[netip.AddrPort]node.PeerState {
	m := map[netip.AddrPort]node.PeerState{}
	for _, l := range b.links {
		m[l.Addr] = node.PeerState{RoundTrip: l.RoundTrip}
	}
	return m
}

// scrape returns what Prometheus would get, and fails when it would get an error.
func (b *bench) scrape(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// wants checks that lines are in a scrape, or, those that begin with "!", are not.
func wants(t *testing.T, scrape string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		l, not := strings.CutPrefix(l, "!")
		if strings.Contains(scrape, "\n"+l) == not {
			t.Errorf("%q is in the scrape: %v", l, not)
		}
	}
}

func TestMembersComeAndGo(t *testing.T) {
	b := newBench()
	b.table.Put(alice, member.Info{Session: 2})
	b.links = []wire.Link{{Addr: alice, RoundTrip: 2 * time.Millisecond, Sent: 10, Resent: 3, Received: 5, Duplicates: 1}}
	wants(t, b.scrape(t),
		"tamtam_members{status=\"alive\"} 2\n", "tamtam_members{status=\"dead\"} 0\n",
		"tamtam_peer_round_trip_seconds{peer=\"192.0.2.2:9999\"} 0.002\n",
		"tamtam_peer_frames_sent_total{peer=\"192.0.2.2:9999\"} 10\n", "tamtam_peer_frames_resent_total{peer=\"192.0.2.2:9999\"} 3\n",
		"tamtam_peer_frames_received_total{peer=\"192.0.2.2:9999\"} 5\n", "tamtam_peer_frames_duplicate_total{peer=\"192.0.2.2:9999\"} 1\n",
		"tamtam_frames_total{direction=\"sent\",kind=\"data\"} 1\n", "tamtam_frame_bytes_total{direction=\"received\",kind=\"data\"} 300\n",
		"tamtam_node_info{address=\"192.0.2.1:9999\",cluster=\"c\",name=\"me\"} 1\n", "tamtam_peers_unlisted 0\n",
		"!tamtam_peer_round_trip_seconds{peer=\"192.0.2.1:9999\"}")
	// The transport lingers over what the table has given up.
	b.table.Set(alice, member.Dead, self)
	wants(t, b.scrape(t), "tamtam_members{status=\"alive\"} 1\n", "tamtam_members{status=\"dead\"} 1\n", "!tamtam_peer_")
	b.table.Put(alice, member.Info{Session: 3})
	b.table.Set(alice, member.Suspected, self)
	b.table.Set(alice, member.Alive, self)
	b.table.Put(alice, member.Info{Session: 4})
	b.table.Retag(alice, "role=web")
	b.table.Set(alice, member.Left, alice)
	b.table.Remove(alice, self, 0)
	wants(t, b.scrape(t), "tamtam_members{status=\"left\"} 0\n", "!tamtam_peer_")
	for _, k := range member.Kinds {
		wants(t, b.scrape(t), fmt.Sprintf("tamtam_member_changes_total{kind=%q} 1\n", k))
	}
}

func TestFlaps(t *testing.T) {
	b := newBench()
	for range 5 {
		b.table.Put(alice, member.Info{Session: 2})
		b.table.Set(alice, member.Dead, self)
	}
	wants(t, b.scrape(t), "tamtam_members_flapping 1\n", "tamtam_member_flaps_total 4\n")
}

// TestPeersAreBounded: the others are counted.
func TestPeersAreBounded(t *testing.T) {
	b := newBench()
	for i := range MaxPeers + 10 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9999)
		b.table.Put(a, member.Info{Session: uint64(i + 10)})
		b.links = append(b.links, wire.Link{Addr: a, RoundTrip: time.Millisecond})
	}
	s := b.scrape(t)
	if n := strings.Count(s, "\ntamtam_peer_round_trip_seconds{"); n != MaxPeers {
		t.Errorf("%d peers, want %d", n, MaxPeers)
	}
	wants(t, s, "tamtam_peers_unlisted 10\n")
}

var (
	declared counter.Table

	shared = &counter.Metric{Name: "tamtam_x_total", Label: "y", Help: "Of x, by y."}

	_ = declared.New("x_event", "An event.")
	_ = declared.Metric("x_own", "tamtam_x_own_total", "A metric.")
	_ = declared.Gauge("x_gauge", "tamtam_x_gauge", "A gauge.")
	_ = declared.Of(shared, "x_one", "1")
)

// TestDeclaredCounters: each is exported as it is declared, those that are 0 too.
func TestDeclaredCounters(t *testing.T) {
	b := newBench()
	declared.NewSet().Counters(b.counters)
	b.counters["x_gauge"], b.counters["x_one"] = 3, 4
	wants(t, b.scrape(t), "tamtam_events_total{event=\"x_event\"} 0\n",
		"tamtam_x_own_total 0\n", "# HELP tamtam_x_own_total A metric.\n", "# TYPE tamtam_x_own_total counter\n",
		"tamtam_x_gauge 3\n", "# TYPE tamtam_x_gauge gauge\n",
		"tamtam_x_total{y=\"1\"} 4\n", "# HELP tamtam_x_total Of x, by y.\n")
}

// TestUndeclaredCounts: a count that is part of a metric from another source is not
// exported by its name.
func TestUndeclaredCounts(t *testing.T) {
	b := newBench()
	b.counters["frames_data"], b.counters["members"] = 75, 76
	wants(t, b.scrape(t), "!tamtam_events_total{event=\"frames_data\"}", "!tamtam_events_total{event=\"members\"}")
}

func TestStateAndPulse(t *testing.T) {
	b := newBench()
	b.state.Advance(lifecycle.Joining)
	b.live = fmt.Errorf("stuck")
	wants(t, b.scrape(t), "tamtam_state{state=\"joining\"} 1\n", "tamtam_state{state=\"joined\"} 0\n", "tamtam_live 0\n")
}

func TestDeliveries(t *testing.T) {
	b := newBench()
	deliver := func(took time.Duration, local bool) {
		b.OnDelivery(broadcast.Delivery{Message: broadcast.Message{Sent: start, Received: start.Add(took)}}, local)
	}
	deliver(3*time.Millisecond, false)
	deliver(-time.Hour, false) // the clocks disagree
	deliver(time.Second, true)
	b.OnDelivery(broadcast.Delivery{Message: broadcast.Message{Received: start}}, false) // a plain node's
	b.OnDelivery(broadcast.Delivery{Gap: broadcast.Gap{To: 3}}, false)
	wants(t, b.scrape(t), "tamtam_broadcast_delivery_seconds_count 2\n", "tamtam_broadcast_delivery_seconds_sum 0.003\n",
		"tamtam_broadcast_delivery_seconds_bucket{le=\"0.0025\"} 1\n")
}

func TestCalls(t *testing.T) {
	b := newBench()
	b.OnCall("/a/B", false, codes.NotFound, time.Millisecond)
	b.OnCall("/a/S", true, codes.Canceled, time.Hour)
	wants(t, b.scrape(t), "tamtam_rpc_calls_total{code=\"NotFound\",method=\"/a/B\"} 1\n", "tamtam_rpc_calls_total{code=\"Canceled\",method=\"/a/S\"} 1\n",
		"tamtam_rpc_call_seconds_count{method=\"/a/B\"} 1\n", "!tamtam_rpc_call_seconds_count{method=\"/a/S\"}")
}

// TestOpenMetrics: the series have the same names in both formats.
func TestOpenMetrics(t *testing.T) {
	b := newBench()
	b.OnCall("/a/B", false, codes.OK, time.Millisecond)
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	text := w.Body.String()
	if kind := w.Header().Get("Content-Type"); w.Code != 200 || !strings.HasPrefix(kind, "application/openmetrics-text") || !strings.HasSuffix(text, "\n# EOF\n") {
		t.Fatalf("%d, %q: ...%q", w.Code, kind, text[max(0, len(text)-100):])
	}
	names := func(text string) map[string]bool {
		found := map[string]bool{}
		for line := range strings.Lines(text) {
			name, _, _ := strings.Cut(line, " ")
			// What Go's own collectors say differs from scrape to scrape.
			if strings.HasPrefix(name, "tamtam_") && !strings.Contains(name, "_bucket{") {
				found[name] = true
			}
		}
		return found
	}
	have, want := names(text), names(b.scrape(t))
	if len(want) < 30 || !maps.Equal(have, want) {
		t.Errorf("got %d series, want %d", len(have), len(want))
		for name := range want {
			if !have[name] {
				t.Errorf("no %s", name)
			}
		}
	}
}

// TestNilCountsNothing: a daemon without --http has no metrics, and asks nowhere whether it
// has.
func TestNilCountsNothing(t *testing.T) {
	var none *Metrics
	none.OnMember(member.Change{Member: member.Member{Addr: alice, Status: member.Alive}})
	none.OnDelivery(broadcast.Delivery{Message: broadcast.Message{Sent: start, Received: start}}, false)
	none.OnCall("/a/B", false, codes.OK, 0)
}
