// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func event(m *pb.Message) *pb.StreamMessagesResponse {
	return &pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Message{Message: m}}
}

// sending is a stream that brings payloads and then ends with err.
func sending(err error, payloads ...string) *fake {
	return &fake{messages: func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		for _, p := range payloads {
			if err := s.Send(event(&pb.Message{Origin: other, Payload: []byte(p)})); err != nil {
				return err
			}
		}
		return err
	}}
}

// TestStreamForms: a message is one line wherever lines are what is printed.
func TestStreamForms(t *testing.T) {
	const payload = "one\nFAKE\r\xff"
	for _, c := range []struct{ args, want string }{
		{"", `one\nFAKE\r` + "\xff\n"},
		{"--encoding base64", "b25lCkZBS0UN/w==\n"},
		{"--encoding bytes", payload},
		{"-o json", `{"event":"message","origin":"192.0.2.2:9999","sequence":0,"retained":false,"payload":"b25lCkZBS0UN/w=="}` + "\n"},
	} {
		addr := serve(t, sending(status.Error(codes.Unavailable, "stopping"), payload))
		r := run(t, append([]string{"stream", "--rpc", addr}, strings.Fields(c.args)...)...)
		if out := strings.SplitAfter(r.out, `{"event":"disconnected"`)[0]; strings.TrimSuffix(out, `{"event":"disconnected"`) != c.want || r.code != 5 || !strings.Contains(r.err, addr) {
			t.Errorf("%s: %+v, want %q", c.args, r, c.want)
		}
	}
}

// TestStreamEnds: who ends it, and how that is reported. It goes on after what passes.
func TestStreamEnds(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{nil, 5, "disconnected: the tamtamd at ADDR has ended; retrying\ntamtamctl: it is over"},
		{status.Error(codes.Unavailable, "stopping"), 5, "disconnected: the tamtamd at ADDR has ended; retrying\ntamtamctl: it is over"},
		{status.Error(codes.ResourceExhausted, "too slow"), 5, "disconnected: too slow; retrying\ntamtamctl: it is over"},
		{status.Error(codes.Internal, "broken"), 5, "disconnected: broken; retrying\ntamtamctl: it is over"},
		{status.Error(codes.NotFound, "nothing here"), 3, "nothing here"},
	} {
		addr := serve(t, sending(c.err, "x"))
		r := run(t, "stream", "--rpc", addr)
		if r.code != c.code || r.out != "x\n" || r.err != "tamtamctl: "+strings.ReplaceAll(c.want, "ADDR", addr)+"\n" {
			t.Errorf("%v: %+v", c.err, r)
		}
	}
}

type brokenPipe struct{ err error }

func (b brokenPipe) Write([]byte) (int, error) { return 0, b.err }

func TestClosedPipeIsSilent(t *testing.T) {
	for _, err := range []error{syscall.EPIPE, io.ErrClosedPipe} {
		addr := serve(t, sending(status.Error(codes.NotFound, "not reached"), "x"))
		var errs bytes.Buffer
		code := ctl.Run(context.Background(), []string{"--rpc", addr, "stream"}, ctl.Streams{Out: brokenPipe{err}, Err: &errs})
		if code != 0 || errs.Len() > 0 {
			t.Errorf("%v: exit code %d, %q", err, code, errs.String())
		}
	}
}

// cancelling cancels at the first write, as a person does who has seen enough.
type cancelling struct{ cancel func() }

func (c cancelling) Write(b []byte) (int, error) {
	c.cancel()
	return len(b), nil
}

func TestInterruptInTheMidstIsSilent(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	addr := serve(t, &fake{messages: func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		if err := s.Send(event(&pb.Message{Payload: []byte("x")})); err != nil {
			return err
		}
		<-s.Context().Done()
		return nil
	}})
	var errs bytes.Buffer
	code := ctl.Run(ctx, []string{"stream", "--rpc", addr}, ctl.Streams{Out: cancelling{cancel}, Err: &errs})
	if code != 0 || errs.Len() > 0 {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}

// TestTraceHidesPayloads of streams, too.
func TestTraceHidesPayloads(t *testing.T) {
	r := run(t, "stream", "--trace", "--rpc", serve(t, sending(nil, "secret")))
	if !strings.Contains(r.err, "payload of 6 bytes from "+other) || strings.Contains(r.err, "secret") {
		t.Errorf("stderr %q", r.err)
	}
}

// TestInterruptedCallFailed: whether a call was done is unknown then, so that it is no
// success, unlike a stream's end.
func TestInterruptedCallFailed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := &fake{hang: make(chan struct{})}
	addr := serve(t, f)
	go func() {
		<-f.hang
		cancel()
	}()
	var out, errs bytes.Buffer
	code := ctl.Run(ctx, []string{"ping", "--rpc", addr, "--timeout", "1m", "a:1"}, ctl.Streams{Out: &out, Err: &errs})
	if code != 1 || out.Len() > 0 || errs.String() != "tamtamctl: interrupted\n" {
		t.Errorf("exit code %d, %q, %q", code, out.String(), errs.String())
	}
}

// TestInterruptEndsReadingStdin, which nothing else can.
func TestInterruptEndsReadingStdin(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	stdin, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	go func() {
		_, _ = w.Write([]byte("half a mess")) // returns once it is read
		cancel()
	}()
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- ctl.Run(ctx, []string{"broadcast", "-", "--rpc", "127.0.0.1:1"}, ctl.Streams{In: stdin, Out: io.Discard, Err: &errs})
	}()
	select {
	case code := <-ended:
		if code != 1 || errs.String() != "tamtamctl: interrupted\n" {
			t.Errorf("exit code %d, %q", code, errs.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it still reads")
	}
}

func TestOutOfTime(t *testing.T) {
	f := &fake{hang: make(chan struct{})}
	r := run(t, "ping", "a:1", "--timeout", "300ms", "--rpc", serve(t, f))
	if r.code != 6 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, "--timeout") {
		t.Errorf("%+v", r)
	}
}
