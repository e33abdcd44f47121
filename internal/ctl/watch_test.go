// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	alive     = pb.MemberStatus_MEMBER_STATUS_ALIVE
	suspected = pb.MemberStatus_MEMBER_STATUS_SUSPECTED
	dead      = pb.MemberStatus_MEMBER_STATUS_DEAD
	left      = pb.MemberStatus_MEMBER_STATUS_LEFT
)

var (
	errEnded   = status.Error(codes.Unavailable, "stopping")
	errRefused = status.Error(codes.PermissionDenied, "not you")
)

type step = *pb.WatchMembersResponse

func present(revision uint64, m *pb.Member) step {
	return &pb.WatchMembersResponse{Revision: revision, Event: &pb.WatchMembersResponse_Present{Present: m}}
}

func synced(revision uint64, resumed bool) step {
	return &pb.WatchMembersResponse{Revision: revision, Event: &pb.WatchMembersResponse_Synced{Synced: &pb.Synced{Resumed: resumed}}}
}

func change(revision uint64, m *pb.Member, was pb.MemberStatus, by string, why pb.ChangeReason) step {
	return &pb.WatchMembersResponse{Revision: revision, Event: &pb.WatchMembersResponse_Change{Change: &pb.MemberChange{
		Member: m, PreviousStatus: was, ReportedBy: by, Reason: why, Time: timestamppb.New(time.Unix(60, 0)),
	}}}
}

// stream is what one stream brings, and how it ends.
type stream struct {
	steps []step
	err   error
}

// living is a fake whose streams are these, one after another; the last one is refused,
// which ends the client. Before that, it waits for until.
func living(t *testing.T, until func() bool, streams ...stream) (f *fake, asked *[]uint64) {
	t.Helper()
	var mu sync.Mutex
	asked = &[]uint64{}
	return &fake{watch: func(r *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		mu.Lock()
		*asked = append(*asked, r.GetAfterRevision())
		l := stream{nil, errRefused}
		if len(streams) > 0 {
			l, streams = streams[0], streams[1:]
		}
		mu.Unlock()
		for _, r := range l.steps {
			if err := s.Send(r); err != nil {
				return err
			}
		}
		if l.err != nil && status.Code(l.err) == codes.PermissionDenied && until != nil {
			for i := 0; !until() && i < 3000; i++ {
				time.Sleep(10 * time.Millisecond)
			}
		}
		return l.err
	}}, asked
}

var snapshot = []step{present(7, member(self, alive)), present(7, member(other, alive)), synced(7, false)}

// TestWatch: what is printed across a daemon that ends, a reader that is slow, and a
// daemon that restarts.
func TestWatch(t *testing.T) {
	streams := func() []stream {
		return []stream{
			{append(snapshot[:3:3], change(8, member(other, suspected), alive, "192.0.2.3:9999", pb.ChangeReason_CHANGE_REASON_NO_ANSWER)), errEnded},
			{[]step{change(9, member(other, dead), suspected, self, pb.ChangeReason_CHANGE_REASON_NO_ANSWER), synced(9, true)}, status.Error(codes.ResourceExhausted, "reader fell behind")},
			{[]step{present(70, member(self, alive)), synced(70, false)}, errEnded},
		}
	}
	f, asked := living(t, nil, streams()...)
	r := run(t, "watch", "--rpc", serve(t, f))
	want := strings.Join([]string{
		`\S+ \S+  ALIVE      192\.0\.2\.1:9999 \(one\)`,
		`\S+ \S+  ALIVE      192\.0\.2\.2:9999 \("two\\x1b\[2J\\n"\)`, // a name comes from another machine
		`\S+ \S+  synced`,
		`1970-01-01 \S+  SUSPECTED  192\.0\.2\.2:9999 \("two\S+\)  was ALIVE: no answer, reported by 192\.0\.2\.3:9999`,
		`1970-01-01 \S+  DEAD       192\.0\.2\.2:9999 \("two\S+\)  was SUSPECTED: no answer to this node in time`,
		`\S+ \S+  synced`,
		`\S+ \S+  removed    192\.0\.2\.2:9999 \("two\S+\)  was DEAD: found after reconnecting`,
		`\S+ \S+  synced`,
	}, "\n")
	if !regexp.MustCompile("^" + want + "\n$").MatchString(r.out) {
		t.Errorf("stdout:\n%s", r.out)
	}
	if r.code != 5 || !regexp.MustCompile(`^tamtamctl: disconnected: the tamtamd at \S+ has ended; retrying
tamtamctl: reconnected, nothing was missed
tamtamctl: fell behind, continuing after the last change seen
tamtamctl: reconnected, but the daemon restarted or too much was missed: the differences follow
tamtamctl: disconnected: .*
tamtamctl: not you
$`).MatchString(r.err) {
		t.Errorf("exit code %d, stderr:\n%s", r.code, r.err)
	}
	if got := *asked; len(got) != 4 || got[0] != 0 || got[1] != 8 || got[2] != 9 || got[3] != 70 {
		t.Errorf("asked for what is after %v", got)
	}

	f, _ = living(t, nil, streams()...)
	r = run(t, "watch", "-o", "json", "--rpc", serve(t, f))
	want = strings.Join([]string{
		`{"event":"present","revision":"7","member":{"address":"192.0.2.1:9999","name":"one",.*}}`,
		`{"event":"present","revision":"7","member":{"address":"192.0.2.2:9999","name":"two\\u001b\[2J\\n",.*}}`,
		`{"event":"synced","revision":"7"}`,
		`{"event":"change","revision":"8","time":"1970-01-01T00:01:00Z","previous_status":"ALIVE","reason":"NO_ANSWER","reported_by":"192.0.2.3:9999","inferred":false,"member":{"address":"192.0.2.2:9999",.*"status":"SUSPECTED".*}}`,
		`{"event":"disconnected","revision":"8","error":"the tamtamd at \S+ has ended"}`,
		`{"event":"resumed","revision":"9"}`,
		`{"event":"change","revision":"9",.*"status":"DEAD".*}`,
		`{"event":"synced","revision":"9"}`,
		`{"event":"disconnected","revision":"9","error":"reader fell behind"}`,
		`{"event":"snapshot","revision":"70"}`,
		`{"event":"removed","revision":"70","previous_status":"DEAD","inferred":true,"member":{"address":"192.0.2.2:9999",.*}}`,
		`{"event":"synced","revision":"70"}`,
		`{"event":"disconnected","revision":"70",.*}`,
	}, "\n")
	if !regexp.MustCompile("^" + want + "\n$").MatchString(r.out) {
		t.Errorf("stdout:\n%s", r.out)
	}
}

func TestWatchFilters(t *testing.T) {
	for args, want := range map[string]string{
		"--status dead":                      "",
		"--status suspected,alive":           "one two two", // self, other, and its suspicion
		"--member two":                       "",            // exactly
		"--member one":                       "one",
		"--member 192.0.2.2:9999":            "two two two",
		"--member 192.0.2.2":                 "two two two", // of the node's own port
		"--member 192.0.2.2:1":               "",
		"--member one --member 192.0.2.2":    "one two two two",
		"--member 192.0.2.2 --status left":   "two",
		"--member ::ffff:192.0.2.1":          "one",
		"--member one --status dead":         "",
		"--member nobody":                    "",
		"--status ALIVE --member 192.0.2.2 ": "two",
	} {
		f, _ := living(t, nil, stream{[]step{
			present(7, member(other, alive)), present(7, member(self, alive)), synced(7, false),
			change(8, member(other, suspected), alive, self, 0), change(9, member(other, left), suspected, self, 0),
		}, errRefused})
		r := run(t, append([]string{"watch", "--rpc", serve(t, f)}, strings.Fields(args)...)...)
		var got []string
		for _, m := range regexp.MustCompile(`\("?(one|two)`).FindAllStringSubmatch(r.out, -1) {
			got = append(got, m[1])
		}
		// The order of the snapshot is the daemon's.
		if have := strings.Join(got, " "); len(have) != len(want) || strings.Count(have, "one") != strings.Count(want, "one") || !strings.Contains(r.out, "synced") {
			t.Errorf("%s: %q, want %q:\n%s", args, have, want, r.out)
		}
	}
}

// TestWatchAtFirst: a daemon that is not there is waited for only if asked.
func TestWatchAtFirst(t *testing.T) {
	if r := run(t, "watch", "--rpc", "127.0.0.1:1"); r.code != 4 || r.out != "" || strings.Count(r.err, "\n") != 1 {
		t.Errorf("nobody: %+v", r)
	}
	f, _ := living(t, nil, stream{nil, errEnded}, stream{snapshot, errRefused})
	if r := run(t, "watch", "--rpc", serve(t, f)); r.code != 4 || r.out != "" {
		t.Errorf("one that ends: %+v", r)
	}
	f, _ = living(t, nil, stream{nil, errEnded}, stream{nil, errEnded}, stream{snapshot, errRefused})
	r := run(t, "watch", "--retry", "--rpc", serve(t, f))
	if r.code != 5 || strings.Count(r.out, "\n") != 3 || strings.Count(r.err, "; retrying\n") != 1 || strings.Contains(r.err, "reconnected") {
		t.Errorf("--retry: %+v", r)
	}
	f, _ = living(t, nil)
	if r := run(t, "watch", "--retry", "--rpc", serve(t, f)); r.code != 5 || r.err != "tamtamctl: not you\n" {
		t.Errorf("refused: %+v", r)
	}
}

// TestWatchExec: what is run for what, with what, and that nothing is printed beside it.
func TestWatchExec(t *testing.T) {
	if runtime.GOOS == "windows" {
		if r := run(t, "watch", "--exec", "x"); r.code != 2 || !strings.Contains(r.err, "not supported") {
			t.Errorf("%+v", r)
		}
		return
	}
	t.Setenv("TAMTAM_MEMBER_NAME", "of another watch")
	script := `printf '%s|' "$TAMTAM_EVENT" "$TAMTAM_MEMBER_ADDRESS" "$TAMTAM_MEMBER_NAME" "$TAMTAM_MEMBER_STATUS" "$TAMTAM_PREVIOUS_STATUS" ` +
		`"$TAMTAM_REASON" "$TAMTAM_REPORTED_BY" "$TAMTAM_TIME" "$TAMTAM_REVISION" "$TAMTAM_CHANGES" "$TAMTAM_DROPPED"; echo; cut -c 1-35; [ "$TAMTAM_RPC" = "$WANT" ] || echo wrong`
	evil := member(other, dead)
	evil.Name = "$(echo no); `echo no`\x00\""
	steps := append(snapshot[:3:3], change(8, evil, alive, self, pb.ChangeReason_CHANGE_REASON_NO_ANSWER),
		change(9, member(other, left), dead, other, pb.ChangeReason_CHANGE_REASON_GOODBYE))
	const (
		eight = "change|192.0.2.2:9999|$(echo no); `echo no`\ufffd\"|DEAD|ALIVE|NO_ANSWER|192.0.2.1:9999|1970-01-01T00:01:00Z|8|1|0|\n" + `{"event":"change","revision":"8","t` + "\n"
		nine  = "change|192.0.2.2:9999|two\x1b[2J\n|LEFT|DEAD|GOODBYE|192.0.2.2:9999|1970-01-01T00:01:00Z|9|1|0|\n" + `{"event":"change","revision":"9","t` + "\n"
		first = "present|192.0.2.1:9999|one|ALIVE|||||7|1|0|\n" + `{"event":"present","revision":"7","` + "\n" +
			"present|192.0.2.2:9999|two\x1b[2J\n|ALIVE|||||7|1|0|\n" + `{"event":"present","revision":"7","` + "\n"
	)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, eight + nine},
		{[]string{"--exec-initial"}, first + eight + nine},
		{[]string{"--status", "left"}, nine},
		{[]string{"--coalesce", "100ms"}, "|||||||||2|0|\n" + `{"event":"change","revision":"8","t` + "\n" + `{"event":"change","revision":"9","t` + "\n"},
	} {
		out, errs := &buffer{}, &buffer{}
		f, _ := living(t, func() bool { return len(out.String()) >= len(c.want) }, stream{steps, errRefused})
		addr := serve(t, f)
		t.Setenv("WANT", addr)
		code := runIn(t, out, errs, append([]string{"watch", "--rpc", addr, "--exec", script}, c.args...)...)
		if code != 5 || out.String() != c.want || errs.String() != "tamtamctl: not you\n" {
			t.Errorf("%v: exit code %d, stderr %q, stdout:\n%s\nwant:\n%s", c.args, code, errs.String(), out.String(), c.want)
		}
	}
	// Its exit code is reported, and ends nothing.
	out, errs := &buffer{}, &buffer{}
	f, _ := living(t, func() bool { return strings.Count(errs.String(), "\n") == 2 }, stream{steps, errRefused})
	code := runIn(t, out, errs, "watch", "--rpc", serve(t, f), "--exec", "exit 3")
	if want := strings.Repeat("tamtamctl: the command of --exec ended with exit code 3\n", 2) + "tamtamctl: not you\n"; code != 5 || errs.String() != want || out.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
}

func TestWatchUsage(t *testing.T) {
	for args, code := range map[string]int{
		"extra": 2, "--coalesce 2s": 2, "--exec-timeout 1s": 2, "--exec-initial": 2,
		"--exec x --coalesce 0": 2, "--exec x --exec-timeout soon": 2, "--status gone": 2, "--exec=": 2, "--member=": 2,
	} {
		if r := run(t, append([]string{"watch", "--rpc", "127.0.0.1:1"}, strings.Fields(args)...)...); r.code != code || r.out != "" {
			t.Errorf("%s: %+v, want %d", args, r, code)
		}
	}
}
