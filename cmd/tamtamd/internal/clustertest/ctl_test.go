// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestCommands runs each command of the client on a cluster of two, in both forms
// of output.
func TestCommands(t *testing.T) {
	all := Cluster(t, bin, 2)
	d, other := all[0], all[1].Gossip.String()
	self := d.Gossip.String()
	for _, c := range []struct {
		args []string
		code int
		out  []string // in stdout
		errs []string // in stderr
		json bool     // stdout is one line of JSON with -o json, too
	}{
		{[]string{"address"}, 0, []string{self}, nil, true},
		{[]string{"nodes"}, 0, []string{self, other, "NAME", "ALIVE", "this node"}, nil, true},
		{[]string{"nodes", "--status", "alive,dead"}, 0, []string{self}, nil, true},
		{[]string{"nodes", "--status", "dead"}, 3, nil, []string{"no member is dead"}, true},
		{[]string{"nodes", "--status", "gone"}, 2, nil, []string{"gone", "left"}, false},
		{[]string{"healthy"}, 0, []string{self, other}, nil, true},
		{[]string{"join", other}, 0, []string{other}, nil, true},
		{[]string{"join", other, "no-such-host.invalid"}, 0, []string{other}, []string{"no-such-host.invalid"}, true},
		{[]string{"join", "127.0.0.1:1"}, 6, nil, []string{"127.0.0.1:1", "no answer"}, false},
		{[]string{"join", self}, 5, nil, []string{self, "itself"}, false},
		{[]string{"join", "a b"}, 5, nil, []string{"a b"}, false},
		{[]string{"join"}, 2, nil, []string{"address"}, false},
		{[]string{"ping", other}, 0, []string{other, "s"}, nil, true},
		{[]string{"ping", "--timeout", "3s", "127.0.0.1:1"}, 6, nil, []string{"127.0.0.1:1", "no answer"}, false},
		{[]string{"ping", "0.0.0.0"}, 5, nil, []string{"0.0.0.0"}, false},
		{[]string{"ping", "nobody.invalid"}, 3, nil, []string{`no member has the name, the address or the host name "nobody.invalid"`}, false},
		{[]string{"broadcast", "hello"}, 0, nil, nil, false},
		{[]string{"broadcast", "-o", "json", "hello"}, 0, []string{`"sent_to":1`}, nil, false},
		{[]string{"broadcast", "--base64", "aGVsbG8="}, 0, nil, nil, false},
		{[]string{"broadcast", "--base64", "%"}, 2, nil, []string{"base64"}, false},
		{[]string{"broadcast", "two", "words"}, 2, nil, []string{"quotes"}, false},
		{[]string{"broadcast", strings.Repeat("x", 257)}, 5, nil, []string{"257", "256"}, false},
		{[]string{"broadcast", "--topic", "t", "--wait", "all", "hello"}, 0, []string{"1 of 1 members have it after "}, nil, true},
		{[]string{"broadcast", "--wait", "7", "hello"}, 5, nil, []string{"too few live members: 1 can confirm a message, want 7"}, false},
		{[]string{"broadcast", "--wait", "1", "hello"}, 0, []string{"1 of 1 members have it after "}, nil, true},
		{[]string{"broadcast", "--no-wait", "hello"}, 0, nil, nil, false},
		{[]string{"broadcast", "--lines"}, 0, nil, nil, false}, // of an empty stdin
		{[]string{"broadcast", "--lines", "hello"}, 2, nil, []string{"hello", "stdin"}, false},
		{[]string{"broadcast", "--wait", "most", "hello"}, 2, nil, []string{"most", "all"}, false},
		{[]string{"broadcast", "--topic", strings.Repeat("x", 65), "hello"}, 5, nil, []string{"topic", "64"}, false},
		{[]string{"broadcast", "--topic", "a\nb", "hello"}, 5, nil, []string{"topic", "printable"}, false},
		{[]string{"configure", "heartbeat"}, 0, []string{"200ms"}, nil, true},
		{[]string{"configure", "heartbeat", "300"}, 0, []string{"300ms"}, nil, true},
		{[]string{"configure", "heartbeat", "200ms"}, 0, []string{"200ms"}, nil, true},
		{[]string{"configure", "heartbeat", "1ms"}, 5, nil, []string{"1ms", "20ms"}, false},
		{[]string{"configure", "heartbeat", "soon"}, 2, nil, []string{"soon"}, false},
		{[]string{"configure", "threshold"}, 0, []string{"info"}, nil, true},
		{[]string{"configure", "threshold", "debug"}, 0, []string{"debug"}, nil, true},
		{[]string{"configure", "threshold", "info"}, 0, []string{"info"}, nil, true},
		{[]string{"configure", "threshold", "loud"}, 2, nil, []string{"loud", "debug"}, false},
		{[]string{"configure"}, 0, []string{"heartbeat", "200ms", "threshold", "info"}, nil, true},
		{[]string{"stats"}, 0, []string{"NETWORK\n", "datagrams_received", "\nMESSAGES\n"}, nil, true},
		{[]string{"version"}, 0, []string{"tamtamd", "v1.0.1"}, nil, false},
		{[]string{"version", "-o", "json"}, 0, []string{`"daemon":`, `"smudge":"v1.0.1"`}, nil, false},
		{[]string{"completion", "bash"}, 0, []string{"complete -F _tamtamctl"}, nil, false},
		{[]string{"completion", "zsh"}, 0, []string{"#compdef"}, nil, false},
		{[]string{"completion", "fish"}, 0, []string{"complete -c tamtamctl"}, nil, false},
		{[]string{"completion", "tcsh"}, 2, nil, []string{"tcsh", "bash"}, false},
		{[]string{"wait", "--alive", "2"}, 0, nil, nil, false},
		{[]string{"wait", "--alive", "2", "-o", "json"}, 0, []string{`"held":true`}, nil, false},
		{[]string{"wait"}, 2, nil, []string{"condition"}, false},
		{[]string{"watch", "extra"}, 2, nil, []string{"extra"}, false},
		{[]string{"why", other}, 0, []string{other, "ALIVE: it joined"}, nil, true},
		{[]string{"why", "nobody"}, 3, nil, []string{"nobody"}, false},
		{[]string{"leave", "127.0.0.1:1"}, 3, nil, []string{"127.0.0.1:1"}, false},
		{[]string{"leave", self}, 5, nil, []string{self}, false},
		{[]string{"leave", self, other}, 2, nil, []string{"leave", "2"}, false},
		{[]string{"remove", "127.0.0.1:1"}, 3, nil, []string{"127.0.0.1:1"}, false},
		{[]string{"remove", self}, 5, nil, []string{self, "itself"}, false},
		{[]string{"remove", other}, 5, nil, []string{other, "--force"}, false},
		{[]string{"leave", ""}, 2, nil, []string{"leave"}, false},
		{[]string{"node"}, 2, nil, []string{`"nodes"`}, false},
		{[]string{"nodes", "--frob"}, 2, nil, []string{"--frob"}, false},
		{[]string{"nodes", "extra"}, 3, nil, []string{"extra"}, false},
		{[]string{"nodes", "-o", "xml"}, 2, nil, []string{"xml", "json"}, false},
		{[]string{"stream", "--encoding", "morse"}, 2, nil, []string{"morse", "base64"}, false},
		{[]string{"stream", "--origin", "somebody"}, 3, nil, []string{"somebody"}, false},
		{[]string{"stream", "--last", "none"}, 2, nil, []string{"none", "number"}, false},
		{[]string{"stream", "--since", "monday"}, 2, nil, []string{"monday", "5m"}, false},
		{[]string{}, 2, nil, []string{"command"}, false},
		{[]string{"-h"}, 0, []string{"COMMANDS", "--rpc"}, nil, false},
		{[]string{"configure", "-h"}, 0, []string{"heartbeat"}, nil, false},
		{[]string{"stream", "-h"}, 0, []string{"--encoding"}, nil, false},
	} {
		forms := [][]string{c.args}
		if c.json {
			forms = append(forms, append([]string{"-o", "json"}, c.args...))
			if c.args[0] != "configure" { // there, flags go after the second word
				forms = append(forms, append([]string{c.args[0], "--output=json"}, c.args[1:]...))
			}
		}
		for i, args := range forms {
			r := d.Ctl(args...)
			if r.Code != c.code {
				t.Errorf("%v: exit code %d, want %d: %s", args, r.Code, c.code, r.Err)
			}
			if i > 0 {
				if !json.Valid([]byte(r.Out)) || strings.Count(r.Out, "\n") != 1 {
					t.Errorf("%v: not one line of JSON: %q", args, r.Out)
				}
				continue
			}
			for _, w := range c.out {
				if !strings.Contains(r.Out, w) {
					t.Errorf("%v: %q is not in stdout %q", args, w, r.Out)
				}
			}
			for _, w := range c.errs {
				if !strings.Contains(r.Err, w) {
					t.Errorf("%v: %q is not in stderr %q", args, w, r.Err)
				}
			}
			if len(c.out) == 0 && r.Out != "" || len(c.errs) == 0 && r.Err != "" {
				t.Errorf("%v: stdout %q, stderr %q", args, r.Out, r.Err)
			}
		}
	}
	if r := d.Ctl("leave", other); r.Code != 0 || strings.TrimSpace(r.Out) != other {
		t.Errorf("leave: %+v", r)
	}
	if got := d.Statuses(); len(got) != 1 {
		t.Errorf("after leave: %v", got)
	}
}

func TestNothingThere(t *testing.T) {
	r := Ctl(t, bin, nil, "", "--rpc", "127.0.0.1:1", "nodes")
	if r.Code != 4 || !strings.Contains(r.Err, "127.0.0.1:1") || !strings.Contains(r.Err, "tamtamd") || r.Out != "" {
		t.Errorf("%+v", r)
	}
	r = Ctl(t, bin, []string{"TAMTAM_RPC=127.0.0.1:1"}, "", "version")
	if r.Code != 0 || !strings.Contains(r.Out, "tamtamctl") || !strings.Contains(r.Err, "127.0.0.1:1") {
		t.Errorf("version: %+v", r)
	}
}

func TestEmptyListIsEmptyJSON(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	if r := d.Ctl("nodes", "--status", "dead", "-o", "json"); r.Out != "[]\n" || r.Code != 3 {
		t.Errorf("%+v", r)
	}
}

// TestPrecedence: a flag, before or after the command, is stronger than a variable,
// and that than the file.
func TestPrecedence(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	wrong := []string{"TAMTAM_RPC=127.0.0.1:1"}
	for _, args := range [][]string{{"--rpc", d.RPC, "address"}, {"address", "--rpc", d.RPC}, {"address", "-rpc=" + d.RPC}} {
		if r := Ctl(t, bin, wrong, "", args...); r.Code != 0 || strings.TrimSpace(r.Out) != d.Gossip.String() {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if r := Ctl(t, bin, []string{"TAMTAM_RPC=" + d.RPC}, "", "address"); r.Code != 0 {
		t.Errorf("variable: %+v", r)
	}
}

func TestEncodings(t *testing.T) {
	all := Cluster(t, bin, 2)
	text, b64, raw, js := StartStream(t, all[1], "stream"), StartStream(t, all[1], "stream", "--encoding", "base64"),
		StartStream(t, all[1], "stream", "--encoding", "bytes"), StartStream(t, all[1], "stream", "-o", "json")
	const payload = "\x00\xff\x1b[2J ä"
	if r := Ctl(t, bin, []string{"TAMTAM_RPC=" + all[0].RPC}, payload, "broadcast", "-"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	text.Wants(t, payload+"\n") // no terminal: as it is
	b64.Wants(t, "AP8bWzJKIMOk\n")
	raw.Wants(t, payload)
	Eventually(t, "a line of JSON", func() bool { return strings.HasSuffix(js.out.String(), "\n") })
	var m struct {
		Origin, Received string
		Payload          []byte
		Text             *string
	}
	if err := json.Unmarshal([]byte(js.out.String()), &m); err != nil || string(m.Payload) != payload || m.Text != nil || m.Origin != all[0].Gossip.String() {
		t.Errorf("%s: %v", js.out.String(), err)
	}
}

// TestClosedPipe: a stream whose reader has gone ends by itself, without a word.
func TestClosedPipe(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	cmd := exec.Command(program(bin, "tamtamctl"), "stream", "--rpc", d.RPC)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs := &lines{}
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "it is served", func() bool { return d.Counters()["messages_readers"] == 1 })
	_ = out.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	Eventually(t, "it ends", func() bool {
		if r := d.Ctl("broadcast", "anybody there?"); r.Code != 0 {
			t.Fatalf("%+v", r)
		}
		select {
		case err = <-ended:
			return true
		default:
			return false
		}
	})
	if err != nil || errs.String() != "" {
		t.Errorf("%v, %q", err, errs.String())
	}
}

func TestMonitor(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	s := StartStream(t, d, "monitor", "-o", "json")
	Eventually(t, "it is synced", func() bool { return strings.Contains(s.out.String(), `"event":"synced"`) })
	other := StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	Eventually(t, "the other is announced", func() bool { return strings.Contains(s.out.String(), other.Gossip.String()) })
	other.Kill()
	Eventually(t, "its death is told", func() bool { return strings.Contains(s.out.String(), `"DEAD"`) })
	var last uint64
	for i, line := range strings.Split(strings.TrimSpace(s.out.String()), "\n") {
		var e struct {
			Event    string
			Revision uint64 `json:",string"`
			Member   Member
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if want := last + 1; e.Event == "change" && e.Revision != want {
			t.Errorf("line %d has revision %d, want %d", i, e.Revision, want)
		}
		last = e.Revision
	}
}
