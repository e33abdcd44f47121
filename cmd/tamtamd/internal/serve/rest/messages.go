// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/restapi"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// maxCursor bounds a cursor that is sent, in bytes: it must fit into the header of a request. Without one, a reader that
// comes back gets some messages twice.
const maxCursor = 4096

// messages serves messages, as they come.
func (a *API) messages(w http.ResponseWriter, r *http.Request) {
	ctx, ok := a.enter(w, r, tamtamv1.TamTamService_StreamMessages_FullMethodName)
	if !ok {
		return
	}
	request, err := messagesRequest(r)
	if err != nil {
		fail(w, invalid(err))
		return
	}
	s, leave, ok := a.open(w, r)
	if !ok {
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { a.beat(ctx, s) })
	err = a.cfg.Calls().StreamMessages(ctx, request, s.flush, s.message)
	cancel()
	beating.Wait() // nothing may write after the handler
	p := problemOf(err)
	if !s.begun {
		fail(w, p)
		return
	}
	_ = s.send("end", "", restapi.End{Event: "end", Why: p.text, Code: p.code, Reason: p.reason}) // the client may have gone
}

// beat writes empty lines once the stream has begun.
func (a *API) beat(ctx context.Context, s *stream) {
	beats := time.NewTicker(a.beats)
	defer beats.Stop()
	for {
		select {
		case <-beats.C:
			s.mu.Lock()
			begun := s.begun
			s.mu.Unlock()
			if begun && s.write("\n") != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// messagesRequest reads the parameters.
func messagesRequest(r *http.Request) (*tamtamv1.StreamMessagesRequest, error) {
	values := r.URL.Query()
	request := &tamtamv1.StreamMessagesRequest{Topics: values["topic"], Origins: values["origin"]}
	var err error
	if request.After, err = cursorOf(r.Header.Get("Last-Event-ID"), values.Get("after")); err != nil {
		return nil, err
	}
	if request.Last, err = parseNumber(values, "last"); err != nil {
		return nil, err
	}
	if request.Retained, err = parseSwitch(values, "retained"); err != nil {
		return nil, err
	}
	again := len(request.After) > 0 && r.Header.Get("Last-Event-ID") != "" // a browser, which asks as at first
	switch {
	case again:
		request.Last = 0
	case values.Has("since"):
		since, err := time.Parse(time.RFC3339, values.Get("since"))
		if err != nil {
			return nil, fmt.Errorf("since %.40q: want a time such as 2026-01-02T15:04:05Z", values.Get("since"))
		}
		request.Since = timestamppb.New(since)
	}
	tags, err := parseTags(values["tag"])
	if err != nil {
		return nil, err
	}
	if name := values.Get("name"); name != "" || len(tags) > 0 {
		request.OriginFilter = &tamtamv1.MemberFilter{Name: name, Tags: tags}
	}
	return request, nil
}

// cursorOf returns the first cursor that is given; empty if none is, which asks for some.
func cursorOf(ids ...string) ([]byte, error) {
	for _, id := range ids {
		if id == "" {
			continue
		}
		cursor, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil {
			return nil, fmt.Errorf("after %.40q: want a cursor of an earlier line", id)
		}
		return cursor, nil
	}
	return []byte{}, nil
}

// message sends what the call returned.
func (s *stream) message(r *tamtamv1.StreamMessagesResponse) error {
	cursor := ""
	if len(r.GetCursor()) <= maxCursor {
		cursor = base64.RawURLEncoding.EncodeToString(r.GetCursor())
	}
	switch {
	case r.GetMessage() != nil:
		return s.send("message", cursor, toMessage(r.GetMessage(), cursor))
	case r.GetGap() != nil:
		g := r.GetGap()
		return s.send("gap", cursor, restapi.Gap{
			Event: "gap", Origin: g.GetOrigin(), Session: id(g.GetSession()), From: g.GetFrom(), To: g.GetTo(), Cursor: cursor,
		})
	}
	return s.send("cursor", cursor, restapi.Cursor{Event: "cursor", Cursor: cursor})
}

func toMessage(m *tamtamv1.Message, cursor string) restapi.Message {
	out := restapi.Message{
		Event: "message", Origin: m.GetOrigin(), Session: id(m.GetSession()), Sequence: m.GetSequence(), Topic: m.GetTopic(),
		Retained: m.GetRetained(), Payload: m.GetPayload(), Cursor: cursor,
	}
	if m.GetSent() != nil {
		out.Sent = m.GetSent().AsTime()
	}
	if m.GetReceived() != nil {
		out.Received = m.GetReceived().AsTime()
	}
	if out.Payload == nil {
		out.Payload = []byte{}
	}
	if utf8.Valid(m.GetPayload()) {
		text := string(m.GetPayload())
		out.Text = &text
	}
	return out
}

// id returns a number as a text, since many readers of JSON round those over 2^53; empty for 0.
func id(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
