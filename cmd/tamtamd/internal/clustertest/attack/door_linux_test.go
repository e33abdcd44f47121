// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	. "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/clustertest"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	short = 3 * time.Second
	// strangersMiB is what docs/security.md says that strangers can have a daemon take, its own
	// memory included, and some for a garbage collector that is late.
	strangersMiB = 128
	// callersMiB is the same of callers with a token.
	callersMiB = 128
)

// raw is a connection of HTTP/2 without a library that keeps its rules.
type raw struct {
	net.Conn
	*http2.Framer
	block  bytes.Buffer
	encode *hpack.Encoder
	stream uint32
	token  string // in the calls; empty for none
	dead   atomic.Bool
}

// dial opens a connection and reads what comes, for nothing. It comes from any address of the
// loopback interface, as every user of the machine can.
func dial(address string) (*raw, error) {
	r, err := open(address)
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = io.Copy(io.Discard, r.Conn)
		r.dead.Store(true)
	}()
	return r, nil
}

// open opens a connection to a port, or to the path of a socket.
func open(address string) (*raw, error) {
	network, from := "tcp", net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(rand.N(256)), byte(rand.N(256)), byte(1+rand.N(254)))}}
	if path.IsAbs(address) {
		network, from = "unix", net.Dialer{}
	}
	c, err := from.Dial(network, address)
	if err != nil {
		return nil, err
	}
	r := &raw{Conn: c, Framer: http2.NewFramer(c, c), stream: 1}
	r.encode = hpack.NewEncoder(&r.block)
	if _, err = io.WriteString(c, http2.ClientPreface); err == nil {
		err = r.WriteSettings()
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return r, nil
}

// call opens a stream without a token.
func (r *raw) call(method, timeout string, end bool) (stream uint32, err error) {
	r.block.Reset()
	fields := [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"}}
	if r.token != "" {
		fields = append(fields, [2]string{"authorization", "Bearer " + r.token})
	}
	if timeout != "" {
		fields = append(fields, [2]string{"grpc-timeout", timeout})
	}
	for _, f := range fields {
		if err := r.encode.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			return 0, err
		}
	}
	stream = r.stream
	r.stream += 2
	return stream, r.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: r.block.Bytes(), EndHeaders: true, EndStream: end})
}

// flood dials again and again, and does something on each connection until that fails.
func flood(address string, each func(r *raw) error) func(context.Context, int) int {
	return func(ctx context.Context, _ int) (tries int) {
		for ctx.Err() == nil {
			r, err := dial(address)
			if err != nil {
				time.Sleep(time.Millisecond) // it has no descriptors left, or we have none
				continue
			}
			for err == nil && !r.dead.Load() && ctx.Err() == nil {
				err = each(r)
				tries++
			}
			_ = r.Close()
		}
		return tries
	}
}

// TestRefusedCallsTakeNoMemory: a deadline of 292 years stays a timer in the library.
func TestRefusedCallsTakeNoMemory(t *testing.T) {
	a := newTarget(t)
	// What is left waits for a garbage collection, which a daemon at rest does in two minutes. It
	// would be 700 MiB if calls stayed.
	a.run(attack{for_: short, workers: 4, most: strangersMiB, rest: 64, port: true, do: flood(a.port, func(r *raw) error {
		_, err := r.call(tamtamv1.TamTamService_Leave_FullMethodName, "99999999H", true)
		return err
	})})
}

// TestHalfRequestsTakeNoMemory: calls without a token whose requests never end.
func TestHalfRequestsTakeNoMemory(t *testing.T) {
	a := newTarget(t)
	half := append([]byte{0, 0, 0, 0xff, 0xff}, make([]byte, 16<<10-5)...) // of 64 KiB
	a.run(attack{for_: short, workers: 4, most: strangersMiB, rest: 24, port: true, do: flood(a.port, func(r *raw) error {
		stream, err := r.call(tamtamv1.TamTamService_Broadcast_FullMethodName, "", false)
		if err == nil {
			err = r.WriteData(stream, false, half)
		}
		return err
	})})
}

// TestOpenProbesKeepNobodyOut: calls that need no token and never end, on many connections.
func TestOpenProbesKeepNobodyOut(t *testing.T) {
	a := newTarget(t)
	a.run(attack{for_: short, workers: 8, most: strangersMiB, rest: 24, port: true, do: flood(a.port, func(r *raw) error {
		if r.stream > 2*64 {
			time.Sleep(10 * time.Millisecond) // the rest of the time, all are open
			return nil
		}
		stream, err := r.call("/grpc.health.v1.Health/Watch", "", false)
		if err == nil {
			err = r.WriteData(stream, true, make([]byte, 5))
		}
		return err
	})})
}

// TestIdleConnectionsKeepNobodyOut: many, of many addresses of the loopback interface.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	a := newTarget(t)
	a.run(attack{for_: short, workers: 4, most: strangersMiB, rest: 24, do: func(ctx context.Context, worker int) (tries int) {
		var open []net.Conn
		for ctx.Err() == nil {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(worker), byte(2+tries%200))}}
			if c, err := d.Dial("tcp", a.port); err == nil {
				open = append(open, c)
				tries++
			}
			if len(open) > 500 {
				_ = open[0].Close()
				open = open[1:]
			}
			time.Sleep(time.Millisecond)
		}
		for _, c := range open {
			_ = c.Close()
		}
		return tries
	}})
}

// TestGuessedTokens: each call has another token. Nobody who guesses without end gets to try more
// than the rate of a client, over all of its connections and addresses.
func TestGuessedTokens(t *testing.T) {
	a := newTarget(t)
	guess := func(r *raw) (stream uint32, err error) {
		r.token = fmt.Sprintf("guess-%016x", rand.Uint64())
		if stream, err = r.call(tamtamv1.TamTamService_ListMembers_FullMethodName, "", false); err == nil {
			err = r.WriteData(stream, true, make([]byte, 5))
		}
		return stream, err
	}
	for name, do := range map[string]func(context.Context, int) int{
		"without a break": flood(a.port, func(r *raw) error {
			_, err := guess(r)
			return err
		}),
		// It does not wait until its connection is closed, but dials again after an answer.
		"on new connections": func(ctx context.Context, _ int) (tries int) {
			for ; ctx.Err() == nil; tries++ {
				r, err := open(a.port)
				if err != nil {
					continue
				}
				_ = r.SetDeadline(time.Now().Add(time.Second))
				stream, err := guess(r)
				for err == nil {
					var f http2.Frame
					if f, err = r.ReadFrame(); err == nil && f.Header().StreamID == stream {
						break
					}
				}
				_ = r.Close()
			}
			return tries
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := *a
			b.t, b.began = t, time.Now()
			before, began := a.counters(a.Daemon), time.Now()
			b.run(attack{for_: short, workers: 4, most: strangersMiB, rest: 24, port: true, do: do})
			after, most := a.counters(a.Daemon), 110+10*time.Since(began).Seconds()
			over := after["rpc_calls_over_rate"] - before["rpc_calls_over_rate"]
			looked := after["rpc_calls_unauthenticated"] - before["rpc_calls_unauthenticated"] - over
			t.Logf("%d guesses were told that they are wrong, %d that they are too many", looked, over)
			if looked == 0 || float64(looked) > most || over == 0 {
				t.Errorf("want 1 to %.0f of those", most)
			}
		})
	}
}

// reset makes a call and takes it back.
func reset(r *raw) error {
	stream, err := r.call(tamtamv1.TamTamService_ListMembers_FullMethodName, "", false)
	if err == nil {
		err = r.WriteRSTStream(stream, http2.ErrCodeCancel)
	}
	return err
}

// TestManyResets: 16 connections that reset calls without a break, and 16 that dial again after each.
// No member of three sees the attacked one change.
func TestManyResets(t *testing.T) {
	a := newTarget(t)
	third := StartDaemon(t, bin, nil, "--join", a.another.Gossip.String())
	for _, d := range []*Daemon{a.another, third} {
		Eventually(t, "all see it", func() bool { return d.Sees(a.Daemon, a.another, third) })
	}
	for name, do := range map[string]func(context.Context, int) int{
		"rapid reset": flood(a.port, reset),
		"on new connections": flood(a.port, func(r *raw) error {
			if err := reset(r); err != nil {
				return err
			}
			return io.EOF
		}),
	} {
		t.Run(name, func(t *testing.T) {
			b := *a
			b.t, b.began = t, time.Now()
			pulse := StartPulse(t)
			b.run(attack{for_: short, workers: 16, most: strangersMiB, rest: 24, do: do})
			suspected, dead := b.changes(third)
			t.Logf("at the third, seen SUSPECTED %d, DEAD %d times", suspected, dead)
			pulse.NotDead(t, dead)
		})
	}
}

// TestFloodsOfHTTP2: frames that cost the server more than the client.
func TestFloodsOfHTTP2(t *testing.T) {
	a := newTarget(t)
	floods := map[string]func(r *raw) error{
		"rapid reset": reset,
		"unknown methods": func(r *raw) error {
			_, err := r.call(fmt.Sprintf("/x/%d", r.stream), "", true)
			return err
		},
		"pings": func(r *raw) error { return r.WritePing(false, [8]byte{}) },
		"settings": func(r *raw) error {
			return r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
		},
		"window updates": func(r *raw) error { return r.WriteWindowUpdate(0, 1) },
	}
	for name, each := range floods {
		t.Run(name, func(t *testing.T) {
			b := *a
			b.t, b.began = t, time.Now()
			b.run(attack{for_: short, workers: 4, most: strangersMiB, rest: 24, port: true, do: flood(a.port, each)})
		})
	}
}

// TestViewersKeepNoProbeOut: streams of events, idle connections, and slow ones.
func TestViewersKeepNoProbeOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	newTarget(t, "--http", at)
	for name, text := range map[string]string{
		"events": "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n", "idle": "", "slow": "GET /livez HTTP/1.1\r\nHost: loc",
		"pipelined": strings.Repeat("GET /page/page.css HTTP/1.1\r\nHost: localhost\r\n\r\n", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			for range 64 {
				c, err := net.Dial("tcp", at)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
					t.Fatal(err)
				}
				_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // it takes what it takes
				if _, err := io.WriteString(c, text); err != nil {
					t.Fatal(err)
				}
			}
			client := http.Client{Timeout: Timeout}
			for i, began := 0, time.Now(); i < 20 || time.Since(began) < time.Second; i++ {
				resp, err := client.Get("http://" + at + "/livez")
				if err != nil {
					t.Fatalf("probe %d: %v", i, err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != 200 {
					t.Errorf("probe %d: code %d", i, resp.StatusCode)
				}
			}
		})
	}
}
