// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/leases"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/services"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// errSilent: a program that is attached has sent nothing for as long as it said.
var errSilent = errors.New("no request came in time")

// attachEvery is the time between two requests of a program that are carried out: each may be news for
// all members. More of them wait in the connection.
const attachEvery = 20 * time.Millisecond

type attachStream = grpc.BidiStreamingServer[tamtamv1.AttachRequest, tamtamv1.AttachResponse]

func (s *v1) Attach(stream attachStream) error {
	lease, err := s.Leases.Open()
	if err != nil {
		return toStatus(err)
	}
	defer lease.End() // before the client learns that the call has ended
	// One goroutine reads, and one writes: a program that takes no response must not keep its lease.
	// Both end with the call.
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	requests, responses := make(chan *tamtamv1.AttachRequest), make(chan *tamtamv1.AttachResponse)
	go func() { cancel(takeRequests(ctx, stream, requests)) }()
	go func() { cancel(giveResponses(ctx, stream, responses)) }()
	silent := newSilence()
	defer silent.timer.Stop()
	var next *tamtamv1.AttachResponse // one to send; then no request is taken
	for {
		in, out := requests, responses
		if next == nil {
			out = nil
		} else {
			in = nil
		}
		select {
		case r := <-in:
			offers, within, err := offersOf(r)
			if err != nil {
				return toStatus(err)
			}
			announced, err := lease.Set(offers)
			if err != nil {
				return toStatus(err)
			}
			next = &tamtamv1.AttachResponse{Announced: announced}
			silent.begin(within, time.Now())
		case out <- next:
			next = nil
		case <-silent.timer.C:
			if silent.spare(time.Now()) {
				continue
			}
			s.Leases.Expired()
			return toStatus(fmt.Errorf("%w: want one within %v, the ttl", errSilent, silent.ttl))
		case <-s.Leases.Done():
			return toStatus(fanout.ErrClosed)
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, io.EOF) {
				return toStatus(err)
			}
			return nil // the program has ended the stream
		}
	}
}

// spareFor is how long a daemon that stood still waits for the request that may have come meanwhile.
const spareFor = 2 * time.Second

// silence is the time since the last request of a program.
type silence struct {
	timer  *time.Timer // fires when it is too long
	ttl    time.Duration
	due    time.Time // when the timer fires
	spared bool      // since the last request
}

func newSilence() *silence { return &silence{timer: time.NewTimer(math.MaxInt64)} }

// begin begins at a request; the next one must come within ttl.
func (s *silence) begin(ttl time.Duration, now time.Time) {
	s.ttl, s.due, s.spared = ttl, now.Add(ttl), false
	s.timer.Reset(ttl)
}

// spare returns whether a program is spared whose time is over, once, and then sets the timer again. If
// the timer is late, this daemon stood still: the request may wait to be read.
func (s *silence) spare(now time.Time) bool {
	if s.spared || now.Sub(s.due) < lateness.From {
		return false
	}
	s.spared = true
	s.timer.Reset(spareFor)
	return true
}

// offersOf returns the services of a request, and how soon the next one must come. Fails with
// services.ErrBad or errInvalid.
func offersOf(r *tamtamv1.AttachRequest) (offers []leases.Offer, ttl time.Duration, err error) {
	ttl = math.MaxInt64
	if d := r.GetTtl(); d != nil {
		if ttl = d.AsDuration(); d.CheckValid() != nil || ttl < limits.MinAttachTTL || ttl > limits.MaxAttachTTL {
			return nil, 0, fmt.Errorf("%w: ttl %v: want %v to %v", errInvalid, ttl, limits.MinAttachTTL, limits.MaxAttachTTL)
		}
	}
	for _, o := range r.GetServices() {
		s, err := services.New(o.GetName(), o.GetPort(), o.GetProtocol(), o.GetWeight())
		if err != nil {
			return nil, 0, err
		}
		offers = append(offers, leases.Offer{Service: s, Failing: o.GetFailing()})
	}
	return offers, ttl, nil
}

// takeRequests passes the requests of a program on.
func takeRequests(ctx context.Context, stream attachStream, to chan<- *tamtamv1.AttachRequest) error {
	for {
		r, err := stream.Recv()
		if err != nil {
			return err
		}
		select {
		case to <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-time.After(attachEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// giveResponses sends responses.
func giveResponses(ctx context.Context, stream attachStream, from <-chan *tamtamv1.AttachResponse) error {
	for {
		select {
		case r := <-from:
			if err := stream.Send(r); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
