// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Plainnode is a plain Smudge program, as anybody would write one, for tests of
// clusters that have such nodes. It is also all that a 2018 tamtam agent is on the
// wire.
//
//	plainnode IP PORT [PEER-IP:PORT]
//
// It prints "ready", then a line for each status change and each broadcast it
// sees, and broadcasts each line of its standard input, at the end of which it
// exits.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"github.com/clockworksoul/smudge"
)

type printer struct{ ready chan struct{} }

func (p printer) OnChange(n *smudge.Node, s smudge.NodeStatus) {
	select {
	case <-p.ready:
	default:
		close(p.ready)
	}
	fmt.Printf("status %s %s\n", n.Address(), s)
}

func (p printer) OnBroadcast(b *smudge.Broadcast) {
	fmt.Printf("broadcast %s %s\n", b.Origin().Address(), b.Bytes())
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: plainnode IP PORT [PEER-IP:PORT]")
		os.Exit(2)
	}
	port, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	smudge.SetListenIP(net.ParseIP(os.Args[1]))
	smudge.SetListenPort(port)
	smudge.SetHeartbeatMillis(200)
	smudge.SetMulticastEnabled(os.Getenv("PLAINNODE_MULTICAST") != "")
	smudge.SetMulticastAddress(os.Getenv("PLAINNODE_MULTICAST"))
	if p, err := strconv.Atoi(os.Getenv("PLAINNODE_MULTICAST_PORT")); err == nil {
		smudge.SetMulticastPort(p)
	}
	smudge.SetLogThreshold(smudge.LogOff)
	p := printer{make(chan struct{})}
	smudge.AddStatusListener(p)
	smudge.AddBroadcastListener(p)
	go smudge.Begin()
	<-p.ready
	if len(os.Args) > 3 {
		peer, err := netip.ParseAddrPort(os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		n, _ := smudge.CreateNodeByIP(peer.Addr().AsSlice(), peer.Port())
		_, _ = smudge.AddNode(n)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := smudge.BroadcastBytes([]byte(in.Text())); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
