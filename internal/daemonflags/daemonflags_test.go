// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
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
		Port: 9999, Profile: LAN, Heartbeat: 500 * time.Millisecond, MinPing: 400 * time.Millisecond, MaxPayload: 256, Keep: 4096, KeepBytes: 4 << 20, MulticastInterval: 10 * time.Second,
		MulticastPort: 9998, ClusterName: "smudge", RPC: []netaddr.RPC{{Network: "tcp", Addr: "localhost:6262"}}, LogFormat: "logfmt",
		ReconnectTimeout: 24 * time.Hour, LogLevel: "info",
	}
	if err != nil || !reflect.DeepEqual(f, want) {
		t.Errorf("got %+v, %v; want %+v", f, err, want)
	}
}

func adv(ip string, port uint16) Advertise { return Advertise{IP: netip.MustParseAddr(ip), Port: port} }

func rpcOf(f *Flags) any { return fmt.Sprint(f.RPC) }

func TestValues(t *testing.T) {
	for _, c := range []struct {
		args string
		got  func(*Flags) any
		want any
	}{
		{"--bind 192.0.2.1", func(f *Flags) any { return f.Bind }, netip.MustParseAddr("192.0.2.1")},
		{"--bind ::ffff:192.0.2.1", func(f *Flags) any { return f.Bind }, netip.MustParseAddr("192.0.2.1")},
		{"--bind ::1", func(f *Flags) any { return f.WantsIPv6() }, true},
		{"--bind :: --advertise ::1", func(f *Flags) any { return f.Bind }, netip.IPv6Unspecified()},
		{"--bind 0.0.0.0 --advertise 192.0.2.1", func(f *Flags) any { return f.Advertise }, adv("192.0.2.1", 0)},
		{"--advertise ::ffff:192.0.2.1", func(f *Flags) any { return f.Advertise }, adv("192.0.2.1", 0)},
		{"--advertise 192.0.2.1:7", func(f *Flags) any { return f.Advertise }, adv("192.0.2.1", 7)},
		{"--advertise 2001:db8::1 -ipv6", func(f *Flags) any { return f.Advertise }, adv("2001:db8::1", 0)},
		{"--advertise [2001:db8::1]:7 --bind ::1", func(f *Flags) any { return f.Advertise }, adv("2001:db8::1", 7)},
		{"--advertise node-1.example:7", func(f *Flags) any { return f.Advertise }, Advertise{Name: "node-1.example", Port: 7}},
		{"--advertise eth0", func(f *Flags) any { return f.Advertise }, Advertise{Name: "eth0"}},
		{"--bind :: --advertise node-1.example", func(f *Flags) any { return f.Advertise }, Advertise{Name: "node-1.example"}},
		{"--log-level warn", func(f *Flags) any { return f.LogLevel }, "warn"},
		{"--name blå-1", func(f *Flags) any { return f.Name }, "blå-1"},
		{"--ipv6", func(f *Flags) any { return f.WantsIPv6() }, true},
		{"--port 0", func(f *Flags) any { return f.Port }, uint16(0)},
		{"--heartbeat 250", func(f *Flags) any { return f.Heartbeat }, 250 * time.Millisecond},
		{"--heartbeat 1s", func(f *Flags) any { return f.Heartbeat }, time.Second},
		{"--min-ping 30", func(f *Flags) any { return f.MinPing }, 30 * time.Millisecond},
		{"--min-ping 1m", func(f *Flags) any { return f.MinPing }, time.Minute},
		{"--reconnect-timeout 90", func(f *Flags) any { return f.ReconnectTimeout }, 90 * time.Second},
		{"--reconnect-timeout 8760h", func(f *Flags) any { return f.ReconnectTimeout }, limits.MaxReconnectTimeout},
		{"--state-dir d", func(f *Flags) any { return f.StateDir }, "d"},
		{"--max 65536", func(f *Flags) any { return f.MaxPayload }, limits.MaxPayload},
		{"--multicast-interval 30", func(f *Flags) any { return f.MulticastInterval }, 30 * time.Second},
		{"--multicast-interval 1s", func(f *Flags) any { return f.MulticastInterval }, time.Second},
		{"--multicast-interval 0", func(f *Flags) any { return f.MulticastInterval }, time.Duration(0)},
		{"--multicast-address [ff02::1] --ipv6", func(f *Flags) any { return f.MulticastAddress.String() }, "ff02::1"},
		{"--join a,b:1 --join [::1]:2, --join a", func(f *Flags) any { return strings.Join(f.Join, " ") }, "a b:1 [::1]:2"},
		{"--allow 192.0.2.0/24,2001:db8::1 --allow ::ffff:198.51.100.1", func(f *Flags) any { return f.Allow.String() }, "192.0.2.0/24,2001:db8::1/128,198.51.100.1/32"},
		{"--plain", func(f *Flags) any { return f.Plain }, true},
		{"--log-format json", func(f *Flags) any { return f.LogFormat }, "json"},
		{"--rpc :0", rpcOf, "[:0]"},
		{"--rpc a:1,unix:///s --rpc b:2 --rpc a:1", rpcOf, "[a:1 unix:///s b:2]"},
		{"--rpc-cert c --rpc-key k --rpc-client-ca a", func(f *Flags) any { return f.RPCGuard }, RPCGuard{Cert: "c", Key: "k", ClientCA: "a"}},
		{"--rpc-token-file t --rpc-read-token-file r --rpc-insecure", func(f *Flags) any { return f.RPCGuard }, RPCGuard{TokenFile: "t", ReadTokenFile: "r", Insecure: true}},
		{"--http localhost:0", func(f *Flags) any { return f.HTTP }, "localhost:0"},
		{"--http=", func(f *Flags) any { return f.HTTP }, ""},
	} {
		f, err := parse(strings.Fields(c.args)...)
		if err != nil || c.got(f) != c.want {
			t.Errorf("%s: got %v, %v; want %v", c.args, c.got(f), err, c.want)
		}
	}
}

// TestProfile: it sets what is not set by itself, wherever it stands.
func TestProfile(t *testing.T) {
	for _, c := range []struct {
		args               string
		heartbeat, minPing time.Duration
	}{
		{"--profile lan", 500 * time.Millisecond, 400 * time.Millisecond},
		{"--profile wan", time.Second, 2 * time.Second},
		{"--profile local", 200 * time.Millisecond, 200 * time.Millisecond},
		{"--heartbeat 3s --profile wan", 3 * time.Second, 2 * time.Second},
		{"--profile wan --min-ping 3s", time.Second, 3 * time.Second},
		{"--profile wan --heartbeat 500ms --min-ping 500", 500 * time.Millisecond, 500 * time.Millisecond},
	} {
		f, err := parse(strings.Fields(c.args)...)
		if err != nil || f.Heartbeat != c.heartbeat || f.MinPing != c.minPing {
			t.Errorf("%s: heartbeat %v, min-ping %v, %v; want %v, %v", c.args, f.Heartbeat, f.MinPing, err, c.heartbeat, c.minPing)
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
		{[]string{"--bind", "0.0.0.0"}, []string{"0.0.0.0", "names the node", "--iface", "--advertise"}},
		{[]string{"--bind", "::"}, []string{"names the node"}},
		{[]string{"--bind", "224.0.0.1"}, []string{"one machine"}},
		{[]string{"--bind", "255.255.255.255"}, []string{"one machine"}},
		{[]string{"--bind", "fe80::1"}, []string{"link-local"}},
		{[]string{"--bind", "fe80::1%lo"}, []string{"link-local"}},
		{[]string{"--advertise", "http://node-1"}, []string{"http", "192.0.2.1"}},
		{[]string{"--advertise", "node 1"}, []string{"node 1", "192.0.2.1"}},
		{[]string{"--advertise", ""}, []string{"192.0.2.1"}},
		{[]string{"--advertise", "192.0.2.1:0"}, []string{"1 to 65535"}},
		{[]string{"--advertise", "192.0.2.1:x"}, []string{"1 to 65535"}},
		{[]string{"--advertise", "0.0.0.0"}, []string{"reach", "192.0.2.1"}},
		{[]string{"--advertise", "[::]:9999"}, []string{"reach"}},
		{[]string{"--advertise", "224.0.0.1"}, []string{"one machine"}},
		{[]string{"--advertise", "255.255.255.255:1"}, []string{"one machine"}},
		{[]string{"--advertise", "fe80::1"}, []string{"link-local"}},
		{[]string{"--advertise", "[fe80::1%lo]:1"}, []string{"link-local"}},
		{[]string{"--advertise", "2001:db8::1", "--bind", "192.0.2.1"}, []string{"2001:db8::1", "--bind 192.0.2.1", "IPv4"}},
		{[]string{"--advertise", "192.0.2.1:1", "--bind", "::"}, []string{"192.0.2.1", "--bind ::", "IPv6"}},
		{[]string{"--advertise", "192.0.2.1", "--ipv6"}, []string{"192.0.2.1", "with --ipv6", "IPv6"}},
		{[]string{"--advertise", "2001:db8::1"}, []string{"2001:db8::1", "without --ipv6", "IPv4"}},
		{[]string{"--profile", "moon"}, []string{"moon", "lan, wan or local"}},
		{[]string{"--min-ping", "19"}, []string{"20ms to 1m,"}},
		{[]string{"--min-ping", "61s"}, []string{"20ms to 1m,"}},
		{[]string{"--name", ""}, []string{"1 to 128"}},
		{[]string{"--name", strings.Repeat("x", 129)}, []string{"1 to 128"}},
		{[]string{"--name", "a\x1b[2J"}, []string{"control"}},
		{[]string{"--name", "a\u202eb"}, []string{"control"}},
		{[]string{"--name", "\xff"}, []string{"UTF-8"}},
		{[]string{"--reconnect-timeout", "0"}, []string{"1s to 8760h,"}},
		{[]string{"--reconnect-timeout", "8761h"}, []string{"1s to 8760h,"}},
		{[]string{"--port", "-1"}, []string{"0 to 65535"}},
		{[]string{"--port", "65536"}, []string{"0 to 65535"}},
		{[]string{"--multicast-port", "0"}, []string{"1 to 65535"}},
		{[]string{"--heartbeat", "19ms"}, []string{"20ms", "1m"}},
		{[]string{"--heartbeat", "61s"}, []string{"1m"}},
		{[]string{"--heartbeat", "5"}, []string{"this is 5ms", "20ms to 1m"}},
		{[]string{"--heartbeat", "-5"}, []string{"20ms"}},
		{[]string{"--heartbeat", "99999999999999999999"}, []string{"20ms"}},
		{[]string{"--max", "0"}, []string{"1 to 65536"}},
		{[]string{"--max", "65537"}, []string{"1 to 65536"}},
		{[]string{"--keep", "-1"}, []string{"0 to 1048576"}},
		{[]string{"--keep-bytes", "1MB"}, []string{"0 to 1073741824"}},
		{[]string{"--multicast-interval", "2h"}, []string{"1h"}},
		{[]string{"--multicast-interval", "1ns"}, []string{"1s", "or 0"}},
		{[]string{"--multicast-interval", "999ms"}, []string{"1s", "or 0"}},
		{[]string{"--multicast-interval", "-1"}, []string{"1s", "or 0"}},
		{[]string{"--multicast-address", "192.0.2.1"}, []string{"224.0.0.0"}},
		{[]string{"--cluster", ""}, []string{"1 to 255"}},
		{[]string{"--cluster", strings.Repeat("x", 256)}, []string{"1 to 255"}},
		{[]string{"--cluster", "a\nb"}, []string{"control"}},
		{[]string{"--cluster", "\xff"}, []string{"UTF-8"}},
		{[]string{"--rpc", "6262"}, []string{"host:port"}},
		{[]string{"--rpc", "localhost:http"}, []string{"host:port"}},
		{[]string{"--rpc", "localhost:0,unix://s"}, []string{"unix://s", "absolute"}},
		{[]string{"--rpc", manyPorts(17)}, []string{"17", "16"}},
		{[]string{"--rpc-cert", "c"}, []string{"--rpc-key"}},
		{[]string{"--rpc-token-file", ""}, []string{"rpc-token-file", "want the name of a file"}},
		{[]string{"--rpc-key", "k"}, []string{"--rpc-cert"}},
		{[]string{"--rpc-client-ca", "a"}, []string{"--rpc-cert"}},
		{[]string{"--join", "a,b c"}, []string{"b c"}},
		{[]string{"--join", "http://a"}, []string{"http://a", "URL"}},
		{[]string{"--join", "a:0"}, []string{"a:0", "1 to 65535"}},
		{[]string{"--allow", ""}, []string{"want a network such as 192.0.2.0/24"}},
		{[]string{"--allow", "192.0.2.0/24,db-1"}, []string{`"db-1"`, "want a network such as 192.0.2.0/24"}},
		{[]string{"--allow", "192.0.2.7/24"}, []string{"192.0.2.7/24", "want 192.0.2.0/24"}},
		{[]string{"--log-format", "xml"}, []string{"logfmt or json"}},
		{[]string{"--log-level", "trace"}, []string{"trace", "debug, info, warn or error"}},
		{[]string{"--bind", "192.0.2.1", "--iface", "lo"}, []string{"--bind 192.0.2.1", `--iface "lo"`}},
		{[]string{"--bind", "192.0.2.1", "--iface", "a\nb"}, []string{"--bind 192.0.2.1", "--iface"}},
		{[]string{"--bind", "192.0.2.1", "--ipv6"}, []string{"--bind 192.0.2.1", "--ipv6"}},
		{[]string{"--multicast-address", "ff02::1"}, []string{"ff02::1", "IPv4"}},
		{[]string{"--multicast-address", "224.0.0.1", "--ipv6"}, []string{"224.0.0.1", "IPv6"}},
		{[]string{"--multicast", "--port", "9998"}, []string{"--multicast-port", "9998"}},
		{[]string{"--http", "6263"}, []string{"host:port"}},
		{[]string{"--http", "localhost:http"}, []string{"host:port"}},
		{[]string{"--http", "localhost:6262"}, []string{"--rpc", "localhost:6262", "different"}},
		{[]string{"--http-insecure"}, []string{"--http,"}},
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

// manyPorts returns n addresses to listen on.
func manyPorts(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("localhost:", i+1))
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
	// Of what the profile sets, too.
	for _, text := range []string{"1s with --profile wan, 200ms with --profile local (default 500ms)", "2s with --profile wan", "(default 24h)"} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), text) {
			t.Errorf("no %q in the help", text)
		}
	}
}

// TestHelpNamesTheRanges: what help says of a value is what is taken.
func TestHelpNamesTheRanges(t *testing.T) {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	Register(fs)
	times := func(least, most time.Duration) string { return compact(least) + " to " + compact(most) }
	for name, want := range map[string]string{
		"name":               fmt.Sprintf("1 to %d bytes", limits.MaxName),
		"tag":                fmt.Sprintf("%d bytes and %d tags", limits.MaxTags, limits.MaxTagCount),
		"heartbeat":          times(limits.MinHeartbeat, limits.MaxHeartbeat),
		"min-ping":           times(limits.MinProbeTimeout, limits.MaxProbeTimeout),
		"max":                fmt.Sprintf("1 to %d", limits.MaxPayload),
		"keep":               fmt.Sprintf("0 to %d", limits.MaxKeep),
		"keep-bytes":         fmt.Sprintf("0 to %d", limits.MaxKeepBytes),
		"multicast-interval": times(limits.MinMulticastInterval, limits.MaxMulticastInterval),
		"reconnect-timeout":  times(limits.MinReconnectTimeout, limits.MaxReconnectTimeout),
		"keyring-file":       fmt.Sprintf("%d bytes", limits.KeySize),
	} {
		if usage := fs.Lookup(name).Usage; !strings.Contains(usage, want) {
			t.Errorf("--%s: %q does not say %q", name, usage, want)
		}
	}
}
