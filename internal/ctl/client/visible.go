// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/eelcocramer/tamtam/internal/escape"
)

// visibleUnary escapes the answer of a call for people, and its error in any case.
func (c Client) visibleUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := visibleError(invoke(ctx, method, req, reply, cc, opts...))
	if m, ok := reply.(proto.Message); ok && c.Visible && err == nil {
		makeVisible(m.ProtoReflect())
	}
	return err
}

// visibleStream does the same for a stream.
func (c Client) visibleStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, visibleError(err)
	}
	return &visibleMessages{s, c.Visible}, nil
}

type visibleMessages struct {
	grpc.ClientStream
	all bool
}

func (s *visibleMessages) RecvMsg(m any) error {
	err := visibleError(s.ClientStream.RecvMsg(m))
	if p, ok := m.(proto.Message); ok && s.all && err == nil {
		makeVisible(p.ProtoReflect())
	}
	return err
}

// visibleError escapes the message of a status. Other errors stay as they are.
func visibleError(err error) error {
	s, ok := status.FromError(err)
	if !ok || escape.Text(s.Message()) == s.Message() {
		return err
	}
	p := s.Proto() // a copy
	p.Message = escape.Text(p.Message)
	return status.FromProto(p).Err()
}

// makeVisible escapes all texts in a message. Bytes, which are payloads, stay as they are.
func makeVisible(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			visibleMap(f, v.Map())
		case f.IsList():
			for i := range v.List().Len() {
				if f.Message() != nil {
					makeVisible(v.List().Get(i).Message())
				} else if f.Kind() == protoreflect.StringKind {
					v.List().Set(i, visibleValue(v.List().Get(i)))
				}
			}
		case f.Message() != nil:
			makeVisible(v.Message())
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, visibleValue(v))
		}
		return true
	})
}

func visibleMap(f protoreflect.FieldDescriptor, all protoreflect.Map) {
	all.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		if f.MapValue().Message() != nil {
			makeVisible(v.Message())
		} else if f.MapValue().Kind() == protoreflect.StringKind {
			v = visibleValue(v)
			all.Set(k, v)
		}
		if f.MapKey().Kind() == protoreflect.StringKind && escape.Text(k.String()) != k.String() {
			all.Clear(k)
			all.Set(protoreflect.ValueOfString(escape.Text(k.String())).MapKey(), v)
		}
		return true
	})
}

func visibleValue(v protoreflect.Value) protoreflect.Value {
	return protoreflect.ValueOfString(escape.Text(v.String()))
}
