// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// sealedBit is that of a frame's kind.
const sealedBit = 0x80

// inClear returns which of the secrets some packet holds.
func inClear(packets [][]byte, secrets map[string][]byte) (found []string) {
	for name, secret := range secrets {
		if slices.ContainsFunc(packets, func(b []byte) bool { return bytes.Contains(b, secret) }) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// TestNothingInClear: a capture of all that goes both ways between nodes, while they meet,
// broadcast, rotate a key and part, holds neither a name nor an address nor what was said.
// The capture of an open cluster holds all of that.
func TestNothingInClear(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		t.Run(fmt.Sprintf("sealed %v", sealed), func(t *testing.T) {
			key, _ := NewKey(t)
			ra, rb := startRelay(t), startRelay(t)
			args := func(name string) []string {
				a := []string{"--name", name, "--clustername", "TheClustersName"}
				if sealed {
					a = append(a, "--keyring-file", Keyring(t, key))
				}
				return a
			}
			a := startBehind(t, ra, args("TheNodesName")...)
			b := startBehind(t, rb, append(args("AnotherName"), "--join", ra.addr.String())...)
			for _, d := range []*Daemon{a, b} {
				Eventually(t, "they see each other", func() bool { return d.Sees(a, b) })
			}
			s := StartStream(t, b, "stream")
			if r := a.Ctl("broadcast", "--topic", "TheTopic", "WhatIsSaid"); r.Code != 0 {
				t.Fatalf("broadcast: %+v", r)
			}
			s.Wants(t, "WhatIsSaid\n")
			second, raw := NewKey(t)
			if sealed {
				if r := a.CtlIn(second, "keys", "install", "-"); r.Code != 0 {
					t.Fatalf("install: %+v", r)
				}
			}
			before := sent(a) + sent(b)
			Eventually(t, "they gossip", func() bool { return sent(a)+sent(b) > before+20 })
			if r := b.Ctl("leave"); r.Code != 0 {
				t.Fatalf("leave: %+v", r)
			}
			Eventually(t, "it has left", func() bool { return a.Status(b) == "LEFT" })

			packets := slices.Concat(ra.all(), rb.all())
			secrets := map[string][]byte{
				"name": []byte("TheNodesName"), "other name": []byte("AnotherName"), "cluster": []byte("TheClustersName"),
				"topic": []byte("TheTopic"), "payload": []byte("WhatIsSaid"),
				"address": appendAddress(nil, ra.addr), "other address": appendAddress(nil, rb.addr),
				"key": raw[:], "key in base64": []byte(second[:20]),
			}
			want := []string{"address", "cluster", "name", "other address", "other name", "payload", "topic"}
			if sealed {
				want = nil
				for _, b := range packets {
					if len(b) < 29 || b[3]&sealedBit == 0 || len(b) > 1200 {
						t.Errorf("a packet of %d bytes is not sealed: % x", len(b), b[:min(len(b), 8)])
					}
				}
			}
			if found := inClear(packets, secrets); !slices.Equal(found, want) {
				t.Errorf("%d packets hold %q, want %q", len(packets), found, want)
			}
			t.Logf("%d packets", len(packets))
		})
	}
}

// TestOtherKeys: who has another key, or none, is never a member on either side, and both
// sides say why.
func TestOtherKeys(t *testing.T) {
	ours, theirs := keyOf(t), keyOf(t)
	all, _ := Sealed(t, bin, 2, ours)
	inside := all[0]
	outside := map[string]*Daemon{
		"another key":        StartDaemon(t, bin, nil, "--keyring-file", Keyring(t, theirs), "--join", inside.Gossip.String()),
		"no key":             StartDaemon(t, bin, nil, "--join", inside.Gossip.String()),
		"of the environment": StartDaemon(t, bin, []string{"TAMTAM_KEYRING=" + theirs}, "--join", inside.Gossip.String()),
	}
	said := map[string][2]string{ // of who is outside: when nothing came back, and when something did
		"another key":        {"it has other keys", "packets came from there that cannot be decrypted with the keys of this node"},
		"of the environment": {"it has other keys", "packets came from there that cannot be decrypted with the keys of this node"},
		"no key":             {"it has a keyring, and this node has none", "this node needs the keyring of the cluster"},
	}
	before := inside.Counters()["dropped_unsealed"]
	apart := func() bool {
		for _, d := range outside {
			if !d.Lists(d) {
				return false
			}
		}
		return all[0].Lists(all...) && all[1].Lists(all...)
	}
	Meanwhile(t, "they stay apart", apart, func() bool { return inside.Counters()["dropped_unsealed"] > before+5 })
	Eventually(t, "the inside says why", func() bool {
		return strings.Contains(inside.out.String(), "it cannot be decrypted with the keys of this node")
	})
	for name, d := range outside {
		Eventually(t, name+": its log says why it does not join", func() bool { return strings.Contains(d.out.String(), said[name][0]) })
		r := d.Ctl("join", inside.Gossip.String())
		if r.Code != 6 || !strings.Contains(r.Err, said[name][0]) && !strings.Contains(r.Err, said[name][1]) {
			t.Errorf("%s: join: %+v", name, r)
		}
		if r := inside.Ctl("join", d.Gossip.String()); r.Code != 6 || !strings.Contains(r.Err, "it has other keys") {
			t.Errorf("%s is joined: %+v", name, r)
		}
		Eventually(t, name+": its log reports the packets", func() bool {
			return strings.Contains(d.out.String(), "packet dropped") && strings.Contains(d.out.String(), inside.Gossip.String())
		})
		if r := d.Ctl("join", inside.Gossip.String()); r.Code != 6 || !strings.Contains(r.Err, said[name][1]) {
			t.Errorf("%s: join after packets came: %+v", name, r)
		}
		if strings.Contains(d.out.String()+inside.out.String(), ours[:10]) || strings.Contains(d.out.String(), theirs[:10]) {
			t.Errorf("%s: a key is in a log", name)
		}
	}
	if r := outside["no key"].Ctl("keys", "list"); r.Code != 5 || !strings.Contains(r.Err, "no keyring") {
		t.Errorf("keys of who has none: %+v", r)
	}
	if !apart() {
		t.Error("they are together at last")
	}
}

func keyOf(t testing.TB) string {
	text, _ := NewKey(t)
	return text
}

// TestPlainNodeStaysOut: an encrypted cluster neither accepts nor sends plain Smudge.
func TestPlainNodeStaysOut(t *testing.T) {
	all, _ := Sealed(t, bin, 2, keyOf(t), "--plain") // which has no effect
	p := startPlain(t, "127.0.0.1", nil, all[0].Gossip.String())
	before := all[0].Counters()["dropped_unsealed"]
	if r := all[1].Ctl("join", p.addr); r.Code != 6 || !strings.Contains(r.Err, "it has other keys") {
		t.Errorf("join: %+v", r)
	}
	Meanwhile(t, "it stays out", func() bool { return all[0].Lists(all...) && all[1].Lists(all...) },
		func() bool { return all[0].Counters()["dropped_unsealed"] > before+3 })
	if strings.Contains(p.out.String(), all[1].Gossip.String()) {
		t.Errorf("it has learnt of a member:\n%s", p.out.String())
	}
	if n := all[0].Counters()["frames_reply"] + all[0].Counters()["frames_data"]; n == 0 {
		t.Error("they do not gossip")
	}
}

// TestSealedMulticast: nodes with a key find each other by multicast, one with another key
// finds nobody, and nothing of an announcement is in clear.
func TestSealedMulticast(t *testing.T) {
	const group = "239.255.62.63"
	port := freePort(t, "127.0.0.1")
	if !multicastWorks(t, group) {
		t.Skip("multicast does not come back on this machine's loopback interface")
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skipf("this machine has no interface lo: %v", err)
	}
	conn, err := net.ListenMulticastUDP("udp4", lo, &net.UDPAddr{IP: net.ParseIP(group), Port: int(port)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	args := []string{"--multicast", "--multicast-address", group, "--multicast-port", fmt.Sprint(port), "--multicast-interval", "1s", "--clustername", "TheClustersName"}
	key := keyOf(t)
	start := func(key string) *Daemon {
		return StartDaemon(t, bin, nil, append(slices.Clone(args), "--keyring-file", Keyring(t, key))...)
	}
	a, b := start(key), start(key)
	other := start(keyOf(t))
	open := StartDaemon(t, bin, nil, args...)
	for _, d := range []*Daemon{a, b} {
		Eventually(t, "they find each other", func() bool { return d.Sees(a, b) })
	}
	Meanwhile(t, "the others find nobody", func() bool { return other.Lists(other) && open.Lists(open) && a.Lists(a, b) }, func() bool {
		return other.Counters()["multicast_dropped"] > 2 && open.Counters()["multicast_dropped"] > 2 && a.Counters()["multicast_dropped"] > 2
	})
	sealed, clear := 0, 0
	Eventually(t, "announcements are seen", func() bool {
		buf := make([]byte, 2048)
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := conn.Read(buf)
		switch {
		case err != nil:
		case n > 3 && buf[0] == 0xFF && buf[3]&sealedBit != 0:
			sealed++
			for _, d := range []*Daemon{a, b, other} {
				if bytes.Contains(buf[29:n], []byte("TheClustersName")) || bytes.Contains(buf[29:n], []byte(d.Gossip.String())) {
					t.Errorf("in clear: %q", buf[:n])
				}
			}
		case bytes.Contains(buf[:n], []byte("TheClustersName")):
			clear++ // the open node's: the test can tell
		}
		return sealed > 5 && clear > 1
	})
}

// TestBadKeyring: what is wrong with a keyring stops the start, and is told without it.
func TestBadKeyring(t *testing.T) {
	key := keyOf(t)
	open := Keyring(t, key)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"others may read it", nil, []string{"--keyring-file", open}, "chmod 600"},
		{"no file", nil, []string{"--keyring-file", open + ".no"}, open + ".no"},
		{"empty name", nil, []string{"--keyring-file", ""}, "leave it out"},
		{"an empty variable", []string{"TAMTAM_KEYRING="}, nil, "TAMTAM_KEYRING: it has no key"},
		{"the empty name of a variable", []string{"TAMTAM_KEYRING_FILE="}, nil, "for TAMTAM_KEYRING_FILE"},
		{"both", []string{"TAMTAM_KEYRING=" + key}, []string{"--keyring-file", Keyring(t, key)}, "both given"},
		{"cut", []string{"TAMTAM_KEYRING=" + key[:30]}, nil, "line 1"},
	} {
		p, _ := start(t, bin, "tamtamd", append([]string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0"}, c.args...), c.env, true)
		if code := p.Wait(); code == 0 || !strings.Contains(p.out.String(), c.want) || strings.Contains(p.out.String(), key[:10]) {
			t.Errorf("%s: exit code %d:\n%s", c.name, code, p.out.String())
		}
	}
}
