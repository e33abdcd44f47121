// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Advertise is the address that identifies this node to others. Its zero value is the bound one.
type Advertise struct {
	IP   netip.Addr // invalid if there is a name
	Name string     // of a host or a network interface
	Port uint16     // 0: the bound one
}

var _ flag.Value = advertiseValue{}

// advertiseValue is an Advertise.
type advertiseValue struct{ p *Advertise }

func (v advertiseValue) String() string {
	if v.p == nil || *v.p == (Advertise{}) {
		return ""
	}
	host := v.p.Name
	if host == "" {
		host = v.p.IP.String()
	}
	if v.p.Port == 0 {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(v.p.Port)))
}

func (v advertiseValue) Set(s string) error {
	host, port, err := netaddr.Split(s, 0)
	if err != nil {
		return fmt.Errorf("%w; want an IP address, a host name or a network interface, with a port or without, such as 192.0.2.1 or [2001:db8::1]:9999", err)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		*v.p = Advertise{Name: host, Port: port}
		return nil
	}
	ip = ip.Unmap()
	if ip.IsUnspecified() {
		return errors.New("others cannot reach this address: give one that they can, such as 192.0.2.1")
	}
	if err := checkUnicast(ip); err != nil {
		return err
	}
	*v.p = Advertise{IP: ip, Port: port}
	return nil
}
