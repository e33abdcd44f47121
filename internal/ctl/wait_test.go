// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/ctl"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// lasting is a daemon that brings these and then nothing more.
func lasting(steps ...step) *fake {
	return &fake{watch: func(_ *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		for _, r := range steps {
			if err := s.Send(r); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return s.Context().Err()
	}}
}

// TestWait: what is printed when the conditions hold and when they do not, by then.
func TestWait(t *testing.T) {
	addr := serve(t, lasting(snapshot...))
	if r := run(t, "wait", "--rpc", addr, "--alive", "2", "--member", "one", "--gone", "nobody", "--stable", "1ms"); r.code != 0 || r.out != "" || r.err != "" {
		t.Errorf("%+v", r)
	}
	if r := run(t, "wait", "--rpc", addr, "--alive", "2", "-o", "json"); r.code != 0 || r.err != "" ||
		!regexp.MustCompile(`^{"held":true,"unmet":\[\],"alive":2,"revision":"7","waited_ms":[\d.]+}\n$`).MatchString(r.out) {
		t.Errorf("%+v", r)
	}
	// Long enough for a slow machine to learn who is there.
	r := run(t, "wait", "--rpc", addr, "--alive", "3", "--gone", "one", "-o", "json", "--timeout", "2s")
	if r.code != 6 || r.err != "tamtamctl: not within 2s: 2 alive, want 3; one is ALIVE, want it gone\n" ||
		!regexp.MustCompile(`^{"held":false,"unmet":\["2 alive, want 3","one is ALIVE, want it gone"\],"alive":2,"revision":"7","waited_ms":[\d.]+}\n$`).MatchString(r.out) {
		t.Errorf("%+v", r)
	}
}

// TestWaitForADaemon that is not there yet, that restarts, and that changes its mind.
func TestWaitForADaemon(t *testing.T) {
	f, _ := living(t, nil, stream{nil, errEnded}, stream{nil, errEnded},
		stream{[]step{present(7, member(self, alive)), synced(7, false)}, errEnded},
		stream{[]step{present(70, member(self, alive)), present(70, member(other, suspected)), synced(70, false)}, errEnded},
		stream{[]step{change(71, member(other, alive), suspected, other, 0), synced(71, true)}, nil})
	if r := run(t, "wait", "--rpc", serve(t, f), "--alive", "2"); r.code != 0 || r.out != "" || r.err != "" {
		t.Errorf("%+v", r)
	}
	r := run(t, "wait", "--rpc", "127.0.0.1:1", "--timeout", "300ms", "--alive", "1", "-o", "json")
	if r.code != 6 || !strings.HasPrefix(r.err, "tamtamctl: not within 300ms: no tamtamd answers at 127.0.0.1:1 ") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("nobody: %+v", r)
	}
	f, _ = living(t, nil)
	if r := run(t, "wait", "--rpc", serve(t, f), "--alive", "1"); r.code != 5 || r.err != "tamtamctl: not you\n" {
		t.Errorf("refused: %+v", r)
	}
}

// TestWaitTimeout: --timeout is the wait's, wherever it is set, and not a call's.
func TestWaitTimeout(t *testing.T) {
	addr := serve(t, lasting(snapshot...))
	for _, args := range []string{"--timeout 31ms wait --alive 9", "wait --alive 9 --timeout 31ms", "wait --alive 9"} {
		if !strings.Contains(args, "31ms") {
			t.Setenv("TAMTAM_TIMEOUT", "31ms")
		}
		if r := run(t, append([]string{"--rpc", addr}, strings.Fields(args)...)...); r.code != 6 || !strings.Contains(r.err, "not within 31ms: ") {
			t.Errorf("%s: %+v", args, r)
		}
	}
	if r := run(t, "wait", "-h"); !strings.Contains(r.out, "(default 1m0s)") {
		t.Errorf("%s", r.out)
	}
}

func TestWaitUsage(t *testing.T) {
	for args, code := range map[string]int{
		"": 2, "extra --alive 1": 2, "--timeout 1s": 2,
		"--alive 0": 2, "--alive some": 2, "--member=": 2, "--member =dead": 2, "--member db=ded": 2, "--member db=dead,left": 2,
		"--gone=": 2, "--gone db=dead": 2, "--stable 0s": 2,
	} {
		if r := run(t, append([]string{"wait", "--rpc", "127.0.0.1:1"}, strings.Fields(args)...)...); r.code != code || r.out != "" {
			t.Errorf("%s: %+v, want %d", args, r, code)
		}
	}
}

// TestWaitInterrupted: a script must not go on as if.
func TestWaitInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var out, errs buffer
	code := ctl.Run(ctx, []string{"wait", "--rpc", serve(t, lasting(snapshot...)), "--alive", "9"}, ctl.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	if code != 1 || errs.String() != "tamtamctl: interrupted\n" || out.String() != "" {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}
