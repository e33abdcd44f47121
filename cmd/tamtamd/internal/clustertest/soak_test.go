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

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
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

// TestSoakSealed sends a sealed daemon a fifth as many, none of which it may open.
func TestSoakSealed(t *testing.T) {
	total, err := strconv.Atoi(os.Getenv("SOAK"))
	if err != nil {
		t.Skip("set SOAK to a number of packets, and SOAK_TIME to the most it may take: make soak")
	}
	most, err := time.ParseDuration(os.Getenv("SOAK_TIME"))
	if err != nil {
		most = time.Hour
	}
	total, most = total/5, most/5
	key := keyOf(t)
	relay := startRelay(t)
	victim := startBehind(t, relay, "--keyring-file", Keyring(t, key))
	all := []*Daemon{victim, StartDaemon(t, bin, nil, "--keyring-file", Keyring(t, key), "--join", relay.addr.String())}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	a := &attacker{r: rand.New(rand.NewPCG(uint64(total), 2)), f: datagram.IPv4, members: []netip.AddrPort{all[0].Gossip, all[1].Gossip}}
	role := sealedNoise(t, a, &Daemon{Gossip: relay.to}, relay.capture)
	memory, files, before := residentKiB(t, victim), openFiles(t, victim), victim.Counters()
	began := time.Now()
	for role.sent < total && time.Since(began) < most {
		for range soakBatch {
			role.send()
		}
		Eventually(t, "they arrive", func() bool {
			return victim.Counters()["datagrams_received"]-before["datagrams_received"] >= uint64(role.sent)*95/100
		})
	}
	role.stop()
	after := victim.Counters()
	opened := after["datagrams_received"] - before["datagrams_received"]
	for _, unread := range []string{"dropped_unsealed", "dropped_unknown_connection"} {
		opened -= after[unread] - before[unread]
	}
	t.Logf("sent %d of %s in %v; %d arrived, %d of which were opened: the other member's",
		role.sent, role.kinds(), time.Since(began).Round(time.Millisecond), after["datagrams_received"]-before["datagrams_received"], opened)
	// The other member sends some packets a second.
	if opened > 1000+100*uint64(time.Since(began).Seconds()) {
		t.Errorf("%d packets were opened", opened)
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	if grown, more := residentKiB(t, victim)-memory, openFiles(t, victim)-files; grown > soakMemory || more > soakFiles {
		t.Errorf("grown by %d KiB and %d files", grown, more)
	} else {
		t.Logf("grown by %d KiB and %d files", grown, more)
	}
}
