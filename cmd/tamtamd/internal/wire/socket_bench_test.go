// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
)

// BenchmarkSend sends small packets to a socket that nobody reads: what does not fit into its
// buffer is dropped there.
func BenchmarkSend(b *testing.B) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		b.Run(addr, func(b *testing.B) {
			from, err := Listen(netip.MustParseAddrPort(addr))
			if err != nil {
				b.Skip(err)
			}
			defer from.Close()
			to, err := Listen(netip.MustParseAddrPort(addr))
			if err != nil {
				b.Skip(err)
			}
			defer to.Close()
			packet := make([]byte, 70)
			b.ReportAllocs()
			for b.Loop() {
				from.Send(to.Local(), packet)
			}
		})
	}
}
