// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestCallsByHTTP: they have the access, the audit line, the deadline and the metrics of those by gRPC.
func TestCallsByHTTP(t *testing.T) {
	f, _ := serve(t)
	var lines bytes.Buffer
	var observed []string
	cfg := f.server.v1.Config
	cfg.Guard, cfg.Audit = tokenGuard(t, fullToken, readToken), log.NewLogfmtLogger(&lines)
	cfg.Observe = func(method string, _ bool, c codes.Code, _ time.Duration) {
		observed = append(observed, method+" "+c.String())
	}
	s := NewServer(cfg)
	defer s.Stop(0)
	enter := func(method, token string) (context.Context, error) {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = "127.0.0.1:4711"
		r.Header.Set("Authorization", "Bearer "+token)
		return s.Enter(r, method)
	}
	_, err := enter(tamtamv1.TamTamService_Broadcast_FullMethodName, readToken)
	code(t, err, codes.PermissionDenied)
	_, err = enter("/an.unknown/Method", readToken)
	code(t, err, codes.PermissionDenied)
	_, err = enter(tamtamv1.TamTamService_StreamMessages_FullMethodName, "guess-0123456789abcdef")
	code(t, err, codes.Unauthenticated)

	ctx, err := enter(tamtamv1.TamTamService_Broadcast_FullMethodName, fullToken)
	code(t, err, codes.OK)
	got, err := s.Broadcast(ctx, &tamtamv1.BroadcastRequest{Topic: "deploy", Payload: []byte("a secret")})
	if err != nil || got.GetSentTo() == 0 || string(f.request.Payload) != "a secret" {
		t.Errorf("%v, %v, sent %v", got, err, f.request)
	}
	if text := lines.String(); !strings.Contains(text, `method=Broadcast arguments="payload=8 bytes topic=deploy" peer=127.0.0.1:4711`) || !strings.Contains(text, "by=http") ||
		!strings.Contains(text, "result=OK") || strings.Contains(text, "secret") || strings.Contains(text, fullToken) {
		t.Errorf("the audit line is %s", text)
	}
	f.err = broadcast.ErrBusy
	_, err = s.Broadcast(ctx, &tamtamv1.BroadcastRequest{})
	code(t, err, codes.ResourceExhausted)

	ctx, err = enter(tamtamv1.TamTamService_StreamMessages_FullMethodName, readToken)
	code(t, err, codes.OK)
	begun, full := 0, errors.New("full")
	f.err, f.kept = nil, []broadcast.Message{{Stream: broadcast.Stream{Origin: alice}, Payload: []byte("kept")}}
	err = s.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{Last: 1}, func() error { begun++; return nil }, func(r *tamtamv1.StreamMessagesResponse) error {
		if begun != 1 || string(r.GetMessage().GetPayload()) != "kept" {
			t.Errorf("%d begun, got %v", begun, r)
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("the stream ends with %v", err)
	}
	if want := "/tamtam.v1.TamTamService/Broadcast OK /tamtam.v1.TamTamService/Broadcast ResourceExhausted /tamtam.v1.TamTamService/StreamMessages Unknown"; strings.Join(observed, " ") != want {
		t.Errorf("observed %v", observed)
	}
}
