// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"strings"
	"testing"
)

// TestAdvertise: a node is known by the address it advertises, whatever it is bound
// to.
func TestAdvertise(t *testing.T) {
	port := freePort(t, "127.0.0.1")
	same := fmt.Sprint("127.0.0.1:", port)
	a := StartDaemon(t, bin, nil, "--port", fmt.Sprint(port), "--advertise", same)
	b := StartDaemon(t, bin, nil, "--bind", "0.0.0.0", "--advertise", "127.0.0.1", "--join", same)
	c := StartDaemon(t, bin, nil, "--join", same)
	if a.Gossip.String() != same || b.Gossip.Addr().String() != "127.0.0.1" {
		t.Errorf("they are %s and %s", a.Gossip, b.Gossip)
	}
	for _, d := range []*Daemon{a, b, c} {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(a, b, c) })
	}
	s := StartStream(t, c, "stream")
	if r := b.Ctl("broadcast", "from all interfaces"); r.Code != 0 {
		t.Errorf("broadcast: %+v", r)
	}
	s.Wants(t, "from all interfaces\n")
	if r := b.Ctl("address"); strings.TrimSpace(r.Out) != b.Gossip.String() {
		t.Errorf("address: %+v", r)
	}
}
