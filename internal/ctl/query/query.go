// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package query is tamtamctl query: it asks members, and prints each answer when it arrives.
package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// ErrNobody: no member was asked.
var ErrNobody = errors.New("nobody was asked: no live member matches")

// SilentError: some members did not answer.
type SilentError struct{ Answered, Asked int }

func (e *SilentError) Error() string {
	return fmt.Sprintf("%d of %s answered", e.Answered, render.Plural(e.Asked, "member"))
}

// Config says how to print what comes of a query.
type Config struct {
	Printer render.Printer
	Err     io.Writer // for those who did not answer
}

// errDone ends the stream.
var errDone = errors.New("done")

// Run asks over a connection. It returns ErrNobody, or a SilentError if not all answered.
func Run(ctx context.Context, cfg Config, c *client.Conn, r *tamtamv1.QueryRequest) error {
	p := &printer{Config: cfg, answerers: map[string]uint32{}}
	err := client.Stream(ctx, c, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.QueryResponse], error) {
		return c.Query(ctx, r)
	}, p.event)
	switch {
	case status.Code(err) == codes.Unimplemented:
		return status.Error(codes.FailedPrecondition, "the daemon is of an earlier version, which knows no queries")
	case errors.Is(err, errDone):
		return p.end()
	case err == nil && ctx.Err() != nil: // the user has stopped it
		return ctx.Err()
	}
	return err
}

type printer struct {
	Config
	answerers map[string]uint32 // of the members, by address
	done      *tamtamv1.QueryDone
}

// event prints an event.
func (p *printer) event(r *tamtamv1.QueryResponse) error {
	var err error
	switch e := r.GetEvent().(type) {
	case *tamtamv1.QueryResponse_Asked:
		err = p.json(output.QueryAsked{Event: "asked", Members: e.Asked.GetMembers()})
	case *tamtamv1.QueryResponse_Received:
		m := e.Received.GetMember()
		p.answerers[m.GetAddress()] = e.Received.GetAnswerers()
		err = p.json(output.QueryReceived{Event: "received", Address: m.GetAddress(), Name: m.GetName(), Answerers: e.Received.GetAnswerers()})
	case *tamtamv1.QueryResponse_Answer:
		err = p.answer(e.Answer)
	case *tamtamv1.QueryResponse_Failure:
		err = p.failure(e.Failure)
	case *tamtamv1.QueryResponse_Done:
		p.done = e.Done
		err = p.json(output.QueryDone{
			Event: "done", Asked: e.Done.GetAsked(), Answered: e.Done.GetAnswered(), Answers: e.Done.GetAnswers(), Took: output.Millis(e.Done.GetTook()),
		})
		return cmp.Or(err, errDone)
	}
	return err // of an unknown event, which is a newer daemon's, nil
}

// json prints a line of JSON, if that is wanted.
func (p *printer) json(v any) error {
	if !p.Printer.JSON {
		return nil
	}
	return p.Printer.Print(v, nil)
}

func (p *printer) answer(a *tamtamv1.QueryAnswer) error {
	if p.Printer.JSON {
		j := output.QueryAnswer{
			Event: "answer", Address: a.GetMember().GetAddress(), Name: a.GetMember().GetName(), Answerer: a.GetAnswerer(),
			Payload: output.Slice(a.GetPayload()), Took: output.Millis(a.GetTook()),
		}
		if utf8.Valid(a.GetPayload()) {
			text := string(a.GetPayload())
			j.Text = &text
		}
		return p.json(j)
	}
	text := render.OneLine(string(a.GetPayload()))
	if render.IsTerminal(p.Printer.Out) {
		text = render.Escape(string(a.GetPayload()))
	}
	_, err := fmt.Fprintf(p.Printer.Out, "%s: %s\n", p.label(a.GetMember(), &a.Answerer), text)
	return err
}

func (p *printer) failure(f *tamtamv1.QueryFailure) error {
	reason := strings.TrimPrefix(f.GetReason().String(), "QUERY_FAILURE_REASON_")
	if p.Printer.JSON {
		return p.json(output.QueryFailure{
			Event: "failure", Address: f.GetMember().GetAddress(), Name: f.GetMember().GetName(), Answerer: f.Answerer, Reason: reason, Message: f.GetMessage(),
		})
	}
	_, err := fmt.Fprintf(p.Err, "tamtamctl: %s: no answer: %s\n", p.label(f.GetMember(), f.Answerer), render.Escape(f.GetMessage()))
	return err
}

// label returns the name of a member, or its address, and which of several answerers is meant.
func (p *printer) label(m *tamtamv1.QueryMember, answerer *uint32) string {
	label := cmp.Or(render.Name(m), render.Escape(m.GetAddress()))
	if p.Printer.Form == "wide" && m.GetName() != "" {
		label += " (" + m.GetAddress() + ")"
	}
	if answerer != nil && p.answerers[m.GetAddress()] > 1 {
		label += fmt.Sprintf(" #%d", *answerer+1)
	}
	return label
}

// end returns how the query ended.
func (p *printer) end() error {
	asked, answered := int(p.done.GetAsked()), int(p.done.GetAnswered())
	switch {
	case asked == 0:
		return ErrNobody
	case answered < asked:
		return &SilentError{answered, asked}
	}
	if !p.Printer.JSON && render.IsTerminal(p.Err) {
		fmt.Fprintf(p.Err, "%s answered in %s\n", render.Plural(asked, "member"), render.Trip(p.done.GetTook().AsDuration()))
	}
	return nil
}
