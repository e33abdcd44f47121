// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestResumeOverKills: a client with --resume-file, its daemon, or both, are killed at random moments while another
// node sends. Its command is run for each message at least once, and first in the order in which they were
// sent. A reader of a node that is not killed gets each exactly once. TAMTAM_RESUME_KILLS is how often; 8 without it.
func TestResumeOverKills(t *testing.T) {
	kills := 8
	if text := os.Getenv("TAMTAM_RESUME_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	keep := []string{"--keep", "100000", "--keep-bytes", "64000000"} // slow machines take long to start a daemon
	all := Cluster(t, bin, 3, keep...)
	d, rpc := all[1], all[1].RPC
	connected := StartStream(t, all[2], "stream")
	dir := t.TempDir()
	numbers := filepath.Join(dir, "numbers")
	client := func() *Process {
		p, _ := start(t, bin, "tamtamctl", []string{
			"stream", "--retry", "--rpc", rpc, "--resume-file", filepath.Join(dir, "cursor"), "--exec", `n=$(cat); echo "$n" >>` + numbers,
		}, nil, true)
		return p
	}
	before := d.readers()
	p := client()
	Eventually(t, "the stream is served", func() bool { return d.readers() > before })

	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan int)
	sender := tamtamv1.NewTamTamServiceClient(all[0].Dial())
	go func() {
		n := 0
		for ctx.Err() == nil {
			call, end := context.WithTimeout(context.Background(), Timeout)
			if _, err := sender.Broadcast(call, &tamtamv1.BroadcastRequest{Payload: fmt.Append(nil, n+1)}); err != nil {
				t.Errorf("message %d: %v", n+1, err)
				end()
				break
			}
			end()
			n++
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		sent <- n
	}()
	for range kills {
		time.Sleep(rand.N(500 * time.Millisecond)) // a random moment, which nothing is expected of
		what := rand.N(3)
		if what != 0 {
			d.Kill()
		}
		if what != 1 {
			p.Kill()
			time.Sleep(rand.N(100 * time.Millisecond))
			p = client()
		}
		if what != 0 {
			d = d.Restart(append([]string{"--rpc", rpc, "--join", all[0].Gossip.String()}, keep...)...)
		}
	}
	cancel()
	n := <-sent
	var have []int
	for !slices.Contains(have, n) { // the last; a command for each takes long on a busy machine
		before := len(have)
		Eventually(t, "another message is handled", func() bool {
			have = nil
			text, _ := os.ReadFile(numbers)
			for line := range strings.Lines(string(text)) {
				if i, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && strings.HasSuffix(line, "\n") {
					have = append(have, i)
				}
			}
			return len(have) > before
		})
	}
	next := 1
	for _, i := range have {
		switch {
		case i == next:
			next++
		case i > next:
			t.Fatalf("message %d of %d comes before %d: %v\n%s", i, n, next, have, p.out.String())
		}
	}
	t.Logf("%d messages, %d runs, %d kills", n, len(have), kills)
	var want strings.Builder
	for i := range n {
		fmt.Fprintln(&want, i+1)
	}
	connected.Wants(t, want.String())
}
