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
	fs.Var(httpValue{&f.HTTP}, "http", "loopback `host:port` to serve the status page (/), /livez, /readyz and /metrics on, such as localhost:6263; port 0 for any free one (default: none, nothing is served)")
	fs.BoolVar(&f.HTTPInsecure, "http-insecure", false, "allow --http on an address that other machines can reach, without encryption or authentication")
}

// httpValue is the address to serve HTTP on; "" for none. Package web checks, when it
// resolves the address, that it is a loopback address.
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
