// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// faultyNetwork is set, to how many of 100 packets are lost, in the process that alone has a network.
const faultyNetwork = "CLUSTERTEST_LOSS"

// TestQueryEndsOnFaultyNetworks is TestQueryEnds while packets are lost, and some daemons do not reach the
// others for a while. QUERY_LOSS=30 tries only that loss.
func TestQueryEndsOnFaultyNetworks(t *testing.T) {
	if loss := os.Getenv(faultyNetwork); loss != "" {
		n := &network{t: t, loss: loss}
		n.set()
		newKilled(t, 5).rounds(kills(t), n.set)
		return
	}
	all := []string{"0", "10", "30"}
	if one := os.Getenv("QUERY_LOSS"); one != "" {
		all = []string{one}
	}
	for _, loss := range all {
		t.Run(loss+" % loss", func(t *testing.T) {
			t.Parallel() // each has a network of its own, and waits most of the time
			again(t, faultyNetwork+"="+loss)
		})
	}
}

// again runs the test once more in a process with a network of its own, which ends with it.
func again(t *testing.T, env string) {
	t.Helper()
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no network of its own: %v", err)
		}
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	kills := os.Getenv("QUERY_KILLS")
	if kills == "" {
		kills = "4"
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+name+"$", "-test.v", "-test.timeout=0")
	cmd.Env = append(os.Environ(), env, "QUERY_KILLS="+kills, binVariable+"="+bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out := &lines{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Skipf("no network of its own: %v", err)
	}
	err := cmd.Wait()
	t.Log(out)
	switch {
	case err != nil:
		t.Error(err)
	case strings.Contains(out.String(), "--- SKIP"):
		t.Skip("see above")
	}
}

// network is that of this process: it has only the loopback device.
type network struct {
	t    *testing.T
	loss string
	up   bool
}

// set has packets between daemons lost, and all those between some daemons and the others.
func (n *network) set(apart ...*Daemon) {
	n.t.Helper()
	rules := "add table inet faults\ndelete table inet faults\ntable inet faults {\nchain input {\ntype filter hook input priority 0;\n"
	if len(apart) > 0 {
		var ports []string
		for _, d := range apart {
			ports = append(ports, fmt.Sprint(d.Gossip.Port()))
		}
		those := "{ " + strings.Join(ports, ", ") + " }"
		rules += fmt.Sprintf("udp sport %[1]s udp dport != %[1]s drop\nudp sport != %[1]s udp dport %[1]s drop\n", those)
	}
	if n.loss != "0" {
		rules += fmt.Sprintf("meta l4proto udp numgen random mod 100 < %s drop\n", n.loss)
	}
	rules += "}\n}\n"
	for _, c := range [][]string{{"ip", "link", "set", "lo", "up"}, {"nft", "-f", "-"}} {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Stdin = strings.NewReader(rules)
		switch out, err := cmd.CombinedOutput(); {
		case err != nil && n.up:
			n.t.Fatalf("%v: %v: %s", c, err, out)
		case err != nil:
			n.t.Skipf("no network of its own: %v: %v: %s", c, err, out)
		}
	}
	n.up = true
}
