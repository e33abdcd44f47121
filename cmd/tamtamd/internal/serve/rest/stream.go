// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// buffer is the number of changes that a reader may fall behind.
	buffer = limits.ReaderBuffer
	// beatEvery is the time between two empty lines, which show that a stream is alive.
	beatEvery = 10 * time.Second
	// takenWithin bounds the time that a reader may take to read a line.
	takenWithin = 10 * time.Second
)

// stream writes lines of JSON, or server-sent events to a client that accepts those. After the first error it writes
// nothing more.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	events  bool // as server-sent events

	mu    sync.Mutex // guards what follows, and w
	begun bool       // something was written
	err   error
}

// open begins to serve a stream, which leave ends; false if the request is answered already.
func (a *API) open(w http.ResponseWriter, r *http.Request) (s *stream, leave func(), ok bool) {
	s = &stream{w: w, control: http.NewResponseController(w), events: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	kind := "application/x-ndjson"
	if s.events {
		kind = "text/event-stream"
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", kind)
		return nil, nil, false
	}
	if leave, ok = a.readers.Enter(r); !ok {
		fail(w, tooMany(w, a.readers, http.StatusServiceUnavailable, "watches and streams"))
		return nil, nil, false
	}
	// The server's deadline for a whole request would end the stream.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		leave()
		fail(w, problem{http.StatusInternalServerError, "INTERNAL", "INTERNAL", err.Error()})
		return nil, nil, false
	}
	w.Header().Set("Content-Type", kind)
	return s, leave, true
}

// send writes a line, or an event of that name, with an ID if there is one.
func (s *stream) send(event, id string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b = escape.JSON(b)
	if !s.events {
		return s.write(string(b) + "\n")
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	return s.write("event: " + event + "\n" + id + "data: " + string(b) + "\n\n")
}

func (s *stream) write(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.begun = true
	if s.err = s.control.SetWriteDeadline(time.Now().Add(takenWithin)); s.err != nil {
		return s.err
	}
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
	return s.err
}

// flush sends the header.
func (s *stream) flush() error { return s.write("") }
