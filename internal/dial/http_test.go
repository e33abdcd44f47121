// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/settings"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestHTTPServer: the client says that the address is one of an HTTP server, and does not try again.
func TestHTTPServer(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	config := Config{Settings: settings.Settings{Address: strings.TrimPrefix(s.URL, "http://")}}
	err := config.With(func(c *Conn) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.GetVersion(ctx, &tamtamv1.GetVersionRequest{})
		return c.Explain(err)
	})
	var distrusted *DistrustError
	if !errors.As(err, &distrusted) || distrusted.Cause != isHTTP || Retryable(err) {
		t.Errorf("%v", err)
	}
}

// TestSpeaksHTTP: a server that closes the connection, and none at all, do not.
func TestSpeaksHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	if speaksHTTP(l.Addr().String()) {
		t.Error("a server that closes speaks HTTP")
	}
	_ = l.Close()
	if speaksHTTP(l.Addr().String()) {
		t.Error("nobody speaks HTTP")
	}
}
