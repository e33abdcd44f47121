// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ctl_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestStreamExec: a command gets the payload of a message as it is, and the rest in variables; or all
// messages of some time as lines of JSON. When the stream ends, what has come still has its run.
func TestStreamExec(t *testing.T) {
	const hostile = `$(exit 9)"; exit 9 #`
	f := &fake{messages: func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		for i, p := range []string{hostile, "", "two\nlines\n\xff"} {
			m := &pb.Message{Origin: other, Session: 1<<63 + 1, Sequence: uint64(i) + 1, Topic: hostile, Payload: []byte(p)}
			if i > 0 {
				m = &pb.Message{Origin: other, Payload: []byte(p), Sent: timestamppb.New(time.Unix(60, 5)), Received: timestamppb.New(time.Unix(61, 0))}
			}
			if err := s.Send(event(m)); err != nil {
				return err
			}
		}
		return s.Send(&pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Gap{Gap: &pb.Gap{Origin: other, From: 4, To: 5}}})
	}}
	addr := serve(t, f)
	const script = `echo "<$(cat)> $TAMTAM_MESSAGE_TOPIC|$TAMTAM_MESSAGE_ORIGIN|$TAMTAM_MESSAGE_SESSION|$TAMTAM_MESSAGE_SEQUENCE|` +
		`$TAMTAM_MESSAGE_SENT|$TAMTAM_MESSAGE_RECEIVED|$TAMTAM_MESSAGES|$TAMTAM_DROPPED|$TAMTAM_RPC"`
	want := fmt.Sprintf("<%s> %s|%s|9223372036854775809|1|||1|0|%s\n", hostile, hostile, other, addr) +
		fmt.Sprintf("<> |%s||0|1970-01-01T00:01:00.000000005Z|1970-01-01T00:01:01Z|1|0|%s\n", other, addr) +
		fmt.Sprintf("<two\nlines\n\xff> |%s||0|1970-01-01T00:01:00.000000005Z|1970-01-01T00:01:01Z|1|0|%s\n", other, addr)
	t.Setenv("TAMTAM_MESSAGE_TOPIC", "of another handler")
	handle := func(args ...string) result {
		f.streams = 0
		out, errs := &buffer{}, &buffer{} // the commands write to them as well
		code := runIn(t, out, errs, append([]string{"stream", "--rpc", addr}, args...)...)
		return result{out.String(), errs.String(), code}
	}
	r := handle("--exec", script)
	if r.code != 5 || r.out != want || !strings.Contains(r.err, "lost: messages 4 to 5 of "+other) {
		t.Errorf("%+v, want %s", r, want)
	}
	r = handle("-o", "json", "--coalesce", "1h", "--exec", `cat; echo "$TAMTAM_MESSAGES [$TAMTAM_MESSAGE_ORIGIN]"`)
	lines := strings.Split(r.out, "\n")
	if r.code != 5 || len(lines) != 5 || lines[3] != "3 []" || !strings.Contains(lines[1], `"payload":""`) || !strings.Contains(lines[2], `"payload":"dHdvCmxpbmVzCv8="`) {
		t.Errorf("%+v", r)
	}
	r = handle("--exec", "exit 3")
	if strings.Count(r.err, "the command of --exec ended with exit code 3") != 3 || r.code != 5 {
		t.Errorf("%+v", r)
	}
}
