// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the experiment found to docs/")

// smallMost takes the place of pushAll in experiments, so that smaller clusters show what
// larger ones do.
const smallMost = 64

// experiment is one message of 200 bytes in a cluster of more than smallMost members, which
// pass it on unless it is direct.
type experiment struct {
	nodes, fanOut int
	loss          float64
	direct        bool // the origin sends it to all, up to pushAll
}

// outcome is how it spread. The times are in milliseconds, from when it was sent.
type outcome struct {
	pushed          float64 // part of the nodes that have it without any repair
	half, most, all float64 // when half of them, 99 % and all have it, repairs and all
	copies, bytes   float64 // that a node sends on average
}

// meshed returns a cluster in which all know each other, without the talk that it
// takes.
func meshed(t *testing.T, e experiment, seed uint64) *sim {
	s := newSim(t, seed)
	s.loss = e.loss
	for i := range e.nodes {
		n := &simNode{sim: s, addr: at(i), got: map[Stream][]uint64{}, when: map[id]time.Time{}}
		n.Core = NewCore(CoreConfig{
			Local: Stream{n.addr, uint64(i) + 1}, Keep: 4096, KeepBytes: 4 << 20,
			Send:    func(to netip.AddrPort, b []byte, token uint64, _ bool) bool { return s.send(n, to, b, token) },
			Deliver: n.deliver, Random: s.r.IntN, Includes: n.includes,
		})
		n.Core.fanOut = func(int) int { return e.fanOut }
		if !e.direct {
			n.Core.pushAll = smallMost
		}
		s.nodes[n.addr] = n
		s.list = append(s.list, n)
	}
	origin := s.list[0].cfg.Local
	for _, n := range s.list {
		for _, m := range s.list {
			if m != n {
				n.members[m.addr] = &target{session: m.cfg.Local.Session, addressing: true}
				n.list = append(n.list, m.addr)
			}
		}
		if n.addr != origin.Origin {
			n.begin(n.stream(s.now, origin), 0, s.now)
		}
	}
	return s
}

func (e experiment) run(t *testing.T, seed uint64, repair bool) (delays []float64, copies, bytes float64) {
	s := meshed(t, e, seed)
	began := s.now
	m := s.list[0].tell(make([]byte, 200))
	d := 20 * time.Second
	if !repair {
		d = tryFor
	}
	for end := s.now.Add(d); s.now.Before(end) && len(delays) < e.nodes; {
		if !repair { // those that get it would begin to compare
			for _, n := range s.list {
				n.nextExchange, n.burst, n.touched = s.now.Add(time.Hour), s.now.Add(time.Hour), true
			}
		}
		s.run(afterBurst / 2)
		delays = delays[:0]
		for _, n := range s.list {
			if w, ok := n.when[id{m.Stream, m.Sequence}]; ok {
				delays = append(delays, w.Sub(began).Seconds()*1000)
			}
		}
	}
	var sent uint64
	for _, n := range s.list {
		sent += n.counts.Get(pushed)
	}
	slices.Sort(delays)
	return delays, float64(sent) / float64(e.nodes), float64(s.bytes) / float64(e.nodes)
}

func (e experiment) outcome(t *testing.T) outcome {
	const seeds = 3
	var o outcome
	for seed := range uint64(seeds) {
		pushed, _, _ := e.run(t, seed, false)
		o.pushed += float64(len(pushed)) / float64(e.nodes) / seeds
		delays, copies, bytes := e.run(t, seed, true)
		if len(delays) != e.nodes {
			t.Errorf("%+v: %d nodes have it", e, len(delays))
			continue
		}
		o.half += delays[e.nodes/2] / seeds
		o.most += delays[e.nodes*99/100] / seeds
		o.all += delays[e.nodes-1] / seeds
		o.copies += copies / seeds
		o.bytes += bytes / seeds
	}
	return o
}

// TestFanOut: with the fan-out that is used, the push alone reaches all but a few,
// and repair the rest. With -update it tries others, and writes the figures down.
func TestFanOut(t *testing.T) {
	if !*update {
		e := experiment{nodes: 100, fanOut: FanOut(100), loss: 0.1}
		if o := e.outcome(t); o.pushed < 0.99 || o.all > 3000 {
			t.Errorf("%+v: %+v", e, o)
		}
		return
	}
	var table, points bytes.Buffer
	row := func(e experiment) outcome {
		o := e.outcome(t)
		fmt.Fprintf(&table, "| %d | %.0f %% | %d | %.2f %% | %.0f | %.0f | %.0f | %.1f | %.0f |\n",
			e.nodes, 100*e.loss, e.fanOut, 100*o.pushed, o.half, o.most, o.all, o.copies, o.bytes)
		return o
	}
	for _, loss := range []float64{0, 0.1, 0.3} {
		for fan := 2; fan <= 12; fan++ {
			o := row(experiment{nodes: 300, fanOut: fan, loss: loss})
			if loss == 0 {
				point(&points, fan, o)
			}
		}
	}
	row(experiment{nodes: 1000, fanOut: FanOut(1000)})
	row(experiment{nodes: 1000, fanOut: FanOut(1000), loss: 0.1})
	page := fmt.Sprintf(`<!-- written by: go test ./cmd/tamtamd/internal/broadcast -run TestFanOut -update -->

# Fan-out

One message of 200 bytes, from one origin, in virtual time: 0.5 to 1 ms from node to
node, three seeds each. In a cluster of more than %d members, an origin pushes a message
to some of them, and so does each node when it first receives the message. Anti-entropy
repairs the rest: nodes compare digests once a second each. In a smaller cluster, the
origin pushes to all.

The fan-out in use is ⌈ln n⌉ + 2: %d for 300 nodes, %d for 1,000.

![Reached by push only, and pushes per node, by fan-out](broadcast-fanout.svg)

| nodes | loss | fan-out | reached by push only | half have it, ms | 99 %%, ms | all, ms | pushes per node | bytes per node |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
%s`, pushAll, FanOut(300), FanOut(1000), table.String())
	docs := filepath.Join("..", "..", "..", "..", "docs")
	for name, text := range map[string]string{"broadcast-fanout.md": page, "broadcast-fanout.svg": plot(points.String())} {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// point draws what a fan-out from 2 to 12 came to: reached from 80 to 100 %, and up
// to 15 copies.
func point(b *bytes.Buffer, fan int, o outcome) {
	x := 60 + (fan-2)*48
	reached := 240 - max(0, (o.pushed-0.8)/0.2)*200
	copies := 240 - o.copies/15*200
	fmt.Fprintf(b, "<circle class=\"r\" cx=\"%d\" cy=\"%.0f\" r=\"4\"/>", x, reached)
	fmt.Fprintf(b, "<rect class=\"c\" x=\"%d\" y=\"%.0f\" width=\"8\" height=\"8\"/>", x-4, copies-4)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"258\" text-anchor=\"middle\">%d</text>\n", x, fan)
}

func plot(points string) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 300" font-family="sans-serif" font-size="12">
<style>.r{fill:#1f77b4}.c{fill:#d62728}</style>
<rect width="600" height="300" fill="white"/>
<path d="M40 40V240H560V40" fill="none" stroke="black"/>
<text x="36" y="44" text-anchor="end">100 %</text><text x="36" y="244" text-anchor="end">80 %</text>
<text x="564" y="44">15</text><text x="564" y="244">0</text>
<text x="300" y="278" text-anchor="middle">fan-out, 300 nodes, no loss</text>
<circle class="r" cx="70" cy="20" r="4"/><text x="80" y="24">reached by push only (left)</text>
<rect class="c" x="306" y="16" width="8" height="8"/><text x="320" y="24">pushes per node (right)</text>
` + points + "</svg>\n"
}
