// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

var (
	one = &tamtamv1.QueryMember{Address: "192.0.2.1:9999", Name: "one"}
	two = &tamtamv1.QueryMember{Address: "192.0.2.2:9999"}
)

func asked(n uint32) *tamtamv1.QueryResponse {
	return &tamtamv1.QueryResponse{Event: &tamtamv1.QueryResponse_Asked{Asked: &tamtamv1.QueryAsked{Members: n}}}
}

func received(m *tamtamv1.QueryMember, n uint32) *tamtamv1.QueryResponse {
	return &tamtamv1.QueryResponse{Event: &tamtamv1.QueryResponse_Received{Received: &tamtamv1.QueryReceived{Member: m, Answerers: n}}}
}

func answer(m *tamtamv1.QueryMember, i uint32, payload string) *tamtamv1.QueryResponse {
	return &tamtamv1.QueryResponse{Event: &tamtamv1.QueryResponse_Answer{Answer: &tamtamv1.QueryAnswer{
		Member: m, Answerer: i, Payload: []byte(payload), Took: durationpb.New(1500 * time.Microsecond),
	}}}
}

func failure(m *tamtamv1.QueryMember, i *uint32) *tamtamv1.QueryResponse {
	return &tamtamv1.QueryResponse{Event: &tamtamv1.QueryResponse_Failure{Failure: &tamtamv1.QueryFailure{
		Member: m, Answerer: i, Reason: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_NO_WAY, Message: "no\nway",
	}}}
}

func done(asked, answered uint32) *tamtamv1.QueryResponse {
	return &tamtamv1.QueryResponse{Event: &tamtamv1.QueryResponse_Done{Done: &tamtamv1.QueryDone{
		Asked: asked, Answered: answered, Answers: answered, Took: durationpb.New(time.Second),
	}}}
}

func TestPrint(t *testing.T) {
	for _, c := range []struct {
		name      string
		form      string
		events    []*tamtamv1.QueryResponse
		out, errs string
		end       error
	}{
		{"all", "table", []*tamtamv1.QueryResponse{asked(2), received(one, 1), answer(one, 0, "a\nb"), answer(two, 0, ""), done(2, 2)},
			"one: a\\nb\n192.0.2.2:9999: \n", "", nil},
		{"wide", "wide", []*tamtamv1.QueryResponse{asked(1), received(one, 2), answer(one, 0, "a"), failure(one, proto.Uint32(1)), done(1, 0)},
			"one (192.0.2.1:9999) #1: a\n", "tamtamctl: one (192.0.2.1:9999) #2: no answer: no\\nway\n", &SilentError{0, 1}},
		{"silent", "table", []*tamtamv1.QueryResponse{asked(2), failure(two, nil), answer(one, 0, "a"), done(2, 1)},
			"one: a\n", "tamtamctl: 192.0.2.2:9999: no answer: no\\nway\n", &SilentError{1, 2}},
		{"nobody", "table", []*tamtamv1.QueryResponse{asked(2), done(0, 0)}, "", "", ErrNobody},
		{"json", "json", []*tamtamv1.QueryResponse{asked(2), received(one, 1), answer(one, 0, "a"), answer(one, 1, "\xff"), failure(two, nil), failure(two, proto.Uint32(3)), {}, done(2, 1)},
			`{"event":"asked","members":2}
{"event":"received","address":"192.0.2.1:9999","name":"one","answerers":1}
{"event":"answer","address":"192.0.2.1:9999","name":"one","answerer":0,"payload":"YQ==","text":"a","took_ms":1.5}
{"event":"answer","address":"192.0.2.1:9999","name":"one","answerer":1,"payload":"/w==","took_ms":1.5}
{"event":"failure","address":"192.0.2.2:9999","reason":"NO_WAY","message":"no\nway"}
{"event":"failure","address":"192.0.2.2:9999","answerer":3,"reason":"NO_WAY","message":"no\nway"}
{"event":"done","asked":2,"answered":1,"answers":1,"took_ms":1000}
`, "", &SilentError{1, 2}},
	} {
		var out, errs bytes.Buffer
		p := &printer{Config: Config{Printer: render.Printer{Out: &out, Form: c.form, JSON: c.form == "json"}, Err: &errs}, answerers: map[string]uint32{}}
		var err error
		for _, e := range c.events {
			if err = p.event(e); err != nil {
				break
			}
		}
		if !errors.Is(err, errDone) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		end := p.end()
		if out.String() != c.out || errs.String() != c.errs || (end == nil) != (c.end == nil) || end != nil && end.Error() != c.end.Error() {
			t.Errorf("%s:\n%s%s%v, want\n%s%s%v", c.name, out.String(), errs.String(), end, c.out, c.errs, c.end)
		}
	}
}
