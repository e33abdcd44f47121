// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	. "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/clustertest"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	token = "full-0123456789abcdef"
	// memoryLimit is as in the manifests for Kubernetes, whose limit is 128 MiB.
	memoryLimit = "GOMEMLIMIT=110MiB"
)

var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tamtam")
	if err == nil {
		err = Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// target is a daemon that is attacked, which serves a port and a socket, and needs tokens.
// another is a member of its cluster.
type target struct {
	*Daemon
	t       *testing.T
	again   func() *Daemon // starts it again
	port    string
	socket  string
	another *Daemon
	began   time.Time
}

func newTarget(t *testing.T, args ...string) *target {
	t.Helper()
	return newTargetOf(t, nil, args...)
}

// newTargetOf starts one in a cluster whose members all have the flags of both.
func newTargetOf(t *testing.T, both []string, args ...string) *target {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().String()
	_ = l.Close()
	socket := filepath.Join(dir, "s")
	args = append([]string{"--rpc", "unix://" + socket + "," + port, "--rpc-token-file", file}, append(both, args...)...)
	start := func() *Daemon { return StartDaemon(t, bin, []string{memoryLimit}, args...) }
	d := start()
	other := StartDaemon(t, bin, nil, append([]string{"--join", d.Gossip.String()}, both...)...)
	Eventually(t, "the other one sees it", func() bool { return other.Status(d) == "ALIVE" })
	return &target{d, t, start, port, socket, other, time.Now()}
}

// residentMiB is the memory of the daemon.
func (a *target) residentMiB() int {
	a.t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(a.Cmd.Process.Pid) + "/status")
	if err != nil {
		a.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			n, _ := strconv.Atoi(f[1])
			return n >> 10
		}
	}
	a.t.Fatal("no VmRSS")
	return 0
}

// processor is how much processor time the daemon has had.
func (a *target) processor() time.Duration {
	a.t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(a.Cmd.Process.Pid) + "/stat")
	if err != nil {
		a.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), ") ")
	ticks := 0
	for _, f := range strings.Fields(after)[11:13] { // in user mode, and in the kernel
		n, err := strconv.Atoi(f)
		if err != nil {
			a.t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100)
}

// changes returns how often another member has seen the target SUSPECTED, and DEAD, since it
// was attacked.
func (a *target) changes(by *Daemon) (suspected, dead int) {
	a.t.Helper()
	r := by.Ctl("why", a.Gossip.String(), "-o", "json")
	var all struct {
		Histories []struct {
			Changes []struct {
				Time   time.Time
				Status string
			}
		}
	}
	if err := json.Unmarshal([]byte(r.Out), &all); err != nil {
		a.t.Fatalf("why printed %q, %q: %v", r.Out, r.Err, err)
	}
	for _, h := range all.Histories {
		for _, c := range h.Changes {
			switch {
			case c.Time.Before(a.began):
			case c.Status == "SUSPECTED":
				suspected++
			case c.Status == "DEAD":
				dead++
			}
		}
	}
	return suspected, dead
}

// operator makes calls until ctx is done, each on a connection of its own, and returns how long
// each took; -1 if it failed.
func (a *target) operator(ctx context.Context, network, address string) []time.Duration {
	var took []time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		if err := list(network, address); err != nil {
			took = append(took, -1)
			a.t.Logf("operator on %s: %v", network, err)
		} else {
			took = append(took, time.Since(began))
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return took
}

// list lists the members, with the token.
func list(network, address string) error {
	return call(network, address, func(ctx context.Context, c tamtamv1.TamTamServiceClient) error {
		_, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
		return err
	})
}

// counters returns those of the target, or of another daemon, which needs no token.
func (a *target) counters(of *Daemon) (counters map[string]uint64) {
	a.t.Helper()
	if of != a.Daemon {
		return of.Counters()
	}
	if err := call("unix", a.socket, func(ctx context.Context, c tamtamv1.TamTamServiceClient) error {
		r, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{})
		counters = r.GetCounters()
		return err
	}); err != nil {
		a.t.Fatal(err)
	}
	return counters
}

// call makes a call with the token, over a connection of its own.
func call(network, address string, f func(context.Context, tamtamv1.TamTamServiceClient) error) error {
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(
		func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return f(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), tamtamv1.NewTamTamServiceClient(conn))
}

// attack is what is done to a target.
type attack struct {
	for_    time.Duration
	workers int
	do      func(ctx context.Context, worker int) (tries int) // until ctx is done
	// port: the operator gets in by the port, too, and not by the socket alone.
	port bool
	most int // MiB that the daemon may have while it lasts, and
	rest int // MiB more than before when it is over
}

// run attacks, and checks what must hold.
func (a *target) run(x attack) {
	a.t.Helper()
	before, processor, pulse := a.residentMiB(), a.processor(), StartPulse(a.t)
	ctx, cancel := context.WithTimeout(context.Background(), x.for_)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	tries := 0
	for w := range x.workers {
		wg.Go(func() {
			n := x.do(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			tries += n
		})
	}
	var bySocket, byPort []time.Duration
	wg.Go(func() { bySocket = a.operator(ctx, "unix", a.socket) })
	if x.port {
		wg.Go(func() { byPort = a.operator(ctx, "tcp", a.port) })
	}
	most := before
	for ctx.Err() == nil {
		most = max(most, a.residentMiB())
		time.Sleep(50 * time.Millisecond)
	}
	wg.Wait()
	after, processor := a.residentMiB(), a.processor()-processor
	over := after
	Eventually(a.t, "its memory is as before", func() bool {
		over = a.residentMiB()
		return over <= before+x.rest
	})
	suspected, dead := a.changes(a.another)
	a.t.Logf("%d tries in %v; memory %d MiB before, %d at most, %d after, %d at rest; processor time %v; operator by the socket %s, by the port %s; seen SUSPECTED %d, DEAD %d times; the machine stood still for %v at most",
		tries, x.for_, before, most, after, over, processor, spread(bySocket), spread(byPort), suspected, dead, pulse.Longest())
	if tries == 0 {
		a.t.Error("nothing was tried")
	}
	if most > x.most {
		a.t.Errorf("it took %d MiB, want at most %d", most, x.most)
	}
	if len(bySocket) == 0 || slices.Contains(bySocket, -1) || slices.Contains(byPort, -1) {
		a.t.Error("the operator was kept out")
	}
	pulse.NotDead(a.t, dead)
}

// spread says how long calls took.
func spread(took []time.Duration) string {
	if len(took) == 0 {
		return "-"
	}
	sorted := slices.Sorted(slices.Values(took))
	at := func(share float64) time.Duration {
		return sorted[int(share*float64(len(sorted)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v of %d calls", at(0.5), at(0.99), len(sorted))
}
