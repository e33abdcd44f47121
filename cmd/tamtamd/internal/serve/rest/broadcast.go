// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// usualTimeout is how long a call may take that names no timeout, and maxTimeout bounds what one may name.
	usualTimeout = 10 * time.Second
	maxTimeout   = 5 * time.Minute
)

// broadcast sends a message. The body is the message, or the whole request as JSON.
func (a *API) broadcast(w http.ResponseWriter, r *http.Request) {
	ctx, ok := a.enter(w, r, tamtamv1.TamTamService_Broadcast_FullMethodName)
	if !ok {
		return
	}
	leave, ok := a.posts.Enter(r)
	if !ok {
		fail(w, tooMany(w, a.posts, http.StatusTooManyRequests, "messages being sent"))
		return
	}
	defer leave()
	request, timeout, p := readBroadcast(w, r)
	if p != nil {
		fail(w, *p)
		return
	}
	// The server's deadlines are for requests that take less.
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Now().Add(timeout+takenWithin))); err != nil {
		fail(w, problem{http.StatusInternalServerError, "INTERNAL", "INTERNAL", err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, err := a.cfg.Calls().Broadcast(ctx, request)
	if err != nil {
		fail(w, problemOf(err))
		return
	}
	b, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(response)
	if err != nil {
		fail(w, problemOf(err))
		return
	}
	var line bytes.Buffer // protojson puts spaces in at random
	_ = json.Compact(&line, b)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(escape.JSON(line.Bytes()), '\n')) // the client has gone
}

// readBroadcast reads a request to broadcast.
func readBroadcast(w http.ResponseWriter, r *http.Request) (*tamtamv1.BroadcastRequest, time.Duration, *problem) {
	values := r.URL.Query()
	timeout := usualTimeout
	if values.Has("timeout") {
		var err error
		if timeout, err = time.ParseDuration(values.Get("timeout")); err != nil || timeout <= 0 || timeout > maxTimeout {
			p := invalid(fmt.Errorf("timeout %.40q: want a duration such as 5s, up to %s", values.Get("timeout"), maxTimeout))
			return nil, 0, &p
		}
		values.Del("timeout")
	}
	kind := ""
	if text := r.Header.Get("Content-Type"); text != "" {
		var err error
		if kind, _, err = mime.ParseMediaType(text); err != nil || kind == "multipart/form-data" {
			return nil, 0, &problem{http.StatusUnsupportedMediaType, "INVALID_ARGUMENT", "WRONG_TYPE",
				fmt.Sprintf("Content-Type %.100q: want application/json for a request, or text/plain or application/octet-stream for the message as it is", text)}
		}
	}
	most := int64(limits.MaxPayload)
	if kind == "application/json" {
		most = limits.HTTPPost
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, 0, &problem{http.StatusRequestEntityTooLarge, "INVALID_ARGUMENT", "PAYLOAD_TOO_LARGE", fmt.Sprintf("the body has more than %d bytes", most)}
	case err != nil:
		p := invalid(fmt.Errorf("read the body: %w", err))
		return nil, 0, &p
	}
	var request *tamtamv1.BroadcastRequest
	if kind == "application/json" {
		request, err = fromJSON(body, values)
	} else if request, err = fromValues(values); err == nil {
		request.Payload = body
	}
	if err != nil {
		p := invalid(err)
		return nil, 0, &p
	}
	return request, timeout, nil
}

// fromJSON reads a request that is JSON, beside which there must be no parameters.
func fromJSON(body []byte, values url.Values) (*tamtamv1.BroadcastRequest, error) {
	for key := range values {
		return nil, fmt.Errorf("parameter %s is given with application/json: want it in the body, or the message as it is with another Content-Type", key)
	}
	request := &tamtamv1.BroadcastRequest{}
	if err := protojson.Unmarshal(body, request); err != nil {
		return nil, fmt.Errorf(`%w: want a BroadcastRequest such as {"topic": "deploy", "payload": "aGVsbG8="}, with the payload in base64; `+
			"or the message as it is, with another Content-Type such as application/octet-stream", err)
	}
	return request, nil
}

// fromValues reads a request whose payload is the body.
func fromValues(values url.Values) (request *tamtamv1.BroadcastRequest, err error) {
	request = &tamtamv1.BroadcastRequest{Topic: values.Get("topic"), Members: values["member"]}
	if request.Tags, err = parseTags(values["tag"]); err != nil {
		return nil, err
	}
	for name, to := range map[string]*bool{"retain": &request.Retain, "no_wait": &request.NoWait} {
		if *to, err = parseSwitch(values, name); err != nil {
			return nil, err
		}
	}
	wait := values.Get("wait")
	switch n, err := strconv.ParseUint(wait, 10, 31); {
	case wait == "all":
		request.Wait = &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}
	case values.Has("wait") && (err != nil || n == 0):
		return nil, fmt.Errorf("wait %.40q: want all, or a number from 1", wait)
	case values.Has("wait"):
		request.Wait = &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: uint32(n)}
	}
	switch {
	case !values.Has("min") && wait == "all": // as of tamtamctl: a node that is cut off must not look like a cluster
		request.MinMembers = 1
	case values.Has("min") && wait != "all":
		return nil, errors.New("min is given without wait=all")
	default:
		request.MinMembers, err = parseNumber(values, "min")
	}
	return request, err
}

// parseSwitch reads a parameter that is true or false; absent is false, and the name alone is true.
func parseSwitch(values url.Values, name string) (bool, error) {
	switch text := values.Get(name); {
	case text == "true", text == "" && values.Has(name):
		return true, nil
	case text == "false", text == "":
		return false, nil
	default:
		return false, fmt.Errorf("%s %.40q: want true or false", name, text)
	}
}

// parseNumber reads a parameter that is a number; absent is 0.
func parseNumber(values url.Values, name string) (uint32, error) {
	if !values.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseUint(values.Get(name), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%s %.40q: want a number from 0", name, values.Get(name))
	}
	return uint32(n), nil
}
