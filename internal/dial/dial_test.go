// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/settings"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestAuthority(t *testing.T) {
	for address, want := range map[string]string{
		"localhost:6262":           "localhost:6262",
		":6262":                    "localhost:6262",
		"192.0.2.1:6262":           "192.0.2.1:6262",
		"[::1]:6262":               "[::1]:6262",
		"[fe80::1%eth0]:6262":      "[fe80::1]:6262",
		"[FE80:0::1%25]:6262":      "[fe80::1]:6262",
		"[::ffff:192.0.2.1]:6262":  "[::ffff:192.0.2.1]:6262",
		"unix:///run/a b%20c/?d#e": "localhost",
	} {
		to, err := netaddr.ParseRPC(address)
		if have := authority(to); err != nil || have != want {
			t.Errorf("%s: %s, %v; want %s", address, have, err, want)
		}
	}
}

// authorities is a daemon that notes by what name it is called.
type authorities struct {
	tamtamv1.UnimplementedTamTamServiceServer
	names chan []string
}

func (a authorities) GetVersion(ctx context.Context, _ *tamtamv1.GetVersionRequest) (*tamtamv1.GetVersionResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	a.names <- md.Get(":authority")
	return &tamtamv1.GetVersionResponse{}, nil
}

// TestAllForms: the client reaches a daemon at all forms of addresses that the daemon takes.
func TestAllForms(t *testing.T) {
	odd := "unix://" + filepath.Join(t.TempDir(), "a b%20c%zz?d#é.sock")
	for _, c := range []struct{ listen, call, name string }{
		{"127.0.0.1:0", "127.0.0.1:%d", "127.0.0.1:%d"},
		{"localhost:0", "LOCALHOST:%d", "LOCALHOST:%d"},
		{":0", ":%d", "localhost:%d"},
		{"0.0.0.0:0", "0.0.0.0:%d", "0.0.0.0:%d"},
		{"127.0.0.1:0", "[::ffff:127.0.0.1]:0%d", "[::ffff:127.0.0.1]:0%d"},
		{"[::1]:0", "[0:0::1]:%d", "[::1]:%d"},
		{"[::1%lo]:0", "[::1%%lo]:%d", "[::1]:%d"},
		{"[::1]:0", "[::1%%lo]:%d", "[::1]:%d"},
		{odd, odd, "localhost"},
	} {
		at, err := netaddr.ParseRPC(c.listen)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen(at.Network, at.Addr)
		if err != nil {
			t.Logf("%s: not here: %v", c.listen, err)
			continue
		}
		s := grpc.NewServer()
		d := authorities{names: make(chan []string, 1)}
		tamtamv1.RegisterTamTamServiceServer(s, d)
		go func() { _ = s.Serve(l) }()
		name := c.name
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			c.call, name = fmt.Sprintf(c.call, tcp.Port), fmt.Sprintf(name, tcp.Port)
		}
		err = Config{Settings: settings.Settings{Address: c.call}}.With(func(conn *Conn) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := conn.GetVersion(ctx, &tamtamv1.GetVersionRequest{})
			return conn.Explain(err)
		})
		var unreachable *UnreachableError
		if errors.As(err, &unreachable) && c.call != c.listen && c.listen == "[::1]:0" {
			t.Logf("%s: there is no such zone here: %v", c.call, err) // Linux names its loopback interface lo
		} else if err != nil {
			t.Errorf("%s at %s: %v", c.call, c.listen, err)
		} else if have := <-d.names; len(have) != 1 || have[0] != name {
			t.Errorf("%s: it is called %q, want %s", c.call, have, name)
		}
		s.Stop()
	}
}
