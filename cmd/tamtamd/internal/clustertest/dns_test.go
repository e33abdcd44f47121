// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
)

// dns returns the address at which a daemon answers DNS.
func (d *Daemon) dns() string {
	for line := range strings.Lines(d.out.String()) {
		var l struct{ Msg, DNS string }
		if json.Unmarshal([]byte(line), &l) == nil && l.DNS != "" {
			return l.DNS
		}
	}
	return ""
}

// TestDNS: members are found by name, tag and service as long as they live.
func TestDNS(t *testing.T) {
	a := StartDaemon(t, bin, nil, "--name", "web-1", "--tag", "role=web,service/web=8080", "--dns", "127.0.0.1:0")
	b := StartDaemon(t, bin, nil, "--name", "web-2", "--tag", "role=web,service/web=8081/tcp/5", "--join", a.Gossip.String())
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, a.dns())
	}}
	found := func() (ports []uint16) {
		_, all, _ := r.LookupSRV(t.Context(), "web", "tcp", "service.tamtam.")
		for _, s := range all {
			ports = append(ports, s.Port)
		}
		slices.Sort(ports)
		return ports
	}
	Eventually(t, "both are found by their service", func() bool { return slices.Equal(found(), []uint16{8080, 8081}) })
	for _, name := range []string{"web-2.node.tamtam.", "role--web.tag.tamtam.", "web.service.tamtam."} {
		if ips, err := r.LookupHost(t.Context(), name); err != nil || !slices.Equal(ips, []string{"127.0.0.1"}) {
			t.Errorf("%s: %v, %v", name, ips, err)
		}
	}
	if txt, err := r.LookupTXT(t.Context(), "web-2.node.tamtam."); err != nil || !slices.Equal(txt, []string{"role=web", "service/web=8081/tcp/5"}) {
		t.Errorf("%q, %v", txt, err)
	}
	if got := b.Ctl("tags", "delete", "service/web"); got.Code != 0 {
		t.Errorf("%+v", got)
	}
	Eventually(t, "a service is gone with its tag", func() bool { return slices.Equal(found(), []uint16{8080}) })
	b.Kill()
	Eventually(t, "a dead member is not found", func() bool {
		_, err := r.LookupHost(t.Context(), "web-2.node.tamtam.")
		return err != nil && a.Status(b) == "DEAD"
	})
	if d := a.Ctl("stats"); !strings.Contains(d.Out, "dns_questions") {
		t.Errorf("stats: %+v", d)
	}
}
