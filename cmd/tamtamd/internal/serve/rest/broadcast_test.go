// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/restapi"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// calls is a gRPC API that does as it is told.
type calls struct {
	mu       sync.Mutex
	admit    error
	fails    error
	sent     *tamtamv1.BroadcastRequest
	left     time.Duration // until the deadline of the call
	hold     chan struct{} // a broadcast waits for it; may be nil
	asked    *tamtamv1.StreamMessagesRequest
	messages []*tamtamv1.StreamMessagesResponse
}

func (c *calls) Enter(r *http.Request, method string) (context.Context, error) {
	return r.Context(), c.admit
}

func (c *calls) Broadcast(ctx context.Context, r *tamtamv1.BroadcastRequest) (*tamtamv1.BroadcastResponse, error) {
	if c.hold != nil {
		<-c.hold
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline, _ := ctx.Deadline()
	c.sent, c.left = r, time.Until(deadline)
	return &tamtamv1.BroadcastResponse{SentTo: 2, Session: 1 << 60, Sequence: 4, Took: durationpb.New(time.Millisecond)}, c.fails
}

func (c *calls) StreamMessages(ctx context.Context, r *tamtamv1.StreamMessagesRequest, begun func() error, send func(*tamtamv1.StreamMessagesResponse) error) error {
	c.asked = r
	if c.fails != nil {
		return c.fails
	}
	_ = begun()
	for _, m := range c.messages {
		if err := send(m); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func refusal(c codes.Code, reason string) error {
	s, _ := status.New(c, "it is "+reason).WithDetails(&errdetails.ErrorInfo{Reason: reason})
	return s.Err()
}

// serveCalls serves calls.
func serveCalls(t *testing.T, c *calls) (*API, string) {
	t.Helper()
	api := New(Config{Calls: func() Calls { return c }})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, server.URL
}

// post posts a body with headers, and returns the answer.
func post(t *testing.T, url, body string, headers ...string) (code int, out map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %v, Content-Type %q", url, err, answer.Header.Get("Content-Type"))
	}
	return answer.StatusCode, out
}

func TestBroadcast(t *testing.T) {
	c := &calls{}
	_, url := serveCalls(t, c)
	all := &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}
	hello := []byte("hello")
	for _, x := range []struct {
		query, kind, body string
		want              *tamtamv1.BroadcastRequest
	}{
		{"?topic=deploy", "application/x-www-form-urlencoded", "hello", &tamtamv1.BroadcastRequest{Topic: "deploy", Payload: hello}},
		{"", "", "\x00\xff", &tamtamv1.BroadcastRequest{Payload: []byte("\x00\xff")}},
		{"?wait=all&min=3&no_wait", "text/plain; charset=utf-8", "hello", &tamtamv1.BroadcastRequest{Payload: hello, Wait: all, MinMembers: 3, NoWait: true}},
		{"?wait=2&tag=role=web&tag=zone!=b&member=192.0.2.1:9999&retain=false", "", "", &tamtamv1.BroadcastRequest{
			Wait:    &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: 2},
			Members: []string{"192.0.2.1:9999"}, Tags: []*tamtamv1.TagPattern{{Key: "role", Pattern: "web"}, {Key: "zone", Pattern: "b", Exclude: true}},
		}},
		{"?wait=all", "", "hello", &tamtamv1.BroadcastRequest{Payload: hello, Wait: all, MinMembers: 1}},
		{"?wait=all&min=0", "", "hello", &tamtamv1.BroadcastRequest{Payload: hello, Wait: all}},
		{"?topic=config&retain=true", "text/plain", "hello", &tamtamv1.BroadcastRequest{Topic: "config", Payload: hello, Retain: true}},
		{"", "application/json", `{"topic":"deploy","payload":"aGVsbG8=","waitAll":true}`, &tamtamv1.BroadcastRequest{Topic: "deploy", Payload: hello, Wait: all}},
		{"?timeout=5s", "application/json", `{"payload":"aGVsbG8=","no_wait":true,"tags":[{"key":"role","pattern":"web"}]}`,
			&tamtamv1.BroadcastRequest{Payload: hello, NoWait: true, Tags: []*tamtamv1.TagPattern{{Key: "role", Pattern: "web"}}}},
		{"", "", strings.Repeat("x", limits.MaxPayload), &tamtamv1.BroadcastRequest{Payload: []byte(strings.Repeat("x", limits.MaxPayload))}},
		{"", "application/json", `{"payload":"` + base64.StdEncoding.EncodeToString(make([]byte, limits.MaxPayload)) + `"}`, &tamtamv1.BroadcastRequest{Payload: make([]byte, limits.MaxPayload)}},
	} {
		c.sent = nil
		code, out := post(t, url+"/v1/broadcast"+x.query, x.body, "Content-Type", x.kind)
		if code != http.StatusOK || out["sent_to"] != 2.0 || out["session"] != "1152921504606846976" || out["have"] != 0.0 || out["took"] != "0.001s" || fmt.Sprint(out["missing"]) != "[]" {
			t.Errorf("%s %.60s: %d, %v", x.query, x.body, code, out)
		}
		if c.sent != nil && len(c.sent.GetPayload()) == 0 && len(x.want.GetPayload()) == 0 {
			c.sent.Payload = nil
		}
		if !proto.Equal(c.sent, x.want) {
			t.Errorf("%s %.60s: sent %.200v, want %.200v", x.query, x.body, c.sent, x.want)
		}
	}
	if post(t, url+"/v1/broadcast?timeout=1m", ""); c.left < 50*time.Second || c.left > time.Minute {
		t.Errorf("the call has %s", c.left)
	}
}

// TestBadBroadcast: what is wrong is named, and nothing is sent.
func TestBadBroadcast(t *testing.T) {
	c := &calls{}
	_, url := serveCalls(t, c)
	for _, x := range []struct {
		query, kind, body string
		code              int
		want              string
	}{
		{"?wait=some", "", "", 400, `"some"`},
		{"?wait=0", "", "", 400, `"0"`},
		{"?min=3", "", "", 400, "wait=all"},
		{"?wait=all&min=x", "", "", 400, `"x"`},
		{"?retain=yes", "", "", 400, `"yes"`},
		{"?tag=role", "", "", 400, "key=pattern"},
		{"?topic=a&topic=b", "", "", 400, "once"},
		{"?to=web", "", "", 400, "to"},
		{"?timeout=1h", "", "", 400, "1h"},
		{"?timeout=5", "", "", 400, "5s"},
		{"?topic=deploy", "application/json", "{}", 400, "topic"},
		{"", "application/json", `{"text":"hello"}`, 400, "octet-stream"},
		{"", "application/json", `hello`, 400, "base64"},
		{"", "application/json", "", 400, "base64"},
		{"", "multipart/form-data; boundary=x", "--x--", 415, "multipart"},
		{"", "text/", "hello", 415, "text/"},
		{"", "", strings.Repeat("x", limits.MaxPayload+1), 413, "65536"},
		{"", "application/json", strings.Repeat(" ", limits.HTTPPost+1), 413, "bytes"},
	} {
		code, out := post(t, url+"/v1/broadcast"+x.query, x.body, "Content-Type", x.kind)
		if text := fmt.Sprint(out["error"]); code != x.code || !strings.Contains(text, x.want) || out["code"] != "INVALID_ARGUMENT" || out["reason"] == "" {
			t.Errorf("%s %.60s: %d, %v, want %q", x.query, x.body, code, out, x.want)
		}
	}
	if c.sent != nil {
		t.Errorf("sent: %v", c.sent)
	}
}

// TestRefusedCalls: errors of the API have a status, a code and a reason.
func TestRefusedCalls(t *testing.T) {
	for _, x := range []struct {
		err  error
		code int
		name string
	}{
		{refusal(codes.Unauthenticated, "UNAUTHENTICATED"), 401, "UNAUTHENTICATED"},
		{refusal(codes.PermissionDenied, "READ_ONLY_TOKEN"), 403, "PERMISSION_DENIED"},
		{refusal(codes.ResourceExhausted, "BUSY"), 429, "RESOURCE_EXHAUSTED"},
		{refusal(codes.FailedPrecondition, "TOO_FEW_MEMBERS"), 400, "FAILED_PRECONDITION"},
		{refusal(codes.DeadlineExceeded, "DEADLINE"), 504, "DEADLINE_EXCEEDED"},
		{refusal(codes.Unavailable, "STOPPING"), 503, "UNAVAILABLE"},
		{refusal(codes.NotFound, "NOT_MEMBER"), 404, "NOT_FOUND"},
		{refusal(codes.InvalidArgument, "PAYLOAD_TOO_LARGE"), 413, "INVALID_ARGUMENT"},
		{refusal(codes.DataLoss, "INTERNAL"), 500, "INTERNAL"},
	} {
		reason := strings.TrimPrefix(status.Convert(x.err).Message(), "it is ")
		for what, c := range map[string]*calls{"admitted": {admit: x.err}, "called": {fails: x.err}} {
			_, url := serveCalls(t, c)
			code, out := post(t, url+"/v1/broadcast", "hello")
			if code != x.code || out["code"] != x.name || out["reason"] != reason || out["error"] != "it is "+reason {
				t.Errorf("%s: %v: %d, %v", what, x.err, code, out)
			}
			var e restapi.Error
			if code, _ := get(t, url+"/v1/messages", &e); code != x.code || e.Reason != reason {
				t.Errorf("%s: messages: %v: %d, %+v", what, x.err, code, e)
			}
			if what == "admitted" && c.sent != nil {
				t.Error("it was sent")
			}
		}
	}
}

// TestForeignPages: pages of other sites, and other machines, send nothing and read nothing.
func TestForeignPages(t *testing.T) {
	c := &calls{}
	api, url := serveCalls(t, c)
	host := strings.TrimPrefix(url, "http://")
	for _, x := range []struct {
		headers []string
		code    int
	}{
		{[]string{"User-Agent", "curl/8.5.0"}, 200},
		{[]string{"User-Agent", ""}, 200},
		{[]string{"Origin", "http://" + host, "User-Agent", "Mozilla/5.0"}, 200},
		{[]string{"Origin", "http://" + host, "Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Origin", "https://evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Origin", "http://localhost:1"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://" + host}, 403},
		{[]string{"User-Agent", "Mozilla/4.0 (compatible; MSIE 7.0)"}, 403},
	} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "application/json"} {
			c.sent = nil
			code, out := post(t, url+"/v1/broadcast", "{}", append(x.headers, "Content-Type", kind)...)
			if code != x.code || (c.sent == nil) != (x.code == 403) || x.code == 403 && out["reason"] != "OTHER_SITE" {
				t.Errorf("%v: %d, %v, sent %v", x.headers, code, out, c.sent)
			}
		}
	}
	for _, path := range []string{"/v1/broadcast", "/v1/messages"} {
		for from, want := range map[string]int{"192.0.2.9:1234": 403, "[2001:db8::1]:1": 403, "@": 403} {
			r := httptest.NewRequest(map[bool]string{true: "POST", false: "GET"}[path == "/v1/broadcast"], path, strings.NewReader(""))
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			c.sent, c.asked = nil, nil
			if api.ServeHTTP(w, r); w.Code != want || !strings.Contains(w.Body.String(), "OTHER_MACHINE") || c.sent != nil || c.asked != nil {
				t.Errorf("%s from %s: %d, %s", path, from, w.Code, w.Body)
			}
		}
	}
	r, _ := http.NewRequest("OPTIONS", url+"/v1/broadcast", nil)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "POST" {
		t.Errorf("a preflight: %v, %v", answer, err)
	}
	for name := range answer.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a preflight gets %s", name)
		}
	}
}

// TestPostsAreBounded: so many are sent at the same time, and one more gets an error.
func TestPostsAreBounded(t *testing.T) {
	c := &calls{hold: make(chan struct{})}
	api, url := serveCalls(t, c)
	var sending sync.WaitGroup
	for range maxPosts {
		sending.Go(func() { post(t, url+"/v1/broadcast", "hello") })
	}
	for end := time.Now().Add(time.Minute); api.posts.Count() < maxPosts; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("they are not served")
		}
	}
	code, out := post(t, url+"/v1/broadcast", "hello")
	if code != http.StatusTooManyRequests || out["reason"] != "TOO_MANY_CALLS" || api.counts.Get(postsRefused) != 1 {
		t.Errorf("%d, %v", code, out)
	}
	close(c.hold)
	sending.Wait()
	if code, out := post(t, url+"/v1/broadcast", "hello"); code != http.StatusOK {
		t.Errorf("afterwards: %d, %v", code, out)
	}
}

func TestMessages(t *testing.T) {
	long := make([]byte, maxCursor+1)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := &calls{messages: []*tamtamv1.StreamMessagesResponse{
		{Cursor: []byte("\x00one")},
		{Cursor: []byte("two"), Event: &tamtamv1.StreamMessagesResponse_Message{Message: &tamtamv1.Message{
			Origin: web.String(), Session: 1 << 60, Sequence: 7, Topic: "deploy", Payload: []byte("<hello>\u202e"), Sent: timestamppb.New(at), Received: timestamppb.New(at)}}},
		{Cursor: long, Event: &tamtamv1.StreamMessagesResponse_Message{Message: &tamtamv1.Message{Origin: web.String(), Payload: []byte{0xff}}}},
		{Event: &tamtamv1.StreamMessagesResponse_Gap{Gap: &tamtamv1.Gap{Origin: web.String(), Session: 3, From: 4, To: 6}}},
	}}
	api, url := serveCalls(t, c)
	api.beats = time.Millisecond
	next, end := watcher(t, url+"/v1/messages?topic=deploy&topic=a/*&origin=192.0.2.1:9999&tag=role=web&name=w*&last=3&since=2026-01-02T03:04:05Z&retained", "*/*")
	for _, want := range []string{
		`{"event":"cursor","cursor":"AG9uZQ"}`,
		`{"event":"message","origin":"192.0.2.2:9999","session":"1152921504606846976","sequence":7,"topic":"deploy","sent":"2026-01-02T03:04:05Z",` +
			`"received":"2026-01-02T03:04:05Z","retained":false,"payload":"PGhlbGxvPuKArg==","text":"\u003chello\u003e\u202e","cursor":"dHdv"}`,
		`{"event":"message","origin":"192.0.2.2:9999","sequence":0,"retained":false,"payload":"/w=="}`,
		`{"event":"gap","origin":"192.0.2.2:9999","session":"3","from":4,"to":6}`,
	} {
		if got := next(); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
	want := &tamtamv1.StreamMessagesRequest{
		Topics: []string{"deploy", "a/*"}, Origins: []string{"192.0.2.1:9999"}, Last: 3, Since: timestamppb.New(at), Retained: true, After: []byte{},
		OriginFilter: &tamtamv1.MemberFilter{Name: "w*", Tags: []*tamtamv1.TagPattern{{Key: "role", Pattern: "web"}}},
	}
	if !proto.Equal(c.asked, want) {
		t.Errorf("asked for %v", c.asked)
	}
	end()
	for deadline := time.Now().Add(time.Minute); api.readers.Count() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a stream outlives its reader")
		}
	}

	next, end = watcher(t, url+"/v1/messages?after=AG9uZQ", "text/event-stream")
	for _, want := range []string{"event: cursor", "id: AG9uZQ", "data: {", "event: message", "id: dHdv", "data: {", "event: message", "data: {"} {
		if got := next(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if string(c.asked.GetAfter()) != "\x00one" {
		t.Errorf("asked for what is after %q", c.asked.GetAfter())
	}
	end()
	for query, want := range map[string]string{
		"?after=%21": "cursor", "?last=x": `"x"`, "?since=yesterday": "yesterday", "?retained=1": `"1"`, "?tag=x": "key=pattern", "?status=alive": "status",
	} {
		var e restapi.Error
		if code, _ := get(t, url+"/v1/messages"+query, &e); code != 400 || !strings.Contains(e.Error, want) {
			t.Errorf("%s: %d, %+v", query, code, e)
		}
	}
}

// TestBrowserComesBack: it sends the last ID, with the parameters of its first request.
func TestBrowserComesBack(t *testing.T) {
	r := httptest.NewRequest("GET", "/v1/messages?last=3&since=2026-01-02T03:04:05Z&after=AG9uZQ", nil)
	r.Header.Set("Last-Event-ID", "dHdv")
	m, err := messagesRequest(r)
	if err != nil || string(m.GetAfter()) != "two" || m.GetLast() != 0 || m.GetSince() != nil {
		t.Errorf("%v, %v", m, err)
	}
}
