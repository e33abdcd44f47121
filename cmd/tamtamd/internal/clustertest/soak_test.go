// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a daemon may have grown by at the end of a soak. Its bounded tables come to
// some MiB each when they are full, and Go's heap to twice what is in it; a leak of
// ten bytes a packet would be 100 MiB in ten millions.
const (
	soakMemory = 96 << 10 // KiB
	soakFiles  = 64       // sockets, each with a goroutine: bogus members have one
)

// TestSoak sends a daemon of a cluster of three SOAK packets that mean harm, for
// SOAK_TIME at the most, as fast as it reads them.
func TestSoak(t *testing.T) {
	total, err := strconv.Atoi(os.Getenv("SOAK"))
	if err != nil {
		t.Skip("set SOAK to a number of packets, and SOAK_TIME to the most it may take: make soak")
	}
	most, err := time.ParseDuration(os.Getenv("SOAK_TIME"))
	if err != nil {
		most = time.Hour
	}
	all := Cluster(t, bin, 3)
	victim := all[0]
	addrs := []netip.AddrPort{}
	for _, d := range all {
		addrs = append(addrs, d.Gossip)
	}
	r := rand.New(rand.NewPCG(uint64(total), 1))
	roles := newRoles(t, r, victim, addrs)
	memory, files := residentKiB(t, victim), openFiles(t, victim)

	began := time.Now()
	arrived := func() uint64 { return victim.Counters()["datagrams_received"] }
	before, sent := arrived(), 0
	for sent < total && time.Since(began) < most {
		for range min(soakBatch, total-sent) {
			roles[sent%len(roles)].send()
			sent++
		}
		// What the kernel has no room for would not attack anybody.
		Eventually(t, "they arrive", func() bool { return arrived()-before >= uint64(sent)*95/100 })
		if sent%(500*soakBatch) == 0 {
			t.Logf("%d after %v: %d KiB, %d files", sent, time.Since(began).Round(time.Second), residentKiB(t, victim), openFiles(t, victim))
		}
	}
	took := time.Since(began)
	counted := victim.Counters()
	t.Logf("sent %d in %v, %.0f a second; %d arrived", sent, took.Round(time.Millisecond), float64(sent)/took.Seconds(), counted["datagrams_received"]-before)
	for _, role := range roles {
		t.Logf("%s: %d of %s", role.name, role.sent, role.kinds())
		role.stop()
	}
	t.Logf("counted %v", counted)

	for _, d := range all {
		Eventually(t, d.Gossip.String()+" has all members alive", func() bool {
			s := d.Statuses()
			return !slices.ContainsFunc(all, func(m *Daemon) bool { return s[m.Gossip.String()] != "ALIVE" })
		})
		for a, m := range d.Members() {
			if !slices.ContainsFunc(all, func(m *Daemon) bool { return m.Gossip.String() == a }) && !roles.has(a) {
				t.Errorf("%s has a bogus member %+v", d.Gossip, m)
			}
		}
		if n := d.Counters()["smudge_panics"]; n != 0 {
			t.Errorf("%s: Smudge panicked %d times", d.Gossip, n)
		}
		if strings.Contains(d.out.String(), "panic") {
			t.Errorf("%s panicked", d.Gossip)
		}
	}
	grown, more := residentKiB(t, victim)-memory, openFiles(t, victim)-files
	t.Logf("grown by %d KiB and %d files, from %d KiB and %d", grown, more, memory, files)
	if grown > soakMemory || more > soakFiles {
		t.Errorf("grown by %d KiB and %d files, at most %d and %d are allowed", grown, more, soakMemory, soakFiles)
	}
	for i, d := range all {
		s := StartStream(t, all[(i+1)%3], "stream")
		want := fmt.Sprint("still here ", i)
		if r := d.Ctl("broadcast", want); r.Code != 0 {
			t.Errorf("broadcast: %+v", r)
		}
		Eventually(t, "its broadcast arrives", func() bool { return strings.Contains(s.out.String(), want+"\n") })
	}
}

// soakBatch is how many packets are sent before it is looked whether they arrived.
// The daemon's socket has room for them.
const soakBatch = 1000

// openFiles is how many files and sockets the process has open, 0 where it cannot be
// told.
func openFiles(t *testing.T, d *Daemon) int {
	t.Helper()
	files, err := os.ReadDir("/proc/" + strconv.Itoa(d.Cmd.Process.Pid) + "/fd")
	if err != nil {
		return 0
	}
	return len(files)
}
