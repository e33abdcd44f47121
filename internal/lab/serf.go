// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/serf/client"
)

const serfRPC = "127.0.0.1:7373"

// serf is a Serf agent with the LAN profile.
//
// What a node sees is read from the lines that it logs at each change. The RPC's
// stream of events would show it late: an agent collects member events until none came
// for a second, and drops those that undo each other. So this is the earlier, and the
// more complete, of the two.
type serf struct {
	*processes
	program string
	clients []atomic.Pointer[client.RPCClient] // by node; set before the node is ready
	index   map[string]int                     // by node name
}

func newSerf(ps *processes, program string) *serf {
	s := &serf{processes: ps, program: program, index: map[string]int{}}
	s.clients = make([]atomic.Pointer[client.RPCClient], len(ps.net.hosts))
	for i := range ps.net.nodes {
		s.index[ps.net.address(i).String()] = i
	}
	return s
}

func (s *serf) name() string { return s.system }

// alarms has no suspicion: an agent does not report that it suspects another.
func (s *serf) alarms() []status { return []status{dead} }

func (s *serf) start(ctx context.Context, i int) error {
	ip := s.net.address(i).String()
	lines := &eventLines{board: s.board, observer: i, index: s.index}
	return s.launch(ctx, i, lines, func(ctx context.Context, ready func()) { s.observe(ctx, i, ready) },
		s.program, "agent", "-node="+ip, "-bind="+net.JoinHostPort(ip, "7946"), "-rpc-addr="+serfRPC,
		"-profile=lan", "-log-level=info")
}

func (s *serf) join(_ context.Context, i, to int) error {
	_, err := s.clients[i].Load().Join([]string{s.net.address(to).String()}, false)
	return err
}

func (s *serf) leave(ctx context.Context, i int) error {
	p := s.ending(i)
	if p == nil {
		return nil
	}
	if err := s.clients[i].Load().Leave(); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// observe connects to node i, and keeps the connection until the node ends.
func (s *serf) observe(ctx context.Context, i int, ready func()) {
	err := poll(ctx, 5*time.Millisecond, func() error {
		return s.net.hosts[i].enter(func() error {
			// The client dials an IP address, so in this thread.
			c, err := client.ClientFromConfig(&client.Config{Addr: serfRPC, Timeout: time.Minute})
			if err == nil {
				s.clients[i].Store(c)
			}
			return err
		})
	})
	if err != nil {
		return
	}
	defer s.clients[i].Load().Close()
	ready()
	<-ctx.Done()
}

// eventLines reads the log of an agent:
//
//	2026/01/02 15:04:05 [INFO] serf: EventMemberFailed: NAME ADDRESS
type eventLines struct {
	board    *board
	observer int
	index    map[string]int
	rest     []byte // an incomplete line
}

// serfEvents has the status to which each event leads.
var serfEvents = map[string]status{
	"EventMemberJoin":   alive,
	"EventMemberFailed": dead,
	"EventMemberLeave":  left,
	"EventMemberReap":   unlisted,
}

func (l *eventLines) Write(b []byte) (int, error) {
	at := time.Now()
	l.rest = append(l.rest, b...)
	for {
		line, rest, complete := bytes.Cut(l.rest, []byte("\n"))
		if !complete {
			return len(b), nil
		}
		l.rest = rest
		if subject, to, ok := l.parse(string(line)); ok {
			l.board.set(l.observer, subject, to, at)
		}
	}
}

func (l *eventLines) parse(line string) (subject int, to status, ok bool) {
	_, text, ok := strings.Cut(line, " [INFO] serf: ")
	if !ok {
		return 0, 0, false
	}
	event, who, _ := strings.Cut(text, ": ")
	event = strings.TrimSuffix(event, " (forced)")
	if to, ok = serfEvents[event]; !ok {
		return 0, 0, false
	}
	name, _, _ := strings.Cut(who, " ")
	subject, ok = l.index[name]
	return subject, to, ok
}
