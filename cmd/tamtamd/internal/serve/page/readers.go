// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// readers counts the readers of streams. The zero value has none.
type readers struct {
	mu  sync.Mutex // guards what follows
	all int
	by  map[string]int // by client
}

// enter takes a reader, or reports that there are too many.
func (r *readers) enter(client string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all >= maxReaders || r.by[client] >= maxReadersEach {
		return false
	}
	if r.by == nil {
		r.by = map[string]int{}
	}
	r.all++
	r.by[client]++
	return true
}

func (r *readers) leave(client string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all--
	if r.by[client]--; r.by[client] == 0 {
		delete(r.by, client)
	}
}

func (r *readers) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// clientOf names the client of a request.
func clientOf(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return netaddr.Client(net.TCPAddrFromAddrPort(a))
}
