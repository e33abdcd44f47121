// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/ctl"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestBroadcastRequests: what is asked of the daemon.
func TestBroadcastRequests(t *testing.T) {
	f := &fake{addressed: 200}
	addr := serve(t, f)
	web := []*pb.TagPattern{{Key: "role", Pattern: "web"}, {Key: "zone", Pattern: "b*", Exclude: true}}
	all := &pb.BroadcastRequest_WaitAll{WaitAll: true}
	two := &pb.BroadcastRequest_WaitMembers{WaitMembers: 2}
	for _, c := range []struct {
		stdin string
		args  []string
		want  []*pb.BroadcastRequest
	}{
		{"", []string{"hello"}, []*pb.BroadcastRequest{{Payload: []byte("hello")}}},
		{"", []string{"--base64", "AP8="}, []*pb.BroadcastRequest{{Payload: []byte("\x00\xff")}}},
		{"", []string{"AP8=", "--base64"}, []*pb.BroadcastRequest{{Payload: []byte("\x00\xff")}}},
		{"", []string{"--", "--base64"}, []*pb.BroadcastRequest{{Payload: []byte("--base64")}}},
		{"in\n", []string{"--nobanner", "--", "-"}, []*pb.BroadcastRequest{{Payload: []byte("in\n")}}},
		{"", []string{"x", "--topic", "a b", "--no-wait"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Topic: "a b", NoWait: true}}},
		{"", []string{"x", "--wait", "all"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Wait: all, MinMembers: 1}}},
		{"", []string{"x", "--wait", "all", "--min", "0"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Wait: all}}},
		{"", []string{"x", "--min", "4", "--min", "1", "--wait", "all"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Wait: all, MinMembers: 1}}},
		{"", []string{"x", "--wait=2"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Wait: two}}},
		{"", []string{"x", "--wait=2", "--wait", "all"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Wait: all, MinMembers: 1}}},
		{"", []string{"x", "--wait", "all", "--wait=2"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Wait: two}}},
		{"", []string{"x", "--to", "role=web", "--to", "zone!=b*", "--wait", "all"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Tags: web, Wait: all, MinMembers: 1}}},
		{"", []string{"x", "--to", "one", "--to", "192.0.2.2"}, []*pb.BroadcastRequest{{Payload: []byte("x"), Members: []string{self, other}}}},
		{"a\nb\n", []string{"--lines", "--to", "role=web", "--to=zone!=b*", "--to", other}, []*pb.BroadcastRequest{
			{Payload: []byte("a"), Members: []string{other}, Tags: web}, {Payload: []byte("b"), Members: []string{other}, Tags: web}}},
		{"", []string{"--lines"}, nil},
		{"a\n\n b \r\nlast", []string{"--lines", "--topic", "t"}, []*pb.BroadcastRequest{
			{Payload: []byte("a"), Topic: "t"}, {Topic: "t"}, {Payload: []byte(" b \r"), Topic: "t"}, {Payload: []byte("last"), Topic: "t"}}},
		{"YQ==\nYg==\n", []string{"--lines", "--base64", "-"}, []*pb.BroadcastRequest{{Payload: []byte("a")}, {Payload: []byte("b")}}},
	} {
		f.mu.Lock()
		f.sent = nil
		f.mu.Unlock()
		r := runWith(t, c.stdin, append([]string{"broadcast", "--rpc", addr}, c.args...)...)
		f.mu.Lock()
		same := slices.EqualFunc(f.sent, c.want, func(a, b *pb.BroadcastRequest) bool { return proto.Equal(a, b) })
		if r.code != 0 || r.err != "" || !same {
			t.Errorf("%q: sent %v, want %v; %+v", c.args, f.sent, c.want, r)
		}
		f.mu.Unlock()
	}
}

// TestBroadcastResults: what is printed of what became of a message, and each way to
// end.
func TestBroadcastResults(t *testing.T) {
	some := &pb.BroadcastResponse{SentTo: 3, Session: 1<<63 + 1, Sequence: 7, Have: 1, Missing: []string{other, "192.0.2.3:1"}, Took: durationpb.New(2 * time.Second)}
	full := &pb.BroadcastResponse{SentTo: 2, Session: 5, Sequence: 7, Have: 2, Took: durationpb.New(3100 * time.Microsecond)}
	const someJSON = `{"sent_to":3,"session":"9223372036854775809","sequence":7,"have":1,"missing":["192.0.2.2:9999","192.0.2.3:1"],"took_ms":2000}` + "\n"
	const fullJSON = `{"sent_to":2,"session":"5","sequence":7,"have":2,"missing":[],"took_ms":3.1}` + "\n"
	const sentJSON = `{"sent_to":2,"session":"5","sequence":7,"took_ms":3.1}` + "\n"
	for _, c := range []struct {
		args     string
		answer   *pb.BroadcastResponse
		err      error
		code     int
		out, why string
	}{
		{"x", full, nil, 0, "", ""},
		{"x -o json", full, nil, 0, sentJSON, ""},
		{"x --wait all", full, nil, 0, "2 of 2 members have it after 3.1ms\n", ""},
		{"x --wait all -o json", full, nil, 0, fullJSON, ""},
		{"x --wait 2 --timeout 3s", some, nil, 6, "1 of 3 members have it after 2s\n", "not confirmed by 192.0.2.2:9999, 192.0.2.3:1"},
		{"x --wait 2 -o json", some, nil, 6, someJSON, "192.0.2.3:1"},
		{"x -o json", &pb.BroadcastResponse{}, nil, 0, `{"sent_to":0}` + "\n", "no other member"},
		{"x --wait all", nil, status.Error(codes.FailedPrecondition, "too few"), 5, "", "too few"},
		{"x --wait all --min 3", full, nil, 5, "2 of 2 members have it after 3.1ms\n", "2, want 3; the message was sent all the same"},
		{"x --no-wait", nil, status.Error(codes.ResourceExhausted, "busy"), 5, "", "busy"},
		{"x --topic \x00", nil, status.Error(codes.InvalidArgument, "bad topic"), 5, "", "bad topic"},
		{"x --wait all", nil, status.Error(codes.DeadlineExceeded, "late"), 6, "", "late"},
		{"x", nil, status.Error(codes.Unavailable, "stopping"), 4, "", "stopping"},
		{"x", nil, status.Error(codes.Internal, "broken"), 1, "", "broken"},
		{"x --wait 2 --to role=web", &pb.BroadcastResponse{SentTo: 1, Have: 1}, nil, 6, "1 of 1 members have it after 0ms\n", "only 1 member of 2 got it"},
		{"x --wait all --to role=web", &pb.BroadcastResponse{SentTo: 1, Have: 1, Missing: []string{other}}, nil, 6, "1 of 1 members have it after 0ms\n", "not confirmed by " + other},
		{"x --wait all --min 2 --to role=web", &pb.BroadcastResponse{SentTo: 1, Have: 1}, nil, 6, "1 of 1 members have it after 0ms\n", "only 1 member of 2 got it"},
		{"x --wait all --to role=web", &pb.BroadcastResponse{SentTo: 1}, nil, 6, "0 of 1 members have it after 0ms\n", "only 0 members of 1 got it"},
		{"x --to role=web", &pb.BroadcastResponse{}, nil, 0, "", "no other member that is alive matches --to"},
		{"x --to nobody.invalid", nil, nil, 3, "", "nobody.invalid"},
		{"x --to role=[", nil, status.Error(codes.InvalidArgument, "bad pattern"), 5, "", "bad pattern"},
		{"", nil, nil, 0, "", ""}, // an empty stdin is an empty message
	} {
		f := &fake{addressed: 200, broadcast: func(*pb.BroadcastRequest) (*pb.BroadcastResponse, error) {
			if c.answer == nil && c.err == nil {
				return full, nil
			}
			return c.answer, c.err
		}}
		r := run(t, append([]string{"broadcast", "--rpc", serve(t, f)}, strings.Fields(c.args)...)...)
		lines := 1
		if c.why == "" {
			lines = 0
		}
		if r.code != c.code || r.out != c.out || !strings.Contains(r.err, c.why) || strings.Count(r.err, "\n") != lines {
			t.Errorf("%s: %+v, want %d, %q, %q", c.args, r, c.code, c.out, c.why)
		}
	}
}

// TestBroadcastToByAnEarlierDaemon: it would send to all, so it is not asked.
func TestBroadcastToByAnEarlierDaemon(t *testing.T) {
	f := &fake{}
	r := run(t, "broadcast", "--rpc", serve(t, f), "--to", "role=web", "x")
	if r.code != 5 || !strings.Contains(r.err, "earlier version") || len(f.requests()) != 0 {
		t.Errorf("%+v, %v", r, f.requests())
	}
}

// TestLinesEnd: the first line that fails ends it, and is named.
func TestLinesEnd(t *testing.T) {
	third := func(r *pb.BroadcastResponse, err error) func(*pb.BroadcastRequest) (*pb.BroadcastResponse, error) {
		return func(req *pb.BroadcastRequest) (*pb.BroadcastResponse, error) {
			if strings.HasPrefix(string(req.GetPayload()), "3") {
				return r, err
			}
			return &pb.BroadcastResponse{SentTo: 1, Have: 1}, nil
		}
	}
	for _, c := range []struct {
		args, stdin string
		broadcast   func(*pb.BroadcastRequest) (*pb.BroadcastResponse, error)
		sent, code  int
		out, why    string
	}{
		{"-o json", "1\n2", nil, 2, 0,
			`{"sent_to":1,"session":"9223372036854775809","sequence":1,"took_ms":1.5}` + "\n" +
				`{"sent_to":1,"session":"9223372036854775809","sequence":2,"took_ms":1.5}` + "\n", ""},
		{"--wait all", "1\n2", nil, 2, 0, strings.Repeat("1 of 1 members have it after 1.5ms\n", 2), ""},
		{"", "1\n2\n3\n4\n", third(nil, status.Error(codes.ResourceExhausted, "busy")), 3, 5, "", "tamtamctl: line 3: busy\n"},
		{"", "1\n2\n3\n4\n", third(nil, status.Error(codes.InvalidArgument, "bad topic")), 3, 5, "", "tamtamctl: line 3: bad topic\n"},
		{"", "1\n2\n3\n4\n", third(nil, status.Error(codes.Internal, "broken")), 3, 1, "", "tamtamctl: line 3: broken\n"},
		{"", "1\n2\n3\n4\n", third(nil, status.Error(codes.DeadlineExceeded, "late")), 3, 6, "", "tamtamctl: line 3: late\n"},
		{"--wait 1 --timeout 9s", "3\n", third(&pb.BroadcastResponse{SentTo: 1, Missing: []string{other}}, nil), 1, 6,
			"0 of 1 members have it after 0ms\n", "tamtamctl: line 1: not confirmed by 192.0.2.2:9999\n"},
		{"--base64", "YQ==\n%\nYQ==\n", nil, 1, 2, "", "tamtamctl: line 2: the message is not base64"},
		// That there is no other member is printed once.
		{"", "1\n2\n", func(*pb.BroadcastRequest) (*pb.BroadcastResponse, error) { return &pb.BroadcastResponse{}, nil }, 2, 0, "", "tamtamctl: no other member"},
	} {
		f := &fake{broadcast: c.broadcast}
		r := runWith(t, c.stdin, append([]string{"broadcast", "--lines", "--rpc", serve(t, f)}, strings.Fields(c.args)...)...)
		if r.code != c.code || r.out != c.out || !strings.HasPrefix(r.err, c.why) || (r.err == "") != (c.why == "") ||
			strings.Count(r.err, "tamtamctl: ") > 1 || len(f.requests()) != c.sent {
			t.Errorf("%s: sent %v; %+v; want %d, %q, %q", c.args, f.requests(), r, c.code, c.out, c.why)
		}
	}
	// One that is too long, for the daemon or at all, is left out.
	f := &fake{broadcast: third(nil, status.Error(codes.InvalidArgument, "payload too large: 300 bytes, at most 256"))}
	r := runWith(t, "1\n"+strings.Repeat("x", 200<<10)+"\n3"+strings.Repeat(".", 299)+"\n4\n"+strings.Repeat("x", 64<<10+1), "broadcast", "--lines", "--rpc", serve(t, f))
	const said = "tamtamctl: line 2: more than 65536 bytes: not sent\ntamtamctl: line 3: payload too large: 300 bytes, at most 256: not sent\n" +
		"tamtamctl: line 5: more than 65536 bytes: not sent\ntamtamctl: 3 lines too long: not sent\n"
	if r.code != 5 || r.out != "" || r.err != said || len(f.requests()) != 3 {
		t.Errorf("long lines: %+v, sent %d", r, len(f.requests()))
	}
	if r := runWith(t, "x\n", "broadcast", "--lines", "--rpc", "127.0.0.1:1"); r.code != 4 || !strings.Contains(r.err, "line 1: no tamtamd") {
		t.Errorf("nobody there: %+v", r)
	}
}

// TestLinesNotSentAreNoSuccess, even if only those who read the results have gone.
func TestLinesNotSentAreNoSuccess(t *testing.T) {
	f := &fake{}
	addr := serve(t, f)
	t.Setenv("HOME", t.TempDir())
	var errs bytes.Buffer
	streams := ctl.Streams{In: strings.NewReader("1\n2\n"), Out: brokenPipe{syscall.EPIPE}, Err: &errs}
	code := ctl.Run(context.Background(), []string{"broadcast", "--lines", "-o", "json", "--rpc", addr}, streams)
	if code != 1 || !strings.HasPrefix(errs.String(), "tamtamctl: line 1: ") || len(f.requests()) != 1 {
		t.Errorf("exit code %d, %q, sent %v", code, errs.String(), f.requests())
	}
}

// TestLinesAreSentAsTheyCome, and an interrupt ends the reading.
func TestLinesAreSentAsTheyCome(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := make(chan string, 1)
	addr := serve(t, &fake{broadcast: func(r *pb.BroadcastRequest) (*pb.BroadcastResponse, error) {
		got <- string(r.GetPayload())
		return &pb.BroadcastResponse{SentTo: 1}, nil
	}})
	stdin, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	t.Setenv("HOME", t.TempDir())
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- ctl.Run(ctx, []string{"broadcast", "--lines", "--rpc", addr}, ctl.Streams{In: stdin, Out: io.Discard, Err: &errs})
	}()
	for _, line := range []string{"one", "two"} { // the second only when the first was sent
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case have := <-got:
			if have != line {
				t.Errorf("sent %q, want %q", have, line)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("it waits for more")
		}
	}
	cancel()
	select {
	case code := <-ended:
		if code != 1 || errs.String() != "tamtamctl: interrupted\n" {
			t.Errorf("exit code %d, %q", code, errs.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it still reads")
	}
}

// TestTraceTellsAllButThePayload of a request.
func TestTraceTellsAllButThePayload(t *testing.T) {
	r := run(t, "broadcast", "--rpc", serve(t, &fake{}), "--trace", "--topic", "deploy", "secret")
	if !strings.Contains(r.err, "payload of 6 bytes") || !strings.Contains(r.err, "deploy") || strings.Contains(r.err, "secret") {
		t.Errorf("stderr %q", r.err)
	}
}
