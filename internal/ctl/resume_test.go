// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// resuming is a daemon that gives cursors: the streams it serves, one after another, send so many messages from the
// one after the cursor on.
func resuming(each ...int) *fake {
	f := &fake{lasts: len(each)}
	f.messages = func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		f.mu.Lock()
		last, n := byte(0), each[f.streams-1]
		if after := f.streamed.GetAfter(); len(after) > 0 {
			last = after[0]
		}
		f.mu.Unlock()
		if err := s.Send(&pb.StreamMessagesResponse{Cursor: []byte{last}}); err != nil {
			return err
		}
		for range n {
			last++
			m := event(&pb.Message{Origin: other, Session: 7, Sequence: uint64(last), Payload: []byte{'0' + last}})
			m.Cursor = []byte{last}
			if err := s.Send(m); err != nil {
				return err
			}
		}
		return nil
	}
	return f
}

// TestStreamGoesOn over the ends of streams, after the last message, and with --resume-file over its own end.
func TestStreamGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cursor")
	f := resuming(2, 0, 3)
	addr := serve(t, f)
	r := run(t, "stream", "--rpc", addr, "--last", "1", "--resume-file", file)
	if r.out != "1\n2\n3\n4\n5\n" || r.code != 5 || strings.Count(r.err, "reconnected, going on after the last message that came") != 2 ||
		strings.Count(r.err, "disconnected: the tamtamd at "+addr+" has ended; retrying") != 3 {
		t.Errorf("%+v", r)
	}
	if f.streamed.GetLast() != 0 {
		t.Errorf("asked again for %v", f.streamed)
	}
	f.streams = 0
	if r = run(t, "stream", "--rpc", addr, "--last", "1", "--resume-file", file, "-o", "json"); !strings.Contains(r.out, `"sequence":6`) || strings.Contains(r.out, `"sequence":5`) ||
		strings.Count(r.out, `{"event":"resumed"}`) != 2 {
		t.Errorf("%+v", r)
	}
}

// TestStreamAgain: what comes again, since it came after the last cursor, is not printed again.
func TestStreamAgain(t *testing.T) {
	f := &fake{lasts: 2}
	f.messages = func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		if err := s.Send(&pb.StreamMessagesResponse{Cursor: []byte{1}}); err != nil {
			return err
		}
		for _, p := range []string{"a", "b", "c"}[:f.streams+1] {
			if err := s.Send(event(&pb.Message{Origin: other, Session: 7, Sequence: uint64(p[0]), Payload: []byte(p)})); err != nil {
				return err
			}
		}
		return nil
	}
	if r := run(t, "stream", "--rpc", serve(t, f)); r.out != "a\nb\nc\n" {
		t.Errorf("%+v", r)
	}
}

// TestBadResumeFiles: an error names the file, and nothing is printed.
func TestBadResumeFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cursor")
	stream := func(f *fake, path string, args ...string) result {
		return run(t, append([]string{"stream", "--rpc", serve(t, f), "--resume-file", path}, args...)...)
	}
	if r := stream(sending(nil, "x"), file); r.code != 1 || r.out != "" || !strings.Contains(r.err, "earlier version") {
		t.Errorf("a daemon without cursors: %+v", r)
	}
	if r := stream(resuming(1), filepath.Join(file, "x")); r.code != 1 || !strings.Contains(r.err, "--resume-file "+filepath.Join(file, "x")) {
		t.Errorf("a directory that is missing: %+v", r)
	}
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := stream(resuming(1), file); r.code != 1 || r.out != "" || !strings.Contains(r.err, "--resume-file "+file) {
		t.Errorf("another file: %+v", r)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	stream(resuming(1), file)
	refusing := &fake{messages: func(grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		return status.Error(codes.InvalidArgument, "bad cursor: it is of version 2")
	}}
	if r := stream(refusing, file); r.code != 5 || !strings.Contains(r.err, "--resume-file "+file+": bad cursor: it is of version 2") {
		t.Errorf("a later version: %+v", r)
	}
}
