// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package readers bounds the clients that read a stream by HTTP.
package readers

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Readers are the clients that read a stream.
type Readers struct {
	most, each int // in all, and of one client

	mu  sync.Mutex // guards what follows
	all int
	by  map[string]int // by client
}

// New returns a bound: most streams at the same time, and each of one client.
func New(most, each int) *Readers { return &Readers{most: most, each: each, by: map[string]int{}} }

// Enter takes a reader, or reports that there are too many.
func (r *Readers) Enter(client string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all >= r.most || r.by[client] >= r.each {
		return false
	}
	r.all++
	r.by[client]++
	return true
}

// Leave ends the stream of a reader.
func (r *Readers) Leave(client string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all--
	if r.by[client]--; r.by[client] == 0 {
		delete(r.by, client)
	}
}

// Count returns how many streams there are.
func (r *Readers) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// ClientOf names the client of a request.
func ClientOf(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return netaddr.Client(net.TCPAddrFromAddrPort(a))
}
