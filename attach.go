// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"errors"
	"fmt"
	"math"

	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/internal/attacher"
	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Service is a service that this program offers.
type Service struct {
	Name     string // 1 to 48 of a-z, 0-9 and -, a letter first
	Port     int    // 1 to 65,535
	Protocol string // "tcp" or "udp"; empty is "tcp"
	Weight   int    // its share among the nodes that offer it, 1 to 65,535; 0 is 1
	Failing  bool   // it does not work now: it is not announced, and keeps its name
}

// AttachOptions say how to attach. With the zero value, Attach waits for a daemon that is not there yet.
type AttachOptions struct {
	FailFast bool // return an error if the daemon is not there at the start
	// Disconnected is called when the stream ends, or there is none yet, once until there is one again; may be
	// nil. Meanwhile nothing is announced. It runs in a goroutine of its own, and may call Close.
	Disconnected func(err error)
}

// Attachment announces the services of this program.
type Attachment struct {
	attacher *attacher.Attacher
	cancel   context.CancelFunc
	ended    chan struct{}
}

// Attach announces the services of this program, as tags of the daemon's node, until ctx is done, Close, or the end of
// the program: when it crashes, all members know within milliseconds; when it hangs, after 10 seconds. Attach returns
// when the daemon has the services. It fails if the daemon refuses them, with ErrServiceTaken if another program at
// the node offers one of the name, or ErrBadTag if the node has too many tags; or if ctx is done first.
//
// When the stream ends later, for whatever reason, it opens another one, after 100 ms to 5 s.
func (c *Client) Attach(ctx context.Context, o AttachOptions, offered ...Service) (*Attachment, error) {
	offers, err := offersOf(offered)
	if err != nil {
		return nil, err
	}
	begun, ended := make(chan struct{}), make(chan struct{})
	running, cancel := context.WithCancel(ctx)
	a := &Attachment{cancel: cancel, ended: ended}
	first := true
	var failed error // once ended
	a.attacher = attacher.New(attacher.Config{
		Dial: c.config, Retry: !o.FailFast,
		Lost: func(err error) {
			if first && !dial.Retryable(err) { // a daemon that came late refuses
				failed = err
				cancel()
				return
			}
			if o.Disconnected != nil {
				go o.Disconnected(wrap(err))
			}
		},
		Back: func(bool) {
			if first {
				first = false
				close(begun)
			}
		},
	}, offers)
	go func() {
		defer close(ended)
		if err := a.attacher.Run(running); err != nil {
			failed = err
		}
	}()
	select {
	case <-begun:
		return a, nil
	case <-ended:
		cancel()
	}
	switch {
	case errors.Is(failed, attacher.ErrUnsupported):
		return nil, unsupported("attach")
	case failed == nil:
		failed = ctx.Err()
	}
	return nil, wrap(failed)
}

// Update replaces the services, such as by the same ones of which one is Failing, and returns when the daemon has
// them. Without a stream it returns at once: the next one begins with them. If the daemon refuses them, nothing of
// this program is announced until an Update that it takes.
func (a *Attachment) Update(ctx context.Context, offered ...Service) error {
	offers, err := offersOf(offered)
	if err != nil {
		return err
	}
	a.attacher.Set(offers)
	return wrap(a.attacher.Settle(ctx))
}

// Close withdraws the services, and returns when the daemon has, within a second.
func (a *Attachment) Close() {
	a.cancel()
	<-a.ended
}

// offersOf checks services.
func offersOf(offered []Service) (offers []attacher.Offer, err error) {
	bad := func(text string) error {
		return &Error{Reason: ErrBadService, Code: codes.InvalidArgument, Message: text}
	}
	if n := len(offered); n == 0 || n > tags.MaxCount {
		return nil, bad(fmt.Sprintf("%d services, want 1 to %d", n, tags.MaxCount))
	}
	for _, o := range offered {
		if o.Port < 0 || o.Weight < 0 || o.Port > math.MaxUint16 || o.Weight > math.MaxUint16 {
			return nil, bad(fmt.Sprintf("service %q: port %d, weight %d: want 1 to %d", o.Name, o.Port, o.Weight, math.MaxUint16))
		}
		s, err := services.New(o.Name, uint32(o.Port), o.Protocol, uint32(o.Weight))
		if err != nil {
			return nil, bad(err.Error())
		}
		offers = append(offers, attacher.Offer{Service: s, Failing: o.Failing})
	}
	return offers, nil
}
