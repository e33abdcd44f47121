// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inNamespace has what the test does from now on happen in a network namespace of its own,
// which ends with the test.
func inNamespace(t *testing.T, setUp ...string) {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the test's goroutine
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace, which needs root: %v", err)
	}
	for _, line := range setUp {
		args := strings.Fields(line)
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", line, err, out)
		}
	}
}

// TestSendDoesNotWait: packets to a neighbour that is gone stay in the send buffer for up to
// three seconds. When it is full, Send drops the next ones, and goes on.
func TestSendDoesNotWait(t *testing.T) {
	inNamespace(t,
		"ip link add tt0 type veth peer name tt1",
		"ip link set tt0 up", "ip link set tt1 up",
		"ip addr add 192.0.2.1/24 dev tt0",
		"ip addr add 2001:db8::1/64 dev tt0 nodad")
	for from, to := range map[string]string{"192.0.2.1:0": "192.0.2.2:9", "[2001:db8::1]:0": "[2001:db8::2]:9"} {
		s := listen(t, from)
		if err := s.conn.SetWriteBuffer(16 << 10); err != nil {
			t.Fatal(err)
		}
		const packets = 1000
		for range packets {
			s.Send(netip.MustParseAddrPort(to), make([]byte, 100))
		}
		written(t, s)
		m := counted(s)
		if m["send_overflows"] == 0 || m["datagrams_sent"] == 0 || m["send_overflows"]+m["datagrams_sent"] != packets {
			t.Errorf("to %s: counted %v", to, m)
		}
	}
}
