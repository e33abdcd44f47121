// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Listen binds a TCP address; port 0 is any free one. The error does not name the address.
// The server has no encryption and no authentication, so Listen refuses an address that
// other machines can reach, unless open is set. most bounds the open connections, up to
// MaxConnections.
func Listen(address string, open bool, most int) (*Listener, error) {
	a, err := Check(address, open)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP("tcp", a)
	var op *net.OpError
	if errors.As(err, &op) {
		return nil, op.Err
	}
	if err != nil {
		return nil, err
	}
	return newListener(netaddr.Zoned(l, a), most), nil
}

// Check resolves an address, and returns an error if Listen refuses it.
func Check(address string, open bool) (*net.TCPAddr, error) {
	a, err := netaddr.ResolveTCP(address)
	if err != nil {
		return nil, err
	}
	if !open && !a.IP.IsLoopback() {
		return nil, errors.New("other machines can reach this address without encryption or authentication: " +
			"give a loopback address, such as localhost:6263, or --http-insecure to allow it")
	}
	return a, nil
}

// guard protects a server on loopback from web pages of other sites in a browser on this
// machine (DNS rebinding). Such a site can make a name of its own resolve to 127.0.0.1, but
// then the browser sends that name as Host.
func guard(at net.Addr, next http.Handler) http.Handler {
	if tcp, ok := at.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "this server answers to localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardPage does the same for the page of a server that other machines can reach. It serves
// requests whose Host is an IP, which no site can forge, or a known name. Probes and metrics
// accept any name: tools have their own names for a node, and these answers show less.
func guardPage(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		if _, err := netip.ParseAddr(host); err != nil && !local(r.Host) && (name == "" || !strings.EqualFold(host, name)) {
			http.Error(w, "ask for this page by the node's IP address, or by the name in --http", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns the host of a Host header, without the port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// local reports whether a Host header names the loopback interface.
func local(host string) bool {
	host = hostOf(host)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}
