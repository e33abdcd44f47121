// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attack

import (
	"context"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/protobuf/proto"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// untaken asks with the token, so many times over each connection, and takes no answer: by HTTP/2's
// window, which it leaves at 0, so that the system's buffers are empty.
func untaken(address, method string, request []byte, most uint32) func(context.Context, int) int {
	return flood(address, func(r *raw) error {
		if r.token == "" {
			r.token = token
			if err := r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
				return err
			}
		}
		if r.stream > 2*most {
			time.Sleep(50 * time.Millisecond)
			return nil
		}
		stream, err := r.call(method, "", false)
		if err == nil {
			err = r.WriteData(stream, true, request)
		}
		return err
	})
}

// fill broadcasts what streams of messages begin with, and returns a request for all of that.
func (a *target) fill() (request []byte) {
	a.t.Helper()
	for i := range 200 {
		if r := a.another.CtlIn(strings.Repeat("x", 250), "broadcast", "--topic", fmt.Sprint(i), "-"); r.Code != 0 {
			a.t.Fatalf("%+v", r)
		}
	}
	b, err := proto.Marshal(&tamtamv1.StreamMessagesRequest{Last: 1000})
	if err != nil {
		a.t.Fatal(err)
	}
	return append([]byte{0, 0, 0, 0, byte(len(b))}, b...)
}

// TestUnreadAnswers: a caller with a token asks, and takes no answer.
func TestUnreadAnswers(t *testing.T) {
	a := newTarget(t)
	messages := a.fill()
	for _, method := range []string{tamtamv1.TamTamService_ListMembers_FullMethodName, tamtamv1.TamTamService_GetCounters_FullMethodName,
		tamtamv1.TamTamService_StreamMessages_FullMethodName, tamtamv1.TamTamService_WatchMembers_FullMethodName} {
		request := make([]byte, 5)
		if method == tamtamv1.TamTamService_StreamMessages_FullMethodName {
			request = messages
		}
		t.Run(path.Base(method), func(t *testing.T) {
			b := *a
			b.t, b.began = t, time.Now()
			b.run(attack{for_: short, workers: 60, most: callersMiB, rest: 80, do: untaken(a.port, method, request, 200)})
		})
	}
}

// TestAllBoundsAtOnce: callers that take no answers, by the port and by the socket, and strangers with
// probes that never end and idle connections, all together.
func TestAllBoundsAtOnce(t *testing.T) {
	a := newTarget(t)
	messages := a.fill()
	byPort := untaken(a.port, tamtamv1.TamTamService_StreamMessages_FullMethodName, messages, 13)    // 260, of which 256 may be under way
	bySocket := untaken(a.socket, tamtamv1.TamTamService_StreamMessages_FullMethodName, messages, 4) // 100 of the 128 of a user: the operator is one, too
	watch := flood(a.port, func(r *raw) error {
		stream, err := r.call("/grpc.health.v1.Health/Watch", "", false)
		if err == nil {
			err = r.WriteData(stream, true, make([]byte, 5))
		}
		time.Sleep(50 * time.Millisecond)
		return err
	})
	idle := flood(a.port, func(*raw) error {
		time.Sleep(50 * time.Millisecond)
		return nil
	})
	a.run(attack{for_: 2 * short, workers: 90, most: callersMiB, rest: callersMiB, do: func(ctx context.Context, worker int) int {
		switch {
		case worker < 20:
			return byPort(ctx, worker)
		case worker < 45:
			return bySocket(ctx, worker)
		case worker < 60:
			return watch(ctx, worker)
		}
		return idle(ctx, worker)
	}})
}
