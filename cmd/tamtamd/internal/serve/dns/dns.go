// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package dns answers questions about members by DNS (RFC 1035), for programs that know nothing else. It is
// authoritative for the names below tamtam, and knows no others.
package dns

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/rate"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Members is the table of members.
type Members interface {
	List() (members []member.Member, revision uint64)
	Revision() uint64
}

const (
	// questionRate and questionBurst bound the questions of one client, see netaddr.Client: in a second, and
	// at once. More are dropped, as a network drops packets.
	questionRate, questionBurst = 1000, 2000
	// maxRequest bounds a request, in bytes. One with a name of 255 bytes and some options is far smaller.
	maxRequest = 1232
	// maxConnections bounds the TCP connections at the same time, and maxConnectionsEach those of one
	// client. More are closed.
	maxConnections, maxConnectionsEach = limits.DNSConnections, limits.DNSConnections * 3 / 4
	// tcpWithin is how long a client may take to send a request, or to take an answer.
	tcpWithin = 5 * time.Second
)

// counters are what this package counts.
var counters counter.Table

var (
	questions = counters.New("dns_questions", "Questions by DNS that were answered.")
	malformed = counters.New("dns_malformed", "Packets at the DNS address that are no questions.")
	overRate  = counters.New("dns_over_rate", "Questions by DNS that were dropped since their client asks too many a second.")
	refused   = counters.New("dns_connections_refused", "TCP connections to the DNS address that were closed since there were too many.")
)

// Sockets are what DNS is served on: UDP, and TCP at the same address.
type Sockets struct {
	udp *net.UDPConn
	tcp *net.TCPListener
}

// Listen binds an address, host:port; port 0 is any free one. Anybody who reaches it learns the members, so Listen
// refuses an address that other machines can reach, unless open is set. The error does not name the address.
func Listen(address string, open bool) (*Sockets, error) {
	at, err := Check(address, open)
	if err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		s, err := listen(at)
		// A free port of TCP may be taken for UDP.
		if err == nil || at.Port != 0 || tries == 9 {
			return s, err
		}
	}
}

func listen(at *net.TCPAddr) (*Sockets, error) {
	tcp, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, cause(err)
	}
	port := tcp.Addr().(*net.TCPAddr).Port
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: port, Zone: at.Zone})
	if err != nil {
		_ = tcp.Close()
		return nil, cause(err)
	}
	return &Sockets{udp: udp, tcp: tcp}, nil
}

// cause returns an error of net without the address, which the caller names.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Check resolves an address, and returns an error if Listen refuses it.
func Check(address string, open bool) (*net.TCPAddr, error) {
	a, err := netaddr.ResolveTCP(address)
	switch {
	case err != nil:
		return nil, err
	case len(a.IP) == 0 || a.IP.IsUnspecified():
		// An answer must come from the address that was asked.
		return nil, errors.New("it stands for all addresses of this machine: give one of them, such as localhost:8653")
	case !open && !a.IP.IsLoopback():
		return nil, errors.New("other machines can reach this address and learn all members: " +
			"give a loopback address, such as localhost:8653, or --dns-insecure to allow it")
	}
	return a, nil
}

// Addr returns the address that the sockets are bound to.
func (s *Sockets) Addr() net.Addr { return s.udp.LocalAddr() }

// Close closes the sockets.
func (s *Sockets) Close() error { return errors.Join(s.udp.Close(), s.tcp.Close()) }

// Server answers questions.
type Server struct {
	sockets *Sockets
	zone    zone
	rates   *rate.Limiter
	counts  *counter.Set
	pool    pool
}

// NewServer returns a server. It answers nothing before Serve.
func NewServer(s *Sockets, members Members) *Server {
	return &Server{
		sockets: s, zone: zone{members: members}, rates: rate.New(questionRate, questionBurst), counts: counters.NewSet(),
		pool: pool{open: map[net.Conn]string{}},
	}
}

// Counters adds the server's counters to m.
func (s *Server) Counters(m map[string]uint64) { s.counts.Counters(m) }

// Serve answers until Stop, and then returns nil.
func (s *Server) Serve() error {
	failed := make(chan error, 2)
	go func() { failed <- s.serveTCP() }()
	go func() { failed <- s.serveUDP() }()
	err := <-failed
	s.Stop()
	<-failed
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Stop ends Serve, and closes all connections.
func (s *Server) Stop() {
	_ = s.sockets.Close() // again, perhaps
	s.pool.close()
}

// serveUDP answers one question after the other, since none takes long.
func (s *Server) serveUDP() error {
	request := make([]byte, maxRequest+1)
	for {
		n, from, err := s.sockets.udp.ReadFromUDP(request)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			if !errors.Is(err, syscall.ECONNREFUSED) { // of an earlier answer, whose client has gone
				time.Sleep(acceptPause)
			}
			continue
		}
		if !s.admit(from) {
			continue
		}
		if response := s.respond(request[:n], false); response != nil {
			_, _ = s.sockets.udp.WriteToUDP(response, from) // the client asks again
		}
	}
}

// admit reports whether a client may ask one more question now.
func (s *Server) admit(from net.Addr) bool {
	if s.rates.Take(netaddr.Client(from), time.Now()) {
		return true
	}
	s.counts.Inc(overRate)
	return false
}

// respond returns the answer to a request; nil for none.
func (s *Server) respond(request []byte, stream bool) []byte {
	if len(request) > maxRequest {
		s.counts.Inc(malformed)
		return nil
	}
	response := s.zone.respond(request, stream)
	if response == nil {
		s.counts.Inc(malformed)
	} else {
		s.counts.Inc(questions)
	}
	return response
}
