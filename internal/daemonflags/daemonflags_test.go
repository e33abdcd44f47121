// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parse(args ...string) (*Flags, error) {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f := Register(fs)
	err := fs.Parse(args)
	if err == nil {
		err = f.Check()
	}
	return f, err
}

func TestDefaults(t *testing.T) {
	f, err := parse()
	want := &Flags{
		Port: 9999, Heartbeat: 500 * time.Millisecond, MaxPayload: 256, MulticastInterval: 10 * time.Second,
		MulticastPort: 9998, ClusterName: "smudge", RPC: "localhost:6262", LogFormat: "logfmt",
	}
	if err != nil || !reflect.DeepEqual(f, want) {
		t.Errorf("got %+v, %v; want %+v", f, err, want)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		args string
		got  func(*Flags) any
		want any
	}{
		{"--bind 192.0.2.1", func(f *Flags) any { return f.Bind }, netip.MustParseAddr("192.0.2.1")},
		{"--bind ::ffff:192.0.2.1", func(f *Flags) any { return f.Bind }, netip.MustParseAddr("192.0.2.1")},
		{"--bind ::1", func(f *Flags) any { return f.WantsIPv6() }, true},
		{"--ipv6", func(f *Flags) any { return f.WantsIPv6() }, true},
		{"--port 0", func(f *Flags) any { return f.Port }, uint16(0)},
		{"--heartbeat 250", func(f *Flags) any { return f.Heartbeat }, 250 * time.Millisecond},
		{"--heartbeat 1s", func(f *Flags) any { return f.Heartbeat }, time.Second},
		{"--max 1116", func(f *Flags) any { return f.MaxPayload }, MaxPayload},
		{"--multicast-interval 30", func(f *Flags) any { return f.MulticastInterval }, 30 * time.Second},
		{"--multicast-interval 1s", func(f *Flags) any { return f.MulticastInterval }, time.Second},
		{"--multicast-interval 0", func(f *Flags) any { return f.MulticastInterval }, time.Duration(0)},
		{"--multicast-address [ff02::1] --ipv6", func(f *Flags) any { return f.MulticastAddress.String() }, "ff02::1"},
		{"--join a,b:1 --join [::1]:2, --join a", func(f *Flags) any { return strings.Join(f.Join, " ") }, "a b:1 [::1]:2"},
		{"--log-format json", func(f *Flags) any { return f.LogFormat }, "json"},
		{"--rpc :0", func(f *Flags) any { return f.RPC }, ":0"},
	} {
		f, err := parse(strings.Fields(c.args)...)
		if err != nil || c.got(f) != c.want {
			t.Errorf("%s: got %v, %v; want %v", c.args, c.got(f), err, c.want)
		}
	}
}

// TestRefused: one line that names the flag, the value and what would be right.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--bind", "localhost"}, []string{"localhost", "192.0.2.1"}},
		{[]string{"--bind", "0.0.0.0"}, []string{"names the node", "--iface"}},
		{[]string{"--bind", "::"}, []string{"names the node"}},
		{[]string{"--bind", "224.0.0.1"}, []string{"one machine"}},
		{[]string{"--bind", "255.255.255.255"}, []string{"one machine"}},
		{[]string{"--bind", "fe80::1"}, []string{"link-local"}},
		{[]string{"--bind", "fe80::1%lo"}, []string{"link-local"}},
		{[]string{"--port", "-1"}, []string{"0 to 65535"}},
		{[]string{"--port", "65536"}, []string{"0 to 65535"}},
		{[]string{"--multicast-port", "0"}, []string{"1 to 65535"}},
		{[]string{"--heartbeat", "19ms"}, []string{"20ms", "1m"}},
		{[]string{"--heartbeat", "61s"}, []string{"1m"}},
		{[]string{"--heartbeat", "-5"}, []string{"20ms"}},
		{[]string{"--heartbeat", "99999999999999999999"}, []string{"20ms"}},
		{[]string{"--max", "0"}, []string{"1 to 1116"}},
		{[]string{"--max", "1117"}, []string{"1 to 1116"}},
		{[]string{"--multicast-interval", "2h"}, []string{"1h"}},
		{[]string{"--multicast-interval", "1ns"}, []string{"1s", "or 0"}},
		{[]string{"--multicast-interval", "999ms"}, []string{"1s", "or 0"}},
		{[]string{"--multicast-interval", "-1"}, []string{"1s", "or 0"}},
		{[]string{"--multicast-address", "192.0.2.1"}, []string{"224.0.0.0"}},
		{[]string{"--clustername", ""}, []string{"1 to 255"}},
		{[]string{"--clustername", strings.Repeat("x", 256)}, []string{"1 to 255"}},
		{[]string{"--clustername", "a\nb"}, []string{"control"}},
		{[]string{"--clustername", "\xff"}, []string{"UTF-8"}},
		{[]string{"--rpc", "6262"}, []string{"host:port"}},
		{[]string{"--rpc", "localhost:http"}, []string{"host:port"}},
		{[]string{"--join", "a,b c"}, []string{"b c"}},
		{[]string{"--join", "a:0"}, []string{"a:0", "1 to 65535"}},
		{[]string{"--log-format", "xml"}, []string{"logfmt or json"}},
		{[]string{"--bind", "192.0.2.1", "--iface", "lo"}, []string{"--bind 192.0.2.1", `--iface "lo"`}},
		{[]string{"--bind", "192.0.2.1", "--iface", "a\nb"}, []string{"--bind 192.0.2.1", "--iface"}},
		{[]string{"--bind", "192.0.2.1", "--ipv6"}, []string{"--bind 192.0.2.1", "--ipv6"}},
		{[]string{"--multicast-address", "ff02::1"}, []string{"ff02::1", "IPv4"}},
		{[]string{"--multicast-address", "224.0.0.1", "--ipv6"}, []string{"224.0.0.1", "IPv6"}},
		{[]string{"--multicast", "--port", "9998"}, []string{"--multicast-port", "9998"}},
		{[]string{"--join", many(257)}, []string{"257", "256"}},
	} {
		_, err := parse(c.args...)
		if err == nil {
			t.Errorf("%q is accepted", c.args)
			continue
		}
		text := err.Error()
		if strings.Contains(text, "\n") {
			t.Errorf("%q: not one line: %q", c.args, text)
		}
		for _, w := range append(c.want, strings.TrimPrefix(c.args[0], "--")) {
			if !strings.Contains(text, w) {
				t.Errorf("%q: %q does not name %q", c.args, text, w)
			}
		}
	}
}

// many returns n addresses.
func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, "h"+string(rune('a'+i%26))+strings.Repeat("x", i/26))
	}
	return strings.Join(all, ",")
}

func TestShortNamesAreOfFlags(t *testing.T) {
	names := " " + strings.Join(Names(), " ") + " "
	for letter, name := range Short() {
		if !strings.Contains(names, " "+name+" ") || strings.Contains(names, " "+letter+" ") {
			t.Errorf("-%s is short for --%s; the flags are %s", letter, name, names)
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	Register(fs)
	var b strings.Builder
	WriteHelp(&b, fs)
	for _, name := range Names() {
		if !strings.Contains(b.String(), "--"+name) {
			t.Errorf("no --%s in the help", name)
		}
	}
}
