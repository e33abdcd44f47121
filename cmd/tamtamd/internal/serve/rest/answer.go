// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/readers"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/restapi"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// answer writes JSON.
func answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		fail(w, problem{http.StatusInternalServerError, "INTERNAL", "INTERNAL", err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(escape.JSON(b), '\n')) // the client has gone
}

// answerEach writes an object that ends with an empty list, with elements in it. No more than one of them is kept as
// JSON: there may be thousands.
func answerEach[T any](w http.ResponseWriter, object any, elements iter.Seq[T]) {
	b, err := json.Marshal(object)
	if err != nil {
		fail(w, problem{http.StatusInternalServerError, "INTERNAL", "INTERNAL", err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	end := bytes.LastIndexByte(b, ']')
	out := bufio.NewWriter(w)
	_, err = out.Write(escape.JSON(b[:end]))
	first := true
	for v := range elements {
		one, failed := json.Marshal(v)
		if err != nil || failed != nil {
			panic(http.ErrAbortHandler) // the client has gone, or must see that the answer is not whole
		}
		if !first {
			_ = out.WriteByte(',') // the next write fails as well
		}
		first = false
		_, err = out.Write(escape.JSON(one))
	}
	_, _ = out.Write(append(b[end:], '\n'))
	_ = out.Flush() // the client has gone
}

// problem is why a request fails.
type problem struct {
	status       int
	code, reason string // as of gRPC
	text         string
}

var (
	otherSite    = problem{http.StatusForbidden, "PERMISSION_DENIED", "OTHER_SITE", "this is not for pages of other sites"}
	otherMachine = problem{http.StatusForbidden, "PERMISSION_DENIED", "OTHER_MACHINE", "messages are sent and read by HTTP from this machine only, since HTTP has no encryption: use gRPC with TLS"}
)

// invalid returns the problem of a request that is wrong.
func invalid(err error) problem {
	p := problem{http.StatusBadRequest, "INVALID_ARGUMENT", "INVALID_REQUEST", err.Error()}
	switch {
	case errors.Is(err, tags.ErrBad):
		p.reason = "BAD_TAG"
	case errors.Is(err, filter.ErrPattern):
		p.reason = "BAD_PATTERN"
	}
	return p
}

// codesOf has the status and the name of each code of gRPC, as google.rpc.Code documents them.
var codesOf = map[codes.Code]problem{
	codes.Canceled:           {499, "CANCELLED", "", ""},
	codes.InvalidArgument:    {http.StatusBadRequest, "INVALID_ARGUMENT", "", ""},
	codes.DeadlineExceeded:   {http.StatusGatewayTimeout, "DEADLINE_EXCEEDED", "", ""},
	codes.NotFound:           {http.StatusNotFound, "NOT_FOUND", "", ""},
	codes.PermissionDenied:   {http.StatusForbidden, "PERMISSION_DENIED", "", ""},
	codes.ResourceExhausted:  {http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "", ""},
	codes.FailedPrecondition: {http.StatusBadRequest, "FAILED_PRECONDITION", "", ""},
	codes.Unavailable:        {http.StatusServiceUnavailable, "UNAVAILABLE", "", ""},
	codes.Unauthenticated:    {http.StatusUnauthorized, "UNAUTHENTICATED", "", ""},
}

// problemOf returns the problem of a call that failed.
func problemOf(err error) problem {
	s := status.Convert(err)
	p, ok := codesOf[s.Code()]
	if !ok {
		p = problem{status: http.StatusInternalServerError, code: "INTERNAL"}
	}
	p.text, p.reason = s.Message(), "INTERNAL"
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			p.reason = info.GetReason()
		}
	}
	if p.reason == "PAYLOAD_TOO_LARGE" {
		p.status = http.StatusRequestEntityTooLarge
	}
	return p
}

// tooMany returns the problem of a request that there are too many of.
func tooMany(w http.ResponseWriter, of *readers.Readers, status int, what string) problem {
	w.Header().Set("Retry-After", "10")
	w.Header().Set("Connection", "close")
	most, each := of.Bounds()
	return problem{status, "RESOURCE_EXHAUSTED", "TOO_MANY_CALLS", fmt.Sprintf("there are %d %s already, or %d of yours", most, what, each)}
}

// fail writes an error as JSON.
func fail(w http.ResponseWriter, p problem) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	b, _ := json.Marshal(restapi.Error{Error: p.text, Code: p.code, Reason: p.reason}) // has only texts
	w.WriteHeader(p.status)
	_, _ = w.Write(append(escape.JSON(b), '\n')) // the client has gone
}
