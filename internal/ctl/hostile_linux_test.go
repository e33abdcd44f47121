// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/testpty"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// hostile has all that a view must not show as it is: ESC, CSI in 7 and 8 bits, OSC, direction
// marks, zero width, line ends, and what a shell or a page would take for its own.
const hostile = "\x1b[6;6fx\u009b31m\x1b]0;t\a\u202eab\u2066\u200b\ufeff\x7f\r\n$(id)`id`<b>'\"&\U000e0041"

// fill sets each field of a message to the hostile text, as deep as there are fields. Of fields
// that exclude each other, pick says which one is set.
func fill(m protoreflect.Message, depth, pick int) {
	scalar := func(f protoreflect.FieldDescriptor) protoreflect.Value {
		switch f.Kind() {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString(hostile)
		case protoreflect.BytesKind:
			return protoreflect.ValueOfBytes([]byte(hostile))
		case protoreflect.EnumKind:
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(1 + pick))
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(pick == 0)
		case protoreflect.Uint64Kind:
			return protoreflect.ValueOfUint64(7)
		case protoreflect.Uint32Kind:
			return protoreflect.ValueOfUint32(7)
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(7)
		}
		return f.Default()
	}
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		one := f.ContainingOneof()
		message := f.Message() != nil && !f.IsMap()
		switch {
		case one != nil && !one.IsSynthetic() && one.Fields().Get(pick%one.Fields().Len()) != f:
		case depth == 0 && f.Message() != nil:
		case f.IsMap():
			value := m.Mutable(f).Map().NewValue()
			if f.MapValue().Message() != nil {
				fill(value.Message(), depth-1, pick)
			} else {
				value = scalar(f.MapValue())
			}
			if f.MapKey().Kind() == protoreflect.StringKind {
				m.Mutable(f).Map().Set(protoreflect.ValueOfString(hostile).MapKey(), value)
			}
		case f.IsList() && message:
			fill(m.Mutable(f).List().AppendMutable().Message(), depth-1, pick)
		case f.IsList():
			m.Mutable(f).List().Append(scalar(f))
		case message:
			fill(m.Mutable(f).Message(), depth-1, pick)
		default:
			m.Set(f, scalar(f))
		}
	}
}

// serveHostile serves a daemon whose answers to all calls are hostile. With fails, all calls end
// with a hostile error.
func serveHostile(t *testing.T, fails bool, pick int) string {
	t.Helper()
	methods := pb.File_tamtam_v1_tamtam_proto.Services().ByName("TamTamService").Methods()
	s := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		name, _ := grpc.MethodFromServerStream(stream)
		method := methods.ByName(protoreflect.Name(name[strings.LastIndexByte(name, '/')+1:]))
		if fails || method == nil {
			return status.Error(codes.InvalidArgument, hostile)
		}
		if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		kind, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
		if err != nil {
			return err
		}
		answer := kind.New()
		fill(answer, 6, pick)
		return stream.SendMsg(answer.Interface())
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// views are the arguments of all commands; without a key here, a command fails the test.
func views(t *testing.T) map[string]string {
	dir := t.TempDir()
	return map[string]string{
		"address": "", "answer": "--exec true x", "attach": "--service web:1", "query": "x", "broadcast": "--wait all x", "completion": "bash", "configure heartbeat": "1s", "configure threshold": "info",
		"doctor": "", "healthy": "", "help": "nodes", "join": "192.0.2.1:1", "keys generate": "", "keys list": "", "keys install": "-",
		"keys use": "--force abcdefgh", "keys remove": "--force abcdefgh", "leave": "192.0.2.1:1", "remove": "--force x", "monitor": "", "nodes": "",
		"operator generate": filepath.Join(dir, "key"), "ping": "192.0.2.1:1", "ready": "", "rtt": "x", "stats": "", "stream": "", "tags set": "a=b",
		"tags delete": "a", "tags": "", "top": "--count 1", "topics": "", "version": "", "wait": "--member x", "watch": "", "why": "x",
	}
}

func leaves(c *ffcli.Command, path string) (all []string) {
	for _, sub := range c.Subcommands {
		name := strings.TrimSpace(path + " " + sub.Name)
		if len(sub.Subcommands) > 0 {
			all = append(all, leaves(sub, name)...)
		} else {
			all = append(all, name)
		}
	}
	return all
}

// lockedBuffer may be written by several goroutines, as a file may.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// own are the sequences that top draws with.
var own = regexp.MustCompile(`\x1b\[(\?\d+[hl]|[HJK]|\d*(;\d+)*m)`)

// raw returns what of a view controls a terminal, is not visible, or begins a line in the name
// of a member.
func raw(text string) string {
	text = strings.ReplaceAll(own.ReplaceAllString(text, ""), "\r\n", "\n")
	for i, r := range text {
		if escape.Hidden(r) || r < ' ' && r != '\n' && r != '\t' {
			return text[max(0, i-40):min(len(text), i+40)]
		}
	}
	if i := strings.Index("\n"+text, "\n$(id)"); i >= 0 {
		return text[max(0, i-40):min(len(text), i+40)]
	}
	return ""
}

// TestHostileText: whatever names, tags, payloads, addresses and errors of the daemon and its
// members say, no view shows it raw.
func TestHostileText(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	t.Setenv("HOME", t.TempDir())
	arguments := views(t)
	for _, form := range []string{"table", "wide", "name", "json"} {
		for pick := range 5 {
			t.Run(fmt.Sprintf("%s, answer %d", form, pick), func(t *testing.T) {
				t.Parallel() // most of it waits for commands that go on until they are ended
				addr := serveHostile(t, pick == 4, pick)
				for _, name := range leaves(ctl.Command(), "") {
					args, ok := arguments[name]
					if !ok {
						t.Fatalf("no arguments for %s: add them to views", name)
					}
					line := append(strings.Fields(name), strings.Fields(args)...)
					line = append([]string{"--rpc", addr, "-o", form, "--timeout", "2s", "--trace"}, line...)
					viewHostile(t, name, line, name != "stream" && name != "query" || form == "json")
				}
			})
		}
	}
}

// viewHostile runs a command on a terminal, and, if piped, without one: there, a payload is as it
// was sent, but in JSON.
func viewHostile(t *testing.T, name string, line []string, piped bool) {
	t.Helper()
	run := func(s ctl.Streams) {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		ctl.Run(ctx, line, s)
	}
	p := testpty.Open(t)
	run(ctl.Streams{In: strings.NewReader(strings.Repeat("A", 43) + "="), Out: p.Slave, Err: p.Slave})
	const end = "the end"
	_, _ = io.WriteString(p.Slave, end)
	for deadline := time.Now().Add(time.Minute); !strings.HasSuffix(p.Output(), end); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: the terminal did not show all", name)
		}
	}
	if bad := raw(p.Output()); bad != "" {
		t.Errorf("%s, on a terminal: %q", name, bad)
	}
	if piped {
		var out, errs lockedBuffer
		run(ctl.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		if bad := raw(out.String()) + raw(errs.String()); bad != "" {
			t.Errorf("%s: %q", name, bad)
		}
	}
}
