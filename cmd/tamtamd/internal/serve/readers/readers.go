// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package readers bounds the requests by HTTP that take long, so that they keep no probe out.
package readers

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Readers are the clients whose requests are being served.
type Readers struct {
	most, each int // in all, and of one client
	counts     *counter.Set
	refused    *counter.Counter

	mu  sync.Mutex // guards what follows
	all int
	by  map[string]int // by client
}

// New returns a bound: most requests at the same time, and each of one client; fewer if there may be fewer HTTP
// connections than limits.HTTPConnections; 0 stands for that. refused counts in counts what is refused.
func New(most, each, connections int, counts *counter.Set, refused *counter.Counter) *Readers {
	if connections <= 0 || connections > limits.HTTPConnections {
		connections = limits.HTTPConnections
	}
	within := func(n int) int { return max(1, n*connections/limits.HTTPConnections) }
	return &Readers{most: within(most), each: within(each), counts: counts, refused: refused, by: map[string]int{}}
}

// Enter takes a request, or reports that there are too many. leave must be called when it has ended.
func (r *Readers) Enter(request *http.Request) (leave func(), ok bool) {
	client := clientOf(request)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all >= r.most || r.by[client] >= r.each {
		r.counts.Inc(r.refused)
		return nil, false
	}
	r.all++
	r.by[client]++
	return func() { r.leave(client) }, true
}

func (r *Readers) leave(client string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all--
	if r.by[client]--; r.by[client] == 0 {
		delete(r.by, client)
	}
}

// Count returns how many requests are being served.
func (r *Readers) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// Bounds returns the bounds.
func (r *Readers) Bounds() (most, each int) { return r.most, r.each }

// clientOf names the client of a request.
func clientOf(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return netaddr.Client(net.TCPAddrFromAddrPort(a))
}
