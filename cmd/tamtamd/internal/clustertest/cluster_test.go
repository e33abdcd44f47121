// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bin is where the programs are.
var bin string

// binVariable names the folder of the programs if they are built already.
const binVariable = "CLUSTERTEST_BIN"

func TestMain(m *testing.M) {
	if bin = os.Getenv(binVariable); bin != "" { // of the process that started this one
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "tamtam")
	if err == nil {
		err = Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func TestEverybodySeesEverybody(t *testing.T) {
	all := Cluster(t, bin, 5)
	for _, d := range all {
		if strings.Contains(d.out.String(), "panic") {
			t.Errorf("%s panicked", d.Gossip)
		}
	}
}

// steadily fails if a daemon has lost sight of a member that was not restarted, or has seen it
// restart.
func steadily(t *testing.T, w *Watch, members ...*Daemon) {
	t.Helper()
	for _, m := range members {
		seen := w.Of(m)
		for _, e := range seen {
			if e.Event == "removed" || !present(e.Member.Status) || e.Member.Session != seen[0].Member.Session {
				t.Errorf("%s was seen %s, %+v", m.Gossip, e.Event, e.Member)
			}
		}
	}
}

// TestBootOrder: who is started first need not be who is joined.
func TestBootOrder(t *testing.T) {
	// A port that nobody has yet.
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	seed := l.LocalAddr().String()
	_ = l.Close()
	early := StartDaemon(t, bin, nil, "--join", "no-such-host.invalid,"+seed)
	late := StartDaemon(t, bin, nil, "--port", seed[strings.LastIndex(seed, ":")+1:])
	Eventually(t, "they find each other", func() bool { return early.Sees(early, late) && late.Sees(early, late) })
}

func TestKilledNodeIsNoticedAndComesBack(t *testing.T) {
	all := Cluster(t, bin, 3)
	victim := all[2]
	victim.Kill()
	for _, d := range all[:2] {
		Eventually(t, d.Gossip.String()+" notices", func() bool { return d.Statuses()[victim.Gossip.String()] == "DEAD" })
	}
	back := StartDaemon(t, bin, nil, "--port", fmt.Sprint(victim.Gossip.Port()), "--join", all[0].Gossip.String())
	again := []*Daemon{all[0], all[1], back}
	for _, d := range again {
		Eventually(t, d.Gossip.String()+" sees it back", func() bool { return d.Sees(again...) })
	}
	// Its first message after the restart arrives.
	s := StartStream(t, all[1], "stream")
	if r := back.Ctl("broadcast", "I am back"); r.Code != 0 {
		t.Fatalf("broadcast: %+v", r)
	}
	s.Wants(t, "I am back\n")
}

// TestStopped: a node that stands still for a second is not dead afterwards.
func TestStopped(t *testing.T) {
	all := Cluster(t, bin, 3)
	if err := all[2].Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "it is missed", func() bool { return all[0].Statuses()[all[2].Gossip.String()] != "ALIVE" })
	if err := all[2].Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody again", func() bool { return d.Sees(all...) })
	}
}

func TestBroadcastReachesAll(t *testing.T) {
	all := Cluster(t, bin, 4)
	var streams []*Stream
	for _, d := range all {
		streams = append(streams, StartStream(t, d, "stream"))
	}
	var want strings.Builder
	for i, d := range all {
		message := fmt.Sprintf("message %d of %s", i, d.Gossip)
		if r := d.Ctl("broadcast", message); r.Code != 0 || r.Out != "" || r.Err != "" {
			t.Fatalf("broadcast: %+v", r)
		}
		want.WriteString(message + "\n")
		for _, s := range streams { // one after the other, so that the order is known
			s.Wants(t, want.String())
		}
	}
}

func TestSignalsEndItAtOnce(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		all := Cluster(t, bin, 2)
		stream := StartStream(t, all[0], "stream")
		monitor := StartStream(t, all[0], "monitor")
		began := time.Now()
		if err := all[0].Cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if code := all[0].Wait(); code != 0 {
			t.Errorf("%v: exit code %d", s, code)
		}
		// A second is what was promised. Ten times that is a broken
		// program on the slowest machine, not a slow one.
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%v: took %v", s, took)
		} else {
			t.Logf("%v: took %v", s, took)
		}
		if code := monitor.Wait(); code != 4 {
			t.Errorf("%v: the client's exit code is %d", s, code)
		}
		if code, _ := stream.End(s); code != 0 { // it waits for the daemon
			t.Errorf("%v: the stream's exit code is %d", s, code)
		}
	}
}

func TestTakenPortsAreNamed(t *testing.T) {
	first := StartDaemon(t, bin, nil)
	for _, c := range []struct{ flag, value, want string }{
		{"--port", fmt.Sprint(first.Gossip.Port()), first.Gossip.String()},
		{"--rpc", first.RPC, first.RPC},
	} {
		args := []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0", c.flag, c.value}
		p, _ := start(t, bin, "tamtamd", args, nil, true)
		code, text := p.Wait(), p.out.String()
		if code != 1 || !strings.Contains(text, c.want) || !strings.Contains(text, "in use") || strings.Count(text, "\n") != 2 {
			t.Errorf("%s taken: exit code %d, %q", c.flag, code, text)
		}
	}
}

// TestPortIsTakenForAWhile: a daemon that replaces another one waits for its ports.
func TestPortIsTakenForAWhile(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", at}, nil, true)
	Eventually(t, "it tries again", func() bool { return strings.Contains(p.out.String(), "trying again") })
	_ = l.Close()
	Eventually(t, "it serves", func() bool { return strings.Contains(p.out.String(), "msg=ready") })
	if code, _ := p.End(os.Interrupt); code != 0 || strings.Count(p.out.String(), "trying again") != 1 {
		t.Errorf("exit code %d, %q", code, p.out.String())
	}
}

func TestConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tamtam.yaml")
	yaml := "# daemon and client\nbind: 127.0.0.1\nport: 0\nclustername: from-file\nheartbeat: 300\nmax: 100\ntimeout: 7s\njoin:\n  - 127.0.0.1:9\n  - 127.0.0.1:10\n"
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	// Flag before variable before file.
	env := []string{"TAMTAM_CONFIG=" + file, "TAMTAM_CLUSTERNAME=from-env", "TAMTAM_HEARTBEAT=400", "TAMTAM_SLIP=1"}
	d := StartDaemon(t, bin, env, "--heartbeat=250ms", "--rpc=127.0.0.1:0")
	Eventually(t, "it tries the second seed of the list", func() bool {
		return strings.Contains(d.out.String(), `"seed":"127.0.0.1:10"`)
	})
	for _, c := range []struct{ want, of string }{
		{`"heartbeat_ms":250`, d.Ctl("configure", "heartbeat", "-o", "json").Out},
		{`"cluster":"from-env"`, d.Ctl("address", "-o", "json").Out},
		{`"max_payload_bytes":100`, d.Ctl("address", "-o", "json").Out},
		{"TAMTAM_SLIP", d.out.String()},
	} {
		if !strings.Contains(c.of, c.want) {
			t.Errorf("%q is not in %q", c.want, c.of)
		}
	}
	// The client reads the same file, and its own keys.
	if r := Ctl(t, bin, nil, "", "--config", file, "--rpc", d.RPC, "address"); r.Code != 0 {
		t.Errorf("client: %+v", r)
	}
}

func TestBadConfiguration(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	unknown := write("unknown.yaml", "port: 0\nprot: 1\n")
	for _, c := range []struct {
		name string
		args []string
		env  []string
		code int
		want []string
	}{
		{"unknown flag", []string{"--frob"}, nil, 2, []string{"--frob"}},
		{"argument", []string{"frob"}, nil, 2, []string{"frob"}},
		{"bad address", []string{"--bind", "300.1.1.1"}, nil, 2, []string{"300.1.1.1", "--bind", "192.0.2.1"}},
		{"not this machine's", []string{"--bind", "192.0.2.1", "--port", "0"}, nil, 1, []string{"192.0.2.1:0", "--bind"}},
		{"unspecified", []string{"-b", "0.0.0.0"}, nil, 1, []string{"0.0.0.0", "--bind", "--iface"}},
		{"bad port", []string{"-p", "70000"}, nil, 2, []string{"70000", "--port", "0 to 65535"}},
		{"bad heartbeat", []string{"--heartbeat", "1"}, nil, 2, []string{"--heartbeat", "20ms"}},
		{"no such interface", []string{"--iface", "nosuch0"}, nil, 1, []string{"nosuch0", "lo"}},
		{"combination", []string{"--iface", "lo", "--bind", "127.0.0.1"}, nil, 1, []string{"--iface", "--bind"}},
		{"combination", []string{"-6", "--bind", "127.0.0.1"}, nil, 1, []string{"--ipv6", "--bind"}},
		{"combination", []string{"--advertise", "::1", "--bind", "127.0.0.1"}, nil, 1, []string{"--advertise ::1", "--bind 127.0.0.1"}},
		{"bad profile", nil, []string{"TAMTAM_PROFILE=moon"}, 1, []string{"TAMTAM_PROFILE", "moon", "lan, wan or local"}},
		{"bad variable", nil, []string{"TAMTAM_MAX=99999"}, 1, []string{"TAMTAM_MAX", "99999", "65536"}},
		{"unknown key", []string{"--config", unknown}, nil, 1, []string{unknown + ":2", "prot", `"port"`}},
		{"no such file", []string{"--config", filepath.Join(dir, "none.yaml")}, nil, 1, []string{"none.yaml"}},
		{"bad join", []string{"--join", "a b"}, nil, 2, []string{"a b", "--join"}},
		{"bad log format", []string{"--log-format", "xml"}, nil, 2, []string{"xml", "logfmt", "json"}},
	} {
		p, _ := start(t, bin, "tamtamd", c.args, c.env, true)
		code, text := p.Wait(), p.out.String()
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d: %s", c.name, code, c.code, text)
		}
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q does not name %q", c.name, text, w)
			}
		}
		if c.code == 1 && strings.Count(text, "\n") != 1 {
			t.Errorf("%s: not one line: %q", c.name, text)
		}
	}
}

func TestHelp(t *testing.T) {
	p, _ := start(t, bin, "tamtamd", []string{"-h"}, nil, false)
	if code := p.Wait(); code != 0 || !strings.Contains(p.out.String(), "--cluster") {
		t.Errorf("exit code %d: %s", code, p.out.String())
	}
}
