// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"net/netip"
	"os"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// identity returns who this node says that it is, without a session.
func identity(f *daemonflags.Flags, addr netip.AddrPort, version string) member.Identity {
	return member.Identity{Addr: addr, Cluster: f.ClusterName, Info: member.Info{
		Name: nodeName(f.Name), Version: version, MaxPayload: f.MaxPayload, Tags: f.Tags.Encode(), Addressing: true, Retaining: true,
	}}
}

// nodeName returns the name asked for, else the host's.
func nodeName(asked string) string {
	if asked != "" {
		return asked
	}
	return hostLabel(hostname())
}

// hostname returns the name of the host, empty if it has none: a node needs none.
func hostname() string {
	host, _ := os.Hostname()
	return host
}

// sayName says what was replaced in the name of the host, if that is the node's.
func sayName(logger log.Logger, asked, host string) {
	if asked != "" || hostLabel(host) == host {
		return
	}
	_ = level.Warn(logger).Log("msg", "the name of the host has characters that others must quote: they are replaced; --name gives another name",
		"host", host, "name", hostLabel(host))
}

// hostLabel turns the name of a host into one that no script needs to quote: letters, digits and
// - _ . with a letter or digit at both ends, so that it is not an option or a path either. The
// domain stays, as in Serf. Other characters become "-". It returns "" if nothing is left.
func hostLabel(host string) string {
	name := strings.Map(func(r rune) rune {
		if plainRune(r) {
			return r
		}
		return '-'
	}, host)
	name = strings.Trim(name[:min(len(name), limits.MaxName)], "-_.")
	for strings.Contains(name, "..") {
		name = strings.ReplaceAll(name, "..", ".")
	}
	return name
}

// plainRune reports whether a character of a name means nothing to a shell.
func plainRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r)
}
