// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attack

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"

	. "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/clustertest"
)

// perSecond is how many packets a worker sends a second, at most.
const perSecond = 50_000

// capture stands at the address that a daemon advertises, passes on what comes there, and keeps it.
type capture struct {
	at, by *net.UDPConn // where members send to, and what the daemon sees
	mu     sync.Mutex
	all    [][]byte
}

func newCapture(t *testing.T) *capture {
	t.Helper()
	c := &capture{at: listen(t, 1), by: listen(t, 1)}
	return c
}

// pass passes on between the daemon and one other member until both sockets are closed.
func (c *capture) pass(to netip.AddrPort) {
	var other netip.AddrPort
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := c.at.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			c.mu.Lock()
			other = from
			c.all = append(c.all, append([]byte(nil), b[:n]...))
			c.mu.Unlock()
			_, _ = c.by.WriteToUDPAddrPort(b[:n], to) // a lost packet is one of any network
		}
	}()
	go func() {
		b := make([]byte, 2048)
		for {
			n, err := c.by.Read(b)
			if err != nil {
				return
			}
			c.mu.Lock()
			back := other
			c.mu.Unlock()
			_, _ = c.at.WriteToUDPAddrPort(b[:n], back)
		}
	}()
}

func (c *capture) packets() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[:len(c.all):len(c.all)]
}

// listen opens a socket of an address of the loopback interface, the nth.
func listen(t *testing.T, n int) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, byte(n>>8), byte(n))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// frame is the head of a frame, and what follows.
func frame(kind byte, session, tag, counter uint64, payload []byte) []byte {
	b := []byte{0xff, 0xff, 1, kind}
	for _, v := range []uint64{session, tag, counter} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return append(append(b, 0), payload...)
}

const (
	hello  = 1
	sealed = 0x80 // the bit of the kind
)

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// gossipRow is a row of the table of attacks in docs/security.md.
type gossipRow struct {
	row, name string
	keys      int // of the ring; 0 for an open cluster
	sources   int // addresses
	workers   int
	// next returns the next packet; captured has what a member sent the daemon.
	next    func(r *rand.Rand, captured [][]byte) []byte
	other   bool // sent to the other member instead
	restart bool // the daemon was restarted since the capture
}

var gossipRows = []gossipRow{
	{"1", "garbage", 1, 1, 1, func(r *rand.Rand, _ [][]byte) []byte { return noise(r, 20+r.IntN(300)) }, false, false},
	{"2", "frames that look sealed", 1, 1, 1, looksSealed, false, false},
	{"3", "the same, twice as many", 1, 2, 2, looksSealed, false, false},
	{"4", "hellos that look sealed, of 100 addresses", 1, 100, 1, func(r *rand.Rand, _ [][]byte) []byte {
		return frame(hello|sealed, r.Uint64(), 0, r.Uint64(), noise(r, 40))
	}, false, false},
	{"5", "frames that look sealed, 8 keys", 8, 1, 1, looksSealed, false, false},
	{"6", "the same, twice as many", 8, 2, 2, looksSealed, false, false},
	{"7", "hellos in clear, of 200 addresses", 0, 200, 1, func(r *rand.Rand, _ [][]byte) []byte {
		return frame(hello, r.Uint64(), 0, 0, append(noise(r, 8), "smudge"...))
	}, false, false},
	{"8", "pings of plain Smudge", 0, 200, 2, func(r *rand.Rand, _ [][]byte) []byte {
		return datagram.AppendBare(nil, datagram.Ping, uint16(1+r.UintN(60000)), r.Uint32())
	}, false, false},
	{"9", "replay", 1, 0, 1, func(r *rand.Rand, c [][]byte) []byte { return c[r.IntN(len(c))] }, false, false},
	{"10", "replay to another member", 1, 1, 1, func(r *rand.Rand, c [][]byte) []byte { return c[r.IntN(len(c))] }, true, false},
	{"11", "flipped bits", 1, 0, 1, func(r *rand.Rand, c [][]byte) []byte {
		b := append([]byte(nil), c[r.IntN(len(c))]...)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		return b
	}, false, false},
	{"12", "replay after a restart", 1, 0, 1, func(r *rand.Rand, c [][]byte) []byte { return c[r.IntN(len(c))] }, false, true},
}

func looksSealed(r *rand.Rand, _ [][]byte) []byte {
	return frame(0x10|sealed, r.Uint64(), r.Uint64(), r.Uint64(), noise(r, 100))
}

// TestGossip: who has no key, or has only what he captured, gets nothing in, leaves no memory, and is
// sent no more than he sends (row 13).
func TestGossip(t *testing.T) {
	for _, x := range gossipRows {
		t.Run("row "+x.row, func(t *testing.T) { tryGossip(t, x) })
	}
}

func tryGossip(t *testing.T, x gossipRow) {
	var both []string
	if x.keys > 0 {
		var keys []string
		for range x.keys {
			text, _ := NewKey(t)
			keys = append(keys, text)
		}
		path := filepath.Join(t.TempDir(), "keyring")
		if err := os.WriteFile(path, []byte(strings.Join(keys, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		both = []string{"--keyring-file", path}
	}
	c := newCapture(t)
	free := listen(t, 1)
	port := free.LocalAddr().(*net.UDPAddr).Port
	_ = free.Close()
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
	c.pass(to)
	a := newTargetOf(t, both, "--port", fmt.Sprint(port), "--advertise", c.at.LocalAddr().String())
	Eventually(t, "there is a capture", func() bool { return len(c.packets()) > 20 })
	captured := c.packets()
	if x.restart {
		a.Kill()
		a.Daemon = a.again()
		Eventually(t, "the other one has it back", func() bool {
			m := a.another.Members()[c.at.LocalAddr().String()]
			return m.Status == "ALIVE" && a.counters(a.Daemon)["sessions"] > 0
		})
		a.began = time.Now()
	}
	victim := a.Daemon
	if x.other {
		victim, to = a.another, a.another.Gossip
	}
	var by []*net.UDPConn
	for n := range x.sources {
		by = append(by, listen(t, 2+n))
	}
	if x.sources == 0 {
		by = []*net.UDPConn{c.by} // from where the captured ones came
	}
	in := make([]int, x.workers)
	before := a.counters(victim)
	a.run(attack{for_: 2 * time.Second, workers: x.workers, port: true, most: strangersMiB, rest: 24, do: func(ctx context.Context, worker int) (tries int) {
		r := rand.New(rand.NewPCG(uint64(worker), 2))
		for began := time.Now(); ctx.Err() == nil; {
			if ahead := tries - int(time.Since(began).Seconds()*perSecond); ahead > 500 {
				time.Sleep(time.Millisecond)
				continue
			}
			b := x.next(r, captured)
			if _, err := by[tries%len(by)].WriteToUDPAddrPort(b, to); err == nil {
				in[worker] += len(b)
				tries++
			}
		}
		return tries
	}})
	after, sent := a.counters(victim), 0
	for _, n := range in {
		sent += n
	}
	grew := func(counter string) uint64 { return after[counter] - before[counter] }
	t.Logf("it took %d packets; %d bytes were sent to it, it sent %d; sessions %d to %d, members %d to %d, messages of others %d",
		grew("datagrams_received"), sent, grew("bytes_sent"), before["sessions"], after["sessions"], before["members"], after["members"], grew("broadcasts_received"))
	for _, counter := range []string{"sessions", "members", "broadcasts_received"} {
		if after[counter] != before[counter] {
			t.Errorf("%s: %d, and before %d", counter, after[counter], before[counter])
		}
	}
	if int(grew("bytes_sent")) > sent {
		t.Errorf("%d bytes out for %d in", grew("bytes_sent"), sent)
	}
	if grew("datagrams_received") == 0 {
		t.Error("none of it arrived")
	}
	if n := len(a.another.Members()); n != 2 {
		t.Errorf("the other member lists %d members", n)
	}
}
