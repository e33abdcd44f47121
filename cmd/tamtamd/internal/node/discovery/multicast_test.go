// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

func TestAnnounced(t *testing.T) {
	local := netip.MustParseAddrPort("192.0.2.1:9999")
	ping := datagram.AppendAnnouncement(nil, "smudge", 9999, 0)
	for _, c := range []struct {
		name    string
		src     string
		b       []byte
		want    string
		foreign uint64
		dropped uint64
	}{
		{"another node", "192.0.2.2", ping, "192.0.2.2:9999", 0, 0},
		{"ourselves", "192.0.2.1", ping, "", 0, 0},
		{"another of our machine", "192.0.2.1", datagram.AppendAnnouncement(nil, "smudge", 7, 0), "192.0.2.1:7", 0, 0},
		{"another cluster", "192.0.2.2", datagram.AppendAnnouncement(nil, "other", 9999, 0), "", 1, 0},
		{"nothing", "192.0.2.2", nil, "", 0, 1},
		{"cut", "192.0.2.2", ping[:len(ping)-1], "", 0, 1},
		{"an ACK", "192.0.2.2", append([]byte("\x06smudge"), datagram.AppendBare(nil, datagram.Ack, 9999, 0)...), "", 0, 1},
		{"from nowhere", "0.0.0.0", ping, "", 0, 1},
		{"of the other family", "2001:db8::1", ping, "", 0, 1},
	} {
		found := ""
		m := &Multicast{counts: counters.NewSet(), family: datagram.IPv4, cfg: Config{
			Local: local, Cluster: "smudge", Logger: log.NewNopLogger(),
			Found: func(a netip.AddrPort) { found = a.String() },
		}}
		m.announced(netip.MustParseAddr(c.src), c.b)
		if found != c.want || m.counts.Get(foreign) != c.foreign || m.counts.Get(dropped) != c.dropped {
			t.Errorf("%s: found %q, foreign %d, dropped %d", c.name, found, m.counts.Get(foreign), m.counts.Get(dropped))
		}
	}
}

func TestUnknownAddressIsNamed(t *testing.T) {
	_, err := Listen(Config{Local: netip.MustParseAddrPort("192.0.2.1:1")})
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("error %v", err)
	}
}
