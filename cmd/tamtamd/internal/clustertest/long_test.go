// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// longest is the longest message and answer, in bytes.
const longest = 64 << 10

// noise returns bytes of any value.
func noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func hash(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// TestLongBroadcasts: messages of 64 KiB, from stdin, reach readers whole and in order, later ones too; one byte more, or
// a member that takes less, is an error.
func TestLongBroadcasts(t *testing.T) {
	all := Cluster(t, bin, 3, "--max", fmt.Sprint(longest))
	streams := make([]*Stream, len(all))
	for i, d := range all {
		streams[i] = StartStream(t, d, "stream", "-o", "json")
	}
	var want []string
	send := func(payload []byte, args ...string) {
		t.Helper()
		want = append(want, hash(payload))
		in := base64.StdEncoding.EncodeToString(payload) + "\n"
		if r := all[0].CtlIn(in, append([]string{"broadcast", "--timeout", "50s", "--wait", "all", "--base64"}, args...)...); r.Code != 0 || !strings.HasPrefix(r.Out, "2 of 2 ") {
			t.Errorf("%+v", r)
		}
	}
	send(noise(longest), "-")
	send(noise(1))
	send(noise(1025), "--topic", "t")
	send(noise(longest), "--to", all[1].Gossip.String(), "--to", all[2].Gossip.String())
	text := strings.Repeat("abcdefgh", longest/8)
	want = append(want, hash([]byte(text)))
	if r := all[1].CtlIn(text, "broadcast", "--timeout", "50s", "--wait", "all", "-"); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	for i, s := range streams {
		wanted := want
		if i == 0 { // one was not for it
			wanted = slices.Delete(slices.Clone(want), 3, 4)
		}
		got := func() (all []string) {
			for line := range strings.Lines(s.out.String()) {
				var m struct{ Payload string }
				if json.Unmarshal([]byte(line), &m) == nil {
					b, _ := base64.StdEncoding.DecodeString(m.Payload)
					all = append(all, hash(b))
				}
			}
			return all
		}
		Eventually(t, "the reader has all", func() bool { return len(got()) == len(wanted) })
		if g := got(); fmt.Sprint(g) != fmt.Sprint(wanted) {
			t.Errorf("reader %d got others than %v: %v", i, wanted, g)
		}
	}
	later := StartStream(t, all[1], "stream", "--last", "1")
	Eventually(t, "the late reader has the last", func() bool { return strings.HasPrefix(later.out.String(), text) })
	if r := all[0].CtlIn(strings.Repeat("x", longest+1), "broadcast", "-"); r.Code == 0 || !strings.Contains(r.Err, "more than 65536 bytes") {
		t.Errorf("%d, %s", r.Code, r.Err)
	}
	d := StartDaemon(t, bin, nil, "--max", "1024", "--join", all[0].Gossip.String()) // as one of an earlier version
	everybody := append(slices.Clone(all), d)
	Eventually(t, "it is a member", func() bool { return d.Sees(everybody...) && all[0].Sees(everybody...) })
	if r := all[0].CtlIn(strings.Repeat("x", 1025), "broadcast", "-"); r.Code != 5 || !strings.Contains(r.Err, "at most 1024, as the member "+d.Gossip.String()) {
		t.Errorf("%+v", r)
	}
	if r := all[0].CtlIn(strings.Repeat("x", 1024), "broadcast", "--wait", "all", "--timeout", "50s", "-"); r.Code != 0 {
		t.Errorf("%+v", r)
	}
}

// TestLongAnswers: an answer of 64 KiB comes whole, from another node and from the asker's; one byte more is a failure
// that says so.
func TestLongAnswers(t *testing.T) {
	all := Cluster(t, bin, 3)
	files := map[string]string{}
	for i, size := range []int{longest, longest, longest + 1} {
		text := []byte(hex.EncodeToString(noise(longest/2 + 1)))[:size]
		file := filepath.Join(t.TempDir(), "answer")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		files[all[i].Gossip.String()] = string(text) + ";"
		startAnswer(t, all[i], "long", "cat "+file)
	}
	files[all[2].Gossip.String()] = "FAILED;"
	events, code := query(t, all[0], "long", "--timeout", "50s")
	if code != 6 {
		t.Errorf("exit code %d", code)
	}
	got := outcome(events)
	for a, want := range files {
		if got[a] != want {
			t.Errorf("%s: %d bytes, want %d, or others", a, len(got[a]), len(want))
		}
	}
	if r := all[0].Ctl("query", "long", "--timeout", "50s"); !strings.Contains(r.Err, "its command printed 65537 bytes: an answer may have 65536") {
		t.Errorf("%s", r.Err)
	}
}
