// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestBroadcastLines: five hundred messages of one node reach the readers of all
// nodes, once and in order, and are kept for late ones.
func TestBroadcastLines(t *testing.T) {
	all := Cluster(t, bin, 3)
	var streams []*Stream
	for _, d := range all {
		streams = append(streams, StartStream(t, d, "stream"))
	}
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "message %d\n", i)
	}
	cmd := exec.Command(program(bin, "tamtamctl"), "--rpc", all[0].RPC, "broadcast", "--lines")
	cmd.Env = environ(t.TempDir(), nil)
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, s := range streams {
		s.Wants(t, text.String())
	}
	late := StartStream(t, all[2], "stream", "--last", "2")
	late.Wants(t, "message 498\nmessage 499\n")
}

// TestBroadcastWaits: with --wait all, all have it when it returns; a member that
// died is waited for no longer than it is taken for alive.
func TestBroadcastWaits(t *testing.T) {
	all := Cluster(t, bin, 3)
	if r := all[0].Ctl("broadcast", "--wait", "all", "hi"); r.Code != 0 || !strings.HasPrefix(r.Out, "2 of 2 members have it after ") {
		t.Errorf("%+v", r)
	}
	all[2].Kill()
	if r := all[0].Ctl("broadcast", "--wait", "all", "--timeout", "30s", "hi"); r.Code != 0 || !strings.HasPrefix(r.Out, "1 of ") {
		t.Errorf("%+v", r)
	}
	var j struct {
		Session  string
		Sequence uint64
		Have     int
	}
	r := all[0].Ctl("broadcast", "--wait", "1", "-o", "json", "hi")
	if err := json.Unmarshal([]byte(r.Out), &j); err != nil || j.Session == "0" || j.Sequence != 3 || j.Have != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestStreamChooses by topic and origin, on the daemon's side.
func TestStreamChooses(t *testing.T) {
	all := Cluster(t, bin, 2)
	topic := StartStream(t, all[0], "stream", "--topic", "deploy")
	origin := StartStream(t, all[0], "stream", "--origin", all[1].Gossip.String())
	for i, d := range []*Daemon{all[0], all[1]} {
		for _, args := range [][]string{{"broadcast", fmt.Sprint("plain ", i)}, {"broadcast", "--topic", "deploy", "--wait", "all", fmt.Sprint("deploy ", i)}} {
			if r := d.Ctl(args...); r.Code != 0 {
				t.Fatalf("%v: %+v", args, r)
			}
		}
	}
	topic.Wants(t, "deploy 0\ndeploy 1\n")
	origin.Wants(t, "plain 1\ndeploy 1\n")
}
