// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"errors"
	"flag"
	"net"
	"strconv"
)

// registerHTTP defines the flags of the server of the status page, probes and metrics.
func registerHTTP(fs *flag.FlagSet, f *Flags) {
	fs.Var(httpValue{&f.HTTP}, "http", "`host:port` on this machine's loopback to serve the status page (/), /livez, /readyz and /metrics on, such as localhost:6263; port 0 for any free one (default: none, nothing is served)")
	fs.BoolVar(&f.HTTPInsecure, "http-insecure", false, "let --http be an address that other machines reach: whoever does is answered, without encryption or authentication")
}

// httpValue is where they are served; "" for nowhere. Whether the address is one
// of loopback is known when it is resolved: see package web.
type httpValue struct{ p *string }

var _ flag.Value = httpValue{}

func (v httpValue) String() string { return nameValue{p: v.p}.String() }

func (v httpValue) Set(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil && s != "" {
		return errors.New("want host:port, such as localhost:6263")
	}
	*v.p = s
	return nil
}
