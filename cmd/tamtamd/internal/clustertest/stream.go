// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Stream is a running tamtamctl that prints as things happen.
type Stream struct {
	*Process
	of *Daemon
}

// StartStream starts a streaming command on the daemon, and waits until the daemon
// serves it.
func StartStream(t testing.TB, d *Daemon, args ...string) *Stream {
	t.Helper()
	before := d.readers()
	p, _ := start(t, d.dir, "tamtamctl", args, []string{"TAMTAM_RPC=" + d.RPC}, false)
	Eventually(t, "the stream is served", func() bool { return d.readers() > before })
	return &Stream{p, d}
}

// readers is how many streams the daemon serves.
func (d *Daemon) readers() uint64 {
	d.t.Helper()
	c := d.Counters()
	return c["messages_readers"] + c["member_changes_readers"]
}

// Kill ends the stream, and waits until the daemon, which runs on, serves it no more: the next one
// would not be told from it.
func (s *Stream) Kill() {
	s.t.Helper()
	before := s.of.readers()
	s.Process.Kill()
	Eventually(s.t, "the stream's end is noticed", func() bool { return s.of.readers() < before })
}

// Wants waits until exactly this was printed, since the start.
func (s *Stream) Wants(t testing.TB, want string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("printed %q, want %q", s.out.String(), want)
		}
	}()
	Eventually(t, "the stream prints it", func() bool { return s.out.String() == want })
}

// Dial connects to the daemon.
func (d *Daemon) Dial() *grpc.ClientConn {
	d.t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+d.RPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Counters returns what the daemon has counted.
func (d *Daemon) Counters() map[string]uint64 {
	d.t.Helper()
	conn := d.Dial()
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	r, err := tamtamv1.NewTamTamServiceClient(conn).GetCounters(ctx, &tamtamv1.GetCountersRequest{})
	if err != nil {
		d.t.Fatal(err)
	}
	return r.GetCounters()
}
