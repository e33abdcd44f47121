// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// attachments is a daemon whose streams end when the test says so, and that shows what it was sent.
type attachments struct {
	requests chan *pb.AttachRequest
	end      chan error
}

func (a *attachments) attach(s grpc.BidiStreamingServer[pb.AttachRequest, pb.AttachResponse]) error {
	ended := make(chan error, 1)
	go func() {
		for {
			r, err := s.Recv()
			if err != nil {
				ended <- nil
				return
			}
			select {
			case a.requests <- r:
			case <-s.Context().Done():
				return
			}
			if err := s.Send(&pb.AttachResponse{}); err != nil {
				return
			}
		}
	}()
	select {
	case err := <-a.end:
		return err
	case err := <-ended:
		return err
	case <-s.Context().Done():
		return nil
	}
}

// next returns the next request in which a service has a weight.
func (a *attachments) next(t *testing.T, weight uint32) {
	t.Helper()
	for {
		select {
		case r := <-a.requests:
			if len(r.GetServices()) == 1 && r.GetServices()[0].GetWeight() == weight {
				return
			}
		case <-time.After(time.Minute):
			t.Fatalf("no request with the weight %d", weight)
		}
	}
}

// TestAttach: another stream follows one that ends, also if it ends with a refusal, with the services of the
// last update.
func TestAttach(t *testing.T) {
	daemon := &attachments{requests: make(chan *pb.AttachRequest), end: make(chan error)}
	client := connect(t, &fake{attach: daemon.attach})
	lost := make(chan error, 9)
	web := tamtam.Service{Name: "web", Port: 8080}
	type result struct {
		a   *tamtam.Attachment
		err error
	}
	got := make(chan result, 1)
	go func() {
		a, err := client.Attach(t.Context(), tamtam.AttachOptions{Disconnected: func(err error) { lost <- err }}, web)
		got <- result{a, err}
	}()
	daemon.next(t, 1)
	r := <-got
	if r.err != nil {
		t.Fatal(r.err)
	}
	for i, c := range []struct {
		end  error
		want error
	}{
		{status.Error(codes.Unavailable, "it ends"), tamtam.ErrUnreachable},
		{refuse(codes.AlreadyExists, tamtam.ErrServiceTaken, "service is taken: web"), tamtam.ErrServiceTaken},
		{refuse(codes.DeadlineExceeded, tamtam.ErrSilent, "no request came in time"), tamtam.ErrSilent},
	} {
		daemon.end <- c.end
		if err := <-lost; !errors.Is(err, c.want) {
			t.Errorf("end %d: lost by %v, want %v", i, err, c.want)
		}
		daemon.next(t, uint32(i+1))
		web.Weight = i + 2
		updated := make(chan error, 1)
		go func() { updated <- r.a.Update(t.Context(), web) }()
		daemon.next(t, uint32(i+2))
		if err := <-updated; err != nil {
			t.Errorf("update %d: %v", i, err)
		}
	}
	r.a.Close()
}

// TestAttachErrors: what is refused at the start, or never sent.
func TestAttachErrors(t *testing.T) {
	daemon := &fake{}
	client := connect(t, daemon)
	for name, c := range map[string]struct {
		service tamtam.Service
		want    error
	}{
		"taken":      {tamtam.Service{Name: "taken", Port: 1}, tamtam.ErrServiceTaken},
		"a name":     {tamtam.Service{Name: "Web", Port: 1}, tamtam.ErrBadService},
		"no port":    {tamtam.Service{Name: "web"}, tamtam.ErrBadService},
		"a port":     {tamtam.Service{Name: "web", Port: 1 << 16}, tamtam.ErrBadService},
		"a weight":   {tamtam.Service{Name: "web", Port: 1, Weight: -1}, tamtam.ErrBadService},
		"a protocol": {tamtam.Service{Name: "web", Port: 1, Protocol: "sctp"}, tamtam.ErrBadService},
	} {
		if _, err := client.Attach(t.Context(), tamtam.AttachOptions{}, c.service); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := client.Attach(t.Context(), tamtam.AttachOptions{}); !errors.Is(err, tamtam.ErrBadService) {
		t.Errorf("no service: %v", err)
	}
	a, err := client.Attach(t.Context(), tamtam.AttachOptions{}, tamtam.Service{Name: "web", Port: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Update(t.Context(), tamtam.Service{Name: "taken", Port: 1}); !errors.Is(err, tamtam.ErrServiceTaken) {
		t.Errorf("an update that is refused: %v", err)
	}
	if err := a.Update(t.Context(), tamtam.Service{Name: "web", Port: 2}); err != nil {
		t.Errorf("one that is not: %v", err)
	}
	for began := time.Now(); daemon.port.Load() != 2; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("the daemon has the port %d, want 2", daemon.port.Load())
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lazy, err := tamtam.Dial(t.Context(), tamtam.WithAddress("127.0.0.1:1"), tamtam.Lazy())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lazy.Attach(ctx, tamtam.AttachOptions{}, tamtam.Service{Name: "web", Port: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if _, err := lazy.Attach(t.Context(), tamtam.AttachOptions{FailFast: true}, tamtam.Service{Name: "web", Port: 1}); !errors.Is(err, tamtam.ErrUnreachable) {
		t.Errorf("no daemon: %v", err)
	}
}

// connect returns a client of a fake.
func connect(t *testing.T, f *fake) *tamtam.Client {
	t.Helper()
	at, _ := serve(t, f, "127.0.0.1:0")
	return dial(t, at)
}

// TestAttachCloses: Disconnected may end the attachment.
func TestAttachCloses(t *testing.T) {
	daemon := &attachments{requests: make(chan *pb.AttachRequest, 9), end: make(chan error)}
	client := connect(t, &fake{attach: daemon.attach})
	attachment, closed := make(chan *tamtam.Attachment, 1), make(chan struct{})
	a, err := client.Attach(t.Context(), tamtam.AttachOptions{Disconnected: func(error) {
		(<-attachment).Close()
		close(closed)
	}}, tamtam.Service{Name: "web", Port: 8080})
	if err != nil {
		t.Fatal(err)
	}
	attachment <- a
	daemon.end <- status.Error(codes.Unavailable, "it ends")
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Fatal("Close does not return")
	}
}

// TestAttachLate: a daemon that comes late, and refuses, ends it.
func TestAttachLate(t *testing.T) {
	at, stop := serve(t, &fake{}, "127.0.0.1:0")
	stop()
	client := dial(t, at, tamtam.Lazy())
	lost := make(chan error, 9)
	failed := make(chan error, 1)
	go func() {
		_, err := client.Attach(t.Context(), tamtam.AttachOptions{Disconnected: func(err error) { lost <- err }}, tamtam.Service{Name: "taken", Port: 1})
		failed <- err
	}()
	if err := <-lost; !errors.Is(err, tamtam.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	serve(t, &fake{}, at)
	if err := <-failed; !errors.Is(err, tamtam.ErrServiceTaken) {
		t.Errorf("%v, want that it is taken", err)
	}
}
