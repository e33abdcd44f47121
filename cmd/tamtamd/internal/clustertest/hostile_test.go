// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/binary"
	"hash/adler32"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// hostileTotal is how many datagrams each family is sent.
const hostileTotal = 100_000

// attacker makes datagrams that mean harm. All addresses in them are of this
// machine's loopback: what the node sends to them must not leave it.
type attacker struct {
	r       *rand.Rand
	f       datagram.Family
	members []netip.AddrPort // the attacked cluster's
}

// next returns the next datagram, 0 to 1,500 bytes.
func (a *attacker) next() []byte {
	switch a.r.IntN(5) {
	case 0: // noise
		b := make([]byte, a.r.IntN(1501))
		for i := range b {
			b[i] = byte(a.r.Uint32())
		}
		return b
	case 1: // cut short, with a right checksum or without
		b := a.wellFormed()
		return a.sum(b[:a.r.IntN(len(b)+1)])
	case 2: // a flipped bit
		b := a.wellFormed()
		// In the header or a status: an address is to stay on loopback.
		i := a.r.IntN(12)
		b[i%len(b)] ^= 1 << a.r.IntN(8)
		if i == 4 { // the count of entries: the rest would be read as such
			b = b[:min(len(b), 11)]
		}
		return a.sum(b)
	default:
		return a.wellFormed()
	}
}

func (a *attacker) sum(b []byte) []byte {
	if len(b) >= 4 && a.r.IntN(4) > 0 {
		binary.LittleEndian.PutUint32(b, adler32.Checksum(b[4:]))
	}
	return b
}

// wellFormed returns what passes every check of form: forged deaths, bogus members,
// far clocks, forged broadcasts, in the name of members as often as not.
func (a *attacker) wellFormed() []byte {
	port := uint16(a.r.UintN(65536))
	switch a.r.IntN(20) {
	case 0:
		port = 0
	case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10:
		port = a.members[a.r.IntN(len(a.members))].Port()
	}
	if a.r.IntN(8) == 0 {
		return datagram.AppendBroadcast(nil, a.f, port, datagram.Broadcast{
			Origin: a.address(), Index: a.r.Uint32(), Payload: make([]byte, a.r.IntN(1400)),
		})
	}
	verb := datagram.Verb(a.r.IntN(4))
	var entries []datagram.Entry
	if verb == datagram.PingReq {
		entries = append(entries, datagram.Target(a.address(), a.r.Uint32()))
	}
	for range a.r.IntN(30) {
		entries = append(entries, datagram.Entry{
			Status: datagram.Status(a.r.IntN(3) + 1), Addr: a.address(), Heartbeat: a.heartbeat(), Source: a.address(),
		})
	}
	return datagram.Compose(a.f, verb, port, a.heartbeat(), entries)
}

func (a *attacker) heartbeat() uint32 {
	switch a.r.IntN(4) {
	case 0:
		return 0xFFFFFFF0 + a.r.Uint32N(16)
	case 1:
		return 1<<31 + a.r.Uint32N(1000)
	case 2:
		return a.r.Uint32()
	default:
		return a.r.Uint32N(1000)
	}
}

// address returns a member's address or a bogus one on loopback.
func (a *attacker) address() netip.AddrPort {
	if a.r.IntN(2) == 0 {
		return a.members[a.r.IntN(len(a.members))]
	}
	ip := netip.IPv6Loopback()
	if a.f == datagram.IPv4 {
		ip = netip.AddrFrom4([4]byte{127, byte(a.r.Uint32()), byte(a.r.Uint32()), byte(a.r.Uint32())})
	}
	return netip.AddrPortFrom(ip, uint16(a.r.UintN(65535)+1))
}

// TestHostileDatagrams: a hundred thousand datagrams of an attacker on the same
// machine, who can claim to be anybody there. The nodes live, have the same members
// as before, and have not grown.
func TestHostileDatagrams(t *testing.T) {
	for _, c := range []struct {
		ip     string
		family datagram.Family
	}{{"127.0.0.1", datagram.IPv4}, {"::1", datagram.IPv6}} {
		t.Run(c.ip, func(t *testing.T) {
			requireIP(t, c.ip)
			all := Cluster(t, bin, 3, "--plain", "--bind", c.ip)
			victim := all[0]
			a := &attacker{r: rand.New(rand.NewPCG(1, 2)), f: c.family}
			for _, d := range all {
				a.members = append(a.members, d.Gossip)
			}
			conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(victim.Gossip))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()

			arrived := func() uint64 { return victim.Counters()["datagrams_received"] }
			before, memory := arrived(), residentKiB(t, victim)
			sent := 0
			for range hostileTotal {
				if _, err := conn.Write(a.next()); err == nil {
					sent++
				}
				// What the kernel has no room for would not attack anybody.
				if sent%1000 == 0 {
					Eventually(t, "they arrive", func() bool { return arrived()-before >= uint64(sent)*95/100 })
				}
			}
			if sent < hostileTotal*95/100 {
				t.Errorf("only %d were sent", sent)
			}
			for _, d := range all {
				Eventually(t, d.Gossip.String()+" sees the same members as before", func() bool { return seesAllBut(d, guessed, all) })
			}
			counted := victim.Counters()
			t.Logf("sent %d, counted %v", sent, counted)
			for _, reason := range []string{"size", "checksum", "sender_port", "entry_count", "target", "status", "broadcast_length", "self", "stranger", "bare_from_member"} {
				if counted["dropped_"+reason] == 0 {
					t.Errorf("none was dropped for %s", reason)
				}
			}
			if counted["smudge_panics"] != 0 {
				t.Errorf("Smudge panicked %d times", counted["smudge_panics"])
			}
			// The bounds add up to a few MiB; what Go's heap makes of them is
			// more. A leak of all that came in would be 50 MiB at the least.
			if grown := residentKiB(t, victim) - memory; grown > 48<<10 {
				t.Errorf("grown by %d KiB", grown)
			} else {
				t.Logf("grown by %d KiB", grown)
			}
			// It still does its work.
			s := StartStream(t, all[1], "stream")
			if r := victim.Ctl("broadcast", "still here"); r.Code != 0 {
				t.Errorf("broadcast: %+v", r)
			}
			Eventually(t, "its broadcast arrives", func() bool { return strings.Contains(s.out.String(), "still here\n") })
		})
	}
}

// guessed is how many plain nodes the attacker may make up. It claims random ports, and one that it
// claimed before is pinged with one of some 64 heartbeats: it answers one by chance in about one of
// twenty runs, and three in none.
const guessed = 2

// seesAllBut reports whether a daemon lists all members alive, and besides them a few plain nodes at most.
func seesAllBut(d *Daemon, few int, members []*Daemon) bool {
	d.t.Helper()
	seen := d.Members()
	for _, m := range members {
		if seen[m.Gossip.String()].Status != "ALIVE" {
			return false
		}
		delete(seen, m.Gossip.String())
	}
	for _, m := range seen {
		if !m.Plain {
			return false
		}
	}
	return len(seen) <= few
}

// residentKiB is the memory of the process, 0 where it cannot be told.
func residentKiB(t *testing.T, d *Daemon) int {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(d.Cmd.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}
