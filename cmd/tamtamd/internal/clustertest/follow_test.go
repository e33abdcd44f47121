// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// follower is a running tamtamctl watch -o json.
type follower struct{ *Process }

type followed struct {
	Event, Revision, Reason string
	Previous                string `json:"previous_status"`
	Inferred                bool
	Member                  Member
}

func startFollower(t *testing.T, d *Daemon, rpc string, args ...string) *follower {
	t.Helper()
	p, _ := start(t, d.dir, "tamtamctl", append([]string{"watch", "-o", "json", "--rpc", rpc}, args...), nil, false)
	f := &follower{p}
	Eventually(t, "the watch is synced", func() bool { return f.count("synced") == 1 })
	return f
}

func (f *follower) events() []followed {
	f.t.Helper()
	var all []followed
	for line := range strings.Lines(f.out.String()) {
		if !strings.HasSuffix(line, "\n") {
			break // not yet whole
		}
		var e followed
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			f.t.Fatalf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

func (f *follower) count(event string) int {
	n := 0
	for _, e := range f.events() {
		if e.Event == event {
			n++
		}
	}
	return n
}

// members returns the members that a reader of the lines would now know, by status.
func (f *follower) members() map[string]string {
	known := map[string]string{}
	for _, e := range f.events() {
		switch e.Event {
		case "present", "change":
			known[e.Member.Address] = e.Member.Status
		case "removed":
			delete(known, e.Member.Address)
		}
	}
	return known
}

// knows reports whether the lines lead to the daemon's list.
func (f *follower) knows(d *Daemon) bool {
	have, want := f.members(), d.Statuses()
	for a, s := range want {
		if have[a] != s {
			return false
		}
	}
	return len(have) == len(want)
}

// TestWatchOverARestart: the lines of a watch lead to what the daemon lists, also after
// one that was killed and started again, with fewer members and others. A dead member is
// learned from the others, one that left is not.
func TestWatchOverARestart(t *testing.T) {
	all := Cluster(t, bin, 4)
	d := all[0]
	f := startFollower(t, d, d.RPC)
	all[3].Ctl("leave")
	Eventually(t, "its leave is told", func() bool { return f.members()[all[3].Gossip.String()] == "LEFT" })
	all[2].Kill()
	Eventually(t, "its death is told", func() bool { return f.members()[all[2].Gossip.String()] == "DEAD" })
	d.Kill()
	Eventually(t, "it is told that the daemon ended", func() bool { return f.count("disconnected") == 1 })
	d = d.Restart("--rpc", d.RPC, "--join", all[1].Gossip.String())
	late := StartDaemon(t, bin, nil, "--join", all[1].Gossip.String())
	Eventually(t, "the watch is synced again", func() bool { return f.count("synced") == 2 })
	Eventually(t, "both know the same", func() bool {
		known := d.Statuses()
		return known[all[1].Gossip.String()] == "ALIVE" && known[late.Gossip.String()] == "ALIVE" &&
			known[all[2].Gossip.String()] == "DEAD" && len(known) == 4 && f.knows(d)
	})
	if f.count("snapshot") != 1 || f.count("resumed") != 0 || f.count("disconnected") != 1 {
		t.Errorf("%+v", f.events())
	}
	for i, e := range f.events() {
		if e.Event == "removed" && !e.Inferred || e.Revision == "" || e.Revision == "0" {
			t.Errorf("line %d: %+v", i, e)
		}
	}
}

// TestWatchResumes: a watch whose connection broke goes on where it was; no change is
// missed, and none comes twice.
func TestWatchResumes(t *testing.T) {
	all := Cluster(t, bin, 2)
	p := newProxy(t, all[0].RPC)
	f := startFollower(t, all[0], p.address)
	p.set(false)
	Eventually(t, "it is disconnected", func() bool { return f.count("disconnected") == 1 })
	late := StartDaemon(t, bin, nil, "--join", all[0].Gossip.String())
	Eventually(t, "the new one is a member", func() bool { return all[0].Sees(append(all, late)...) })
	all[1].Kill()
	Eventually(t, "the other is dead", func() bool { return all[0].Status(all[1]) == "DEAD" })
	p.set(true)
	Eventually(t, "both know the same", func() bool { return f.count("resumed") == 1 && f.knows(all[0]) })
	var last uint64
	for i, e := range f.events() {
		revision, err := strconv.ParseUint(e.Revision, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if e.Event == "change" && (revision != last+1 || e.Inferred) {
			t.Errorf("line %d: %+v after %d", i, e, last)
		}
		if e.Event == "change" || e.Event == "synced" {
			last = revision
		}
	}
}

// proxy forwards connections to an address, unless it is switched off, which ends them.
type proxy struct {
	address string

	mu    sync.Mutex
	on    bool
	conns []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String(), on: true}
	t.Cleanup(func() {
		_ = l.Close()
		p.set(false)
	})
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			onward, err := net.Dial("tcp", to)
			p.mu.Lock()
			if err != nil || !p.on {
				_ = from.Close()
				if err == nil {
					_ = onward.Close()
				}
			} else {
				p.conns = append(p.conns, from, onward)
				go func() { _, _ = io.Copy(onward, from) }()
				go func() { _, _ = io.Copy(from, onward) }()
			}
			p.mu.Unlock()
		}
	}()
	return p
}

func (p *proxy) set(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on = on; !on {
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.conns = nil
	}
}
