// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tamtamtest starts clusters of real daemons for tests, on the loopback interface, without root:
//
//	nodes := tamtamtest.Cluster(t, 3)
//	client := nodes[0].Client(t)
//	nodes[2].Kill()
//	tamtamtest.Eventually(t, "node 0 sees the death", func() bool { return nodes[0].Status(nodes[2]) == tamtam.Dead })
//
// The daemon is the program that the variable TAMTAMD names, else tamtamd in the PATH, else it is built: from
// the module that the test's module requires or replaces, or by "go install", which may need the network.
//
// Between each two nodes is a relay of this process, so that Cut can part them. Nodes have short timing: a
// death is found within a few seconds.
package tamtamtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam"
)

// Timeout is how long anything may take before a test fails. It is no expectation of speed.
const Timeout = 60 * time.Second

// Node is a daemon of a cluster. Its methods fail the test that the cluster was started for, and must be
// called on its goroutine.
type Node struct {
	// Address is the gossip address, as Member.Address has it. A restart keeps it.
	Address string
	// RPC is the address of the gRPC server, for tamtam.WithAddress and TAMTAM_RPC. A restart keeps it.
	RPC string

	t       testing.TB
	program string
	args    []string
	relay   *relay
	others  []*Node // of the cluster
	client  *tamtam.Client

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	out   *output
}

// Cluster starts n daemons that join through the first, and waits until each sees all. args are further flags
// of all, such as "--tag", "role=web". They end with the test. A cluster of one is a node by itself.
func Cluster(t testing.TB, n int, args ...string) []*Node {
	t.Helper()
	program := find(t)
	var nodes []*Node
	for range n {
		node := &Node{t: t, program: program, args: args, relay: startRelay(t)}
		node.Address = node.relay.address.String()
		if len(nodes) > 0 {
			node.args = append([]string{"--join", nodes[0].Address}, args...)
		}
		node.start()
		nodes = append(nodes, node)
	}
	for _, node := range nodes {
		node.others = nodes
	}
	for _, node := range nodes {
		Eventually(t, node.Address+" sees all", func() bool { return node.Alive() == n })
	}
	return nodes
}

// start starts the process, at the addresses that it had, and waits until it serves.
func (n *Node) start() {
	n.t.Helper()
	// A port that is free now may be taken when the daemon binds it.
	for attempt := 0; ; attempt++ {
		gossip, rpc := n.relay.target(), n.RPC
		if gossip.Port() == 0 {
			gossip = freePort(n.t)
		}
		if rpc == "" {
			rpc = "127.0.0.1:0"
		}
		n.out, n.ended = &output{}, make(chan struct{})
		n.cmd = exec.Command(n.program, append([]string{
			"--config", "", "--bind", gossip.Addr().String(), "--port", fmt.Sprint(gossip.Port()), "--advertise", n.Address,
			"--rpc", rpc, "--heartbeat", "200ms", "--log-format", "json",
		}, n.args...)...)
		n.cmd.Env = environ(n.t.TempDir())
		n.cmd.Stderr = n.out
		n.relay.setTarget(gossip)
		if err := n.cmd.Start(); err != nil {
			n.t.Fatalf("start %s: %v", n.program, err)
		}
		ended, cmd := n.ended, n.cmd
		go func() {
			_ = cmd.Wait() // the exit code does not matter
			close(ended)
		}()
		n.t.Cleanup(func() {
			_ = cmd.Process.Kill()
			<-ended
		})
		var ready string
		Eventually(n.t, n.program+" has started", func() bool {
			ready = n.out.started()
			return ready != "" || n.over()
		})
		if ready != "" {
			n.RPC = ready
			return
		}
		if attempt == 5 || !strings.Contains(n.out.String(), "in use") {
			n.t.Fatalf("%s %v has ended:\n%s", n.program, n.cmd.Args[1:], n.out.String())
		}
		if n.RPC == "" { // the first start: the port need not be this one
			n.relay.setTarget(netip.AddrPort{})
		}
	}
}

// over reports whether the process has ended.
func (n *Node) over() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// environ is the environment of a daemon: this one's, without what would configure it.
func environ(home string) []string {
	env := []string{"HOME=" + home}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TAMTAM_") && !strings.HasPrefix(kv, "SMUDGE_") && !strings.HasPrefix(kv, "HOME=") {
			env = append(env, kv)
		}
	}
	return env
}

// Kill ends the daemon at once, as a crash does, and returns when it has ended. The others find it dead.
func (n *Node) Kill() {
	n.t.Helper()
	_ = n.cmd.Process.Kill() // it may have ended
	select {
	case <-n.ended:
	case <-time.After(Timeout):
		n.t.Fatalf("%s has not ended", n.Address)
	}
}

// Leave makes the daemon leave gracefully, and returns when it has ended. The others see that it left.
func (n *Node) Leave() {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	if _, _, err := n.own().Leave(ctx); err != nil {
		n.t.Fatalf("%s: leave: %v", n.Address, err)
	}
	Eventually(n.t, n.Address+" has ended", n.over)
}

// Restart ends the daemon as Kill does, unless it has ended, and starts it again at the same addresses. It joins
// through the node that it first joined through, or is found by the others.
func (n *Node) Restart() {
	n.t.Helper()
	n.Kill()
	n.start()
}

// Cut parts the node from others, all of the cluster if none is given: no packet passes between them, in either
// direction, until Heal. Nodes that both still reach relay for them, so that they stay members of each other.
func (n *Node) Cut(others ...*Node) { n.cut(true, others) }

// Heal undoes Cut.
func (n *Node) Heal(others ...*Node) { n.cut(false, others) }

func (n *Node) cut(cut bool, others []*Node) {
	if len(others) == 0 {
		others = n.others
	}
	for _, o := range others {
		if o != n {
			n.relay.cut(o.relay.target(), cut)
			o.relay.cut(n.relay.target(), cut)
		}
	}
}

// Client returns a connection to the daemon that ends with the test.
func (n *Node) Client(t testing.TB) *tamtam.Client {
	t.Helper()
	c, err := tamtam.Dial(context.Background(), tamtam.WithoutEnvironment(), tamtam.WithAddress(n.RPC), tamtam.WithTimeout(Timeout))
	if err != nil {
		t.Fatalf("%s: %v", n.Address, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// own returns the connection of this package itself.
func (n *Node) own() *tamtam.Client {
	n.t.Helper()
	if n.client == nil {
		n.client = n.Client(n.t)
	}
	return n.client
}

// Members returns the members as the daemon sees them; none if it does not answer.
func (n *Node) Members() []*tamtam.Member {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	members, err := n.own().Members(ctx, nil)
	if err != nil && !tamtam.Retryable(err) {
		n.t.Fatalf("%s: %v", n.Address, err)
	}
	return members
}

// Alive returns how many members the daemon sees as alive, including itself.
func (n *Node) Alive() int {
	n.t.Helper()
	alive := 0
	for _, m := range n.Members() {
		if m.GetStatus() == tamtam.Alive {
			alive++
		}
	}
	return alive
}

// Status returns how the daemon sees another node; 0 if it does not list it.
func (n *Node) Status(of *Node) tamtam.Status {
	n.t.Helper()
	for _, m := range n.Members() {
		if m.GetAddress() == of.Address {
			return m.GetStatus()
		}
	}
	return 0
}

// Log returns what the daemon has logged since it started, as lines of JSON.
func (n *Node) Log() string { return n.out.String() }

// Eventually polls until ok holds, and fails the test if it does not within Timeout.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Timeout); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", Timeout, what)
		}
	}
}

// output collects what a daemon logs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// started returns the address of the gRPC server, when the daemon has logged it.
func (o *output) started() (rpc string) {
	for line := range strings.Lines(o.String()) {
		var l struct{ Msg, RPC string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "started" {
			return l.RPC
		}
	}
	return ""
}
