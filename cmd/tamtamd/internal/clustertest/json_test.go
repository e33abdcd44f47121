// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/output/outputtest"
)

// TestJSONIsDocumented: what the commands print about three real daemons, one of which has died, has
// the objects and fields of the reference, and no others.
func TestJSONIsDocumented(t *testing.T) {
	old := keyOf(t)
	all, _ := Sealed(t, bin, 3, old)
	d, other := all[0], all[1].Gossip.String()
	seen, ran := outputtest.Seen{}, map[string]bool{}
	check := func(path, printed string) {
		t.Helper()
		ran[path] = true
		if err := seen.Check(path, printed); err != nil || printed == "" {
			t.Errorf("%s printed %q: %v", path, printed, err)
		}
	}
	streams := map[string]*Stream{}
	for _, name := range []string{"watch", "monitor", "stream"} {
		streams[name] = StartStream(t, d, name, "-o", "json")
	}
	key := strings.TrimSpace(d.Ctl("keys", "generate").Out)
	d.CtlIn(key, "keys", "install", "-")
	dead := all[2].Gossip.String()
	for _, c := range []struct{ path, args string }{
		{"address", ""}, {"broadcast", "--topic t --wait all hi"}, {"configure", ""}, {"configure heartbeat", ""}, {"configure threshold", "info"}, {"doctor", ""},
		{"healthy", ""}, {"join", other + " 127.0.0.1:1"}, {"keys generate", ""}, {"keys list", ""}, {"keys use", nameOf(t, key)},
		{"nodes", ""}, {"nodes", "--status suspected"}, {"operator generate", filepath.Join(t.TempDir(), "operator")}, {"ping", other}, {"query", "x --timeout 1s"},
		{"broadcast", "--retain --topic config/a x"}, {"topics", ""}, {"rtt", other}, {"ready", ""}, {"ready", "--alive 9"}, {"stats", ""}, {"tags set", "role=web"}, {"tags", ""}, {"tags delete", "role"},
		{"top", "--count 2 --interval 200ms"}, {"version", ""}, {"wait", "--alive 3"}, {"wait", "--alive 9 --timeout 100ms"}, {"why", other},
	} {
		check(c.path, d.Ctl(strings.Fields(c.path+" "+c.args+" -o json")...).Out)
	}
	check("keys install", d.CtlIn(key, "keys", "install", "-", "-o", "json").Out)
	all[2].Kill()
	Eventually(t, "the death is shown", func() bool { return d.Status(all[2]) == "DEAD" })
	for _, c := range []struct{ path, args string }{
		{"nodes", ""}, {"doctor", ""}, {"keys list", ""}, {"keys remove", nameOf(t, old)}, {"remove", dead}, {"why", dead},
	} {
		check(c.path, d.Ctl(strings.Fields(c.path+" "+c.args+" -o json")...).Out)
	}
	Eventually(t, "the streams report", func() bool {
		return strings.Contains(streams["watch"].out.String(), `"removed"`) && strings.Contains(streams["monitor"].out.String(), `"removed"`) &&
			strings.Contains(streams["stream"].out.String(), `"message"`)
	})
	for name, s := range streams {
		check(name, s.out.String())
	}
	check("leave", d.Ctl("leave", "-o", "json").Out)
	for _, c := range output.Commands {
		if !ran[c.Path] {
			t.Errorf("%s was not tried", c.Path)
		}
	}
}
