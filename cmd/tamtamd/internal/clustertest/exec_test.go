// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// startExec starts a watch that runs a command, and returns what the command prints.
func startExec(t *testing.T, rpc, command string, env []string, args ...string) *Process {
	t.Helper()
	p, _ := start(t, bin, "tamtamctl", append([]string{"watch", "--retry", "--rpc", rpc, "--exec", command}, args...), env, false)
	return p
}

// TestExec: a command is run for each change, and may ask the daemon that is watched.
func TestExec(t *testing.T) {
	all := Cluster(t, bin, 2, "--name", `$(touch x)"; touch x`)
	p := startExec(t, all[0].RPC, `printf '%s %s %s %s-%s %s\n' "$TAMTAM_EVENT" "$TAMTAM_MEMBER_ADDRESS" "$TAMTAM_MEMBER_NAME" "$TAMTAM_PREVIOUS_STATUS" "$TAMTAM_MEMBER_STATUS" "$TAMTAM_REASON"; `+
		`grep -c '"event":"'; `+program(bin, "tamtamctl")+` address`, nil, "--exec-initial", "--member", all[1].Gossip.String(), "--status", "alive,left")
	address := all[1].Gossip.String()
	first := "present " + address + ` $(touch x)"; touch x -ALIVE ` + "\n1\n" + all[0].Gossip.String() + "\n"
	Eventually(t, "it is run for the first", func() bool { return p.out.String() == first })
	if code, _ := all[1].End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	second := first + "change " + address + ` $(touch x)"; touch x ALIVE-LEFT GOODBYE` + "\n1\n" + all[0].Gossip.String() + "\n"
	Eventually(t, "it is run for the change", func() bool { return p.out.String() == second })
	if code, _ := p.End(syscall.SIGTERM); code != 0 {
		t.Errorf("the watch's exit code is %d", code)
	}
}

// TestExecCoalesces: what comes within the time is one run, in which a broken pipe ends
// a program, as in any shell.
func TestExecCoalesces(t *testing.T) {
	all := Cluster(t, bin, 3)
	p := startExec(t, all[0].RPC, `echo "$TAMTAM_CHANGES [$TAMTAM_MEMBER_ADDRESS]"; grep -c '"event":"present"'; `+
		`exec 3>&1; { yes 2>/dev/null; echo $? >&3; } | head -n 1 >/dev/null`, nil, "--exec-initial", "--coalesce", "100ms")
	Eventually(t, "it is run", func() bool { return p.out.String() == "3 []\n3\n141\n" })
}

// TestExecEndsWhatItStarted: at the timeout and at the end, for which timeout(1) asks
// twice, down to a child's child that heeds no signal that asks.
func TestExecEndsWhatItStarted(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	const command = `sh -c 'trap "echo asked" TERM; echo $$; while :; do sleep 0.1; done' & wait`
	for name, args := range map[string][]string{"timeout": {"--exec-timeout", "500ms"}, "end": nil, "end, asked for twice": nil} {
		t.Run(name, func(t *testing.T) {
			p := startExec(t, d.RPC, command, nil, append(args, "--exec-initial")...)
			Eventually(t, "the child's child runs", func() bool { return strings.HasSuffix(p.out.String(), "\n") })
			pid, err := strconv.Atoi(strings.Fields(p.out.String())[0])
			if err != nil {
				t.Fatal(err)
			}
			if name == "end, asked for twice" {
				if err := p.Cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
				Eventually(t, "the watch is ending", func() bool { return strings.HasSuffix(p.out.String(), "asked\n") })
			}
			if args == nil {
				if code, _ := p.End(syscall.SIGTERM); code != 0 {
					t.Errorf("exit code %d", code)
				}
			}
			Eventually(t, "the child's child is dead", func() bool { return !running(pid) })
		})
	}
}

// running reports whether a process runs; one that has ended and was not waited for
// does not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(stat), ") ")
	return err != nil || !strings.HasPrefix(after, "Z")
}

// flood is a daemon whose members change more than anybody's do.
type flood struct {
	tamtamv1.UnimplementedTamTamServiceServer
	changes uint64
	sent    chan struct{}
}

func (f *flood) WatchMembers(_ *tamtamv1.WatchMembersRequest, s grpc.ServerStreamingServer[tamtamv1.WatchMembersResponse]) error {
	m := &tamtamv1.Member{Address: "192.0.2.1:9999", Name: strings.Repeat("x", 100), Status: tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}
	err := s.Send(&tamtamv1.WatchMembersResponse{Event: &tamtamv1.WatchMembersResponse_Synced{Synced: &tamtamv1.Synced{}}})
	for i := uint64(1); i <= f.changes && err == nil; i++ {
		err = s.Send(&tamtamv1.WatchMembersResponse{Revision: i, Event: &tamtamv1.WatchMembersResponse_Change{Change: &tamtamv1.MemberChange{Member: m}}})
	}
	if err != nil {
		return err
	}
	close(f.sent)
	<-s.Context().Done()
	return nil
}

// TestExecQueueIsBounded: of more changes than may wait, the oldest are dropped; each is
// either handed to a run or counted as dropped, and the last one is handed.
func TestExecQueueIsBounded(t *testing.T) {
	// All but what the connection holds, about 64 KiB, has reached the client when all
	// was sent.
	f := &flood{changes: 5000, sent: make(chan struct{})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	tamtamv1.RegisterTamTamServiceServer(s, f)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	file := filepath.Join(t.TempDir(), "go")
	p := startExec(t, l.Addr().String(), `while ! [ -e "$GO" ]; do sleep 0.05; done; echo "$TAMTAM_REVISION $TAMTAM_DROPPED"`, []string{"GO=" + file})
	Eventually(t, "all is sent", func() bool {
		select {
		case <-f.sent:
			return true
		default:
			return false
		}
	})
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	last := fmt.Sprintf("\n%d 0\n", f.changes)
	Eventually(t, "the last one is handed to a run", func() bool { return strings.HasSuffix(p.out.String(), last) })
	var runs, dropped int
	for line := range strings.Lines(p.out.String()) {
		var revision, n int
		if _, err := fmt.Sscan(line, &revision, &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		runs, dropped = runs+1, dropped+n
	}
	if runs+dropped != int(f.changes) || dropped < 2000 {
		t.Errorf("%d runs and %d dropped, of %d changes", runs, dropped, f.changes)
	}
	t.Logf("%d runs and %d dropped, of %d changes", runs, dropped, f.changes)
}
