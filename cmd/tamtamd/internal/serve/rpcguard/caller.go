// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"fmt"

	"google.golang.org/grpc/credentials"
)

type tokenKey struct{}

// Caller is who makes a call, as far as it is known.
type Caller struct {
	Address     string // "unix" for a unix socket
	UID, PID    int    // of a unix socket's other end when it connected; UID -1: not known
	Certificate string // the subject of the client's certificate; empty without one
	Token       string // the name of the token; empty without one
	HTTP        bool   // by HTTP, not by gRPC
}

// CallerOf returns who makes a call.
func CallerOf(ctx context.Context) Caller {
	c := Caller{Address: peerOf(ctx), UID: -1}
	c.Token, _ = ctx.Value(tokenKey{}).(string)
	c.HTTP, _ = ctx.Value(httpKey{}).(bool)
	i := identityOf(ctx)
	if i == nil {
		return c
	}
	c.UID, c.PID = i.conn.uid, i.conn.pid
	if t, ok := i.AuthInfo.(credentials.TLSInfo); ok && len(t.State.VerifiedChains) > 0 {
		c.Certificate = t.State.PeerCertificates[0].Subject.String()
	}
	return c
}

// String returns what is known of the caller, such as "unix uid=1000 pid=4711 token=laptop".
func (c Caller) String() string {
	text := c.Address
	for f := c.Fields()[2:]; len(f) > 0; f = f[2:] {
		text += fmt.Sprintf(" %v=%v", f[0], f[1])
	}
	return text
}

// Fields returns what is known of the caller, for a line of the log.
func (c Caller) Fields() []any {
	fields := []any{"peer", c.Address}
	if c.UID >= 0 {
		fields = append(fields, "uid", c.UID)
	}
	if c.PID > 0 {
		fields = append(fields, "pid", c.PID)
	}
	if c.Certificate != "" {
		fields = append(fields, "certificate", c.Certificate)
	}
	if c.Token != "" {
		fields = append(fields, "token", c.Token)
	}
	if c.HTTP {
		fields = append(fields, "by", "http")
	}
	return fields
}
