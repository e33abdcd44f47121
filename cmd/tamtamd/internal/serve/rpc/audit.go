// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"maps"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// auditEvery is the time between two lines about the frequent calls of one caller.
	auditEvery = time.Minute
	// maxAudited bounds the callers of frequent calls that are told apart in that time. The
	// calls of others share one line.
	maxAudited = 256
	// maxArguments bounds the text of the arguments of a call, in bytes.
	maxArguments = 512
)

// frequent are the calls that programs make all the time. They change nothing that stays, so
// the first of a caller has a line, and those of the next minute share one.
var frequent = map[string]bool{
	tamtamv1.TamTamService_Broadcast_FullMethodName: true,
	tamtamv1.TamTamService_Ping_FullMethodName:      true,
	tamtamv1.TamTamService_Query_FullMethodName:     true,
	service.TamTam_Broadcast_FullMethodName:         true,
	service.TamTam_Ping_FullMethodName:              true,
}

// auditor writes a line for each call that changes something: the method, what it changed, who
// called, and how it ended. No line has a payload or a key.
type auditor struct {
	logger log.Logger

	mu    sync.Mutex // guards what follows
	often map[caller]*repeated
}

// caller is who makes frequent calls of a method. Another connection or process of the same user
// is the same caller.
type caller struct {
	method string
	who    rpcguard.Caller
}

// repeated counts the calls since the last line.
type repeated struct {
	calls, failed int
	since         time.Time
}

func newAuditor(l log.Logger) *auditor { return &auditor{logger: l, often: map[caller]*repeated{}} }

// unary is an interceptor.
func (a *auditor) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if a.logger == nil || accesses[info.FullMethod] != rpcguard.Change {
		return handler(ctx, req)
	}
	c := caller{info.FullMethod, rpcguard.CallerOf(ctx)}
	if info.FullMethod == tamtamv1.TamTamService_Leave_FullMethodName || info.FullMethod == service.TamTam_Leave_FullMethodName {
		a.write(c, req, "begun") // the daemon may end before it is done
	}
	resp, err := handler(ctx, req)
	if frequent[info.FullMethod] {
		a.count(c, req, status.Code(err))
	} else {
		a.write(c, req, status.Code(err).String())
	}
	return resp, err
}

// stream is an interceptor for streams. The arguments are the first request: those of a program
// that answers say what it answers, those of one that is attached what it offers. As its call may last for months, the line is written when it
// begins, and another when it ends. One that is attached also has a line when it offers something else.
func (a *auditor) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if a.logger == nil || accesses[info.FullMethod] != rpcguard.Change {
		return handler(srv, ss)
	}
	c := caller{info.FullMethod, rpcguard.CallerOf(ss.Context())}
	audited := &auditedStream{ServerStream: ss}
	if info.IsClientStream {
		audited.line = func(req any, result string) { a.write(c, req, result) }
	}
	err := handler(srv, audited)
	audited.mu.Lock()
	defer audited.mu.Unlock()
	if frequent[info.FullMethod] {
		a.count(c, audited.request, status.Code(err))
	} else {
		a.write(c, audited.request, status.Code(err).String())
	}
	return err
}

// auditedStream keeps a request of a stream.
type auditedStream struct {
	grpc.ServerStream
	line func(req any, result string) // writes a line; nil for a stream of one request

	mu      sync.Mutex // guards request: the handler may end while it is received
	request any        // the first one, or the last that has a line
}

// RecvMsg implements grpc.ServerStream.
func (s *auditedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.request == nil:
		if s.request = m; s.line == nil {
			return nil
		}
		if r, answers := m.(*tamtamv1.AnswerQueriesRequest); answers {
			s.request = r.GetRegister() // nothing else: an answer has a payload
		}
		s.line(s.request, "begun")
	case offersElse(s.request, m):
		s.request = m
		s.line(m, "changed")
	}
	return nil
}

// offersElse returns whether a request of a program that is attached has other names, ports or protocols
// than an earlier one. Whether they fail, and their weights, may change all the time.
func offersElse(before, m any) bool {
	a, attached := before.(*tamtamv1.AttachRequest)
	b, attaches := m.(*tamtamv1.AttachRequest)
	return attached && attaches && !slices.EqualFunc(a.GetServices(), b.GetServices(), func(x, y *tamtamv1.OfferedService) bool {
		return x.GetName() == y.GetName() && x.GetPort() == y.GetPort() && x.GetProtocol() == y.GetProtocol()
	})
}

// write writes a line.
func (a *auditor) write(c caller, req any, result string) {
	line := []any{"msg", "audit", "method", path.Base(c.method)}
	if m, ok := req.(proto.Message); ok {
		if text := arguments(m); text != "" {
			line = append(line, "arguments", text)
		}
	}
	_ = a.logger.Log(append(append(line, c.who.Fields()...), "result", result)...)
}

// count counts a frequent call, and writes a line if it is the first in a while.
func (a *auditor) count(c caller, req any, code codes.Code) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := c
	if host, _, err := net.SplitHostPort(c.who.Address); err == nil {
		c.who.Address = host
	}
	c.who.PID = 0
	if len(a.often) >= maxAudited && a.often[c] == nil {
		c.who = rpcguard.Caller{Address: "others", UID: -1}
	}
	r := a.often[c]
	if r == nil {
		a.often[c] = &repeated{since: time.Now()}
		a.write(first, req, code.String())
		time.AfterFunc(auditEvery, func() { a.flush(c) })
		return
	}
	if r.calls++; code != codes.OK {
		r.failed++
	}
}

// flush writes a line about the calls of the last minute, and forgets a caller that made none.
func (a *auditor) flush(c caller) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.often[c]
	if r.calls == 0 {
		delete(a.often, c)
		return
	}
	a.writeCount(c, r)
	time.AfterFunc(auditEvery, func() { a.flush(c) })
}

// end writes the lines about the calls since the last ones: the daemon ends.
func (a *auditor) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c, r := range a.often {
		if r.calls > 0 {
			a.writeCount(c, r)
		}
	}
}

// writeCount writes a line about the calls that were counted. mu is held.
func (a *auditor) writeCount(c caller, r *repeated) {
	_ = a.logger.Log(append(append([]any{"msg", "audit", "method", path.Base(c.method)}, c.who.Fields()...),
		"calls", r.calls, "failed", r.failed, "in", time.Since(r.since).Round(time.Second))...)
	*r = repeated{since: time.Now()}
}

// arguments returns the fields of a request that are set, ordered by name. Of bytes, which are
// payloads and keys, it has the length only.
func arguments(m proto.Message) string {
	fields := map[string]string{}
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		text := ""
		switch {
		case f.IsList():
			var items []string
			for i := range v.List().Len() {
				if item := v.List().Get(i); f.Message() != nil {
					items = append(items, "{"+prototext.MarshalOptions{}.Format(item.Message().Interface())+"}")
				} else {
					items = append(items, item.String())
				}
			}
			text = "[" + strings.Join(items, " ") + "]"
		case f.IsMap():
			var items []string
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				items = append(items, k.String()+":"+v.String())
				return true
			})
			slices.Sort(items)
			text = "[" + strings.Join(items, " ") + "]"
		case f.Kind() == protoreflect.BytesKind:
			text = fmt.Sprintf("%d bytes", len(v.Bytes()))
		case f.Kind() == protoreflect.MessageKind:
			text = "{" + prototext.MarshalOptions{}.Format(v.Message().Interface()) + "}"
		case f.Kind() == protoreflect.EnumKind:
			text = string(f.Enum().Values().ByNumber(v.Enum()).Name())
		default:
			text = v.String()
		}
		fields[string(f.Name())] = text
		return true
	})
	var all []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, name+"="+fields[name])
	}
	text := strings.Join(all, " ")
	return strings.ToValidUTF8(text[:min(len(text), maxArguments)], "")
}
