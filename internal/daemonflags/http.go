// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"fmt"
	"net"
	"strconv"
)

// registerHTTP defines the flags of the server of the status page, probes and metrics.
func registerHTTP(fs *flag.FlagSet, f *Flags) {
	fs.Var(listenValue{&f.HTTP, "localhost:6263"}, "http", "loopback `host:port` to serve the status page (/), JSON (/v1/), /livez, /readyz and /metrics on, such as localhost:6263; port 0 for any free one (default: none, nothing is served)")
	fs.BoolVar(&f.HTTPInsecure, "http-insecure", false, "allow --http on an address that other machines can reach, without encryption or authentication")
}

// registerDNS defines the flags of the DNS server.
func registerDNS(fs *flag.FlagSet, f *Flags) {
	fs.Var(listenValue{&f.DNS, "localhost:8653"}, "dns", "loopback `host:port` to answer DNS on, by UDP and TCP, for names of members, tags and services below tamtam, such as localhost:8653; port 0 for any free one (default: none, nothing is served)")
	fs.BoolVar(&f.DNSInsecure, "dns-insecure", false, "allow --dns on an address that other machines can reach: they learn all members and their tags")
}

// listenValue is an address to serve on; "" for none. The packages that serve check, when they
// resolve the address, that it is a loopback address.
type listenValue struct {
	p       *string
	example string
}

var _ flag.Value = listenValue{}

func (v listenValue) String() string { return nameValue{p: v.p}.String() }

func (v listenValue) Set(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil && s != "" {
		return fmt.Errorf("want host:port, such as %s", v.example)
	}
	*v.p = s
	return nil
}
