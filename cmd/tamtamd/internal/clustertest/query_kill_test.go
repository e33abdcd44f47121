// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kills is how many processes TestQueryEnds kills; QUERY_KILLS sets another number.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("QUERY_KILLS")
	if text == "" {
		return 16
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("QUERY_KILLS=%q: want a number from 1", text)
	}
	return n
}

// victim is what is killed while a question is under way.
type victim int

const (
	askingProgram victim = iota
	answeringProgram
	askingDaemon
	answeringDaemon
	victims
)

func (v victim) String() string {
	return [...]string{"asking program", "answering program", "asking daemon", "answering daemon"}[v]
}

// killed is a cluster in which processes are killed. The first daemon asks; all answer.
type killed struct {
	t       *testing.T
	daemons []*Daemon
	answers []*Process
	logs    []string  // by node: a file to which its program adds each question that it gets
	apart   []*Daemon // those that the one which asks did not reach for a while, in this round
}

const killArgs = "--reconnect-timeout=10m"

func newKilled(t *testing.T, n int) *killed {
	k := &killed{t: t, daemons: Cluster(t, bin, n, killArgs), answers: make([]*Process, n)}
	dir := t.TempDir()
	for i := range n {
		k.logs = append(k.logs, filepath.Join(dir, fmt.Sprint(i)))
		k.begin(i)
	}
	return k
}

// begin starts the program of a node. It takes up to a quarter of a second for an answer.
func (k *killed) begin(i int) {
	k.t.Helper()
	Eventually(k.t, "no program is registered", func() bool { return k.daemons[i].Counters()["user_answerers"] == 0 })
	command := `cat >> "` + k.logs[i] + `"; sleep 0.$(od -An -N1 -tu1 /dev/urandom | tr -d ' '); echo done`
	k.answers[i] = startAnswer(k.t, k.daemons[i], "x", command, "--parallel", "8")
}

// restart starts the daemon of a node again, and has it join another. Its program connects again.
func (k *killed) restart(i int) {
	other := k.daemons[(i+1)%len(k.daemons)]
	k.daemons[i] = k.daemons[i].Restart("--rpc", k.daemons[i].RPC, "--join", other.Gossip.String(), killArgs)
}

// calm waits until all see all, and each program is registered.
func (k *killed) calm() {
	k.t.Helper()
	for _, d := range k.daemons {
		Eventually(k.t, "all see all", func() bool { return d.Sees(k.daemons...) })
		Eventually(k.t, "its program is registered", func() bool { return d.Counters()["user_answerers"] == 1 })
	}
}

// got returns how often the program of a node got a question.
func (k *killed) got(i int, question string) int {
	k.t.Helper()
	b, err := os.ReadFile(k.logs[i])
	if err != nil && !os.IsNotExist(err) {
		k.t.Fatal(err)
	}
	return strings.Count("\n"+string(b), "\n"+question+"\n")
}

// eventsOf returns the events in what a query printed; a line that is not complete is none.
func eventsOf(t *testing.T, printed string) (events []queryEvent) {
	t.Helper()
	for line := range strings.Lines(printed) {
		var e queryEvent
		if !strings.HasSuffix(line, "\n") {
			break
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// TestQueryEnds: a program or a daemon is killed at a random moment of a question. The question ends,
// each member has one answer or one reason, and no program gets the question twice, unless its
// daemon is another process.
func TestQueryEnds(t *testing.T) { newKilled(t, 5).rounds(kills(t), nil) }

// rounds kills so many processes, each during another question. If apart is not nil, it is called in most rounds at a
// random moment, so that some daemons and the others do not reach each other, and then with none.
func (k *killed) rounds(kills int, apart func(...*Daemon)) {
	t := k.t
	ways, longest, again := map[string]int{}, time.Duration(0), 0
	for round := range kills {
		what, at := victim(round)%victims, 1+rand.IntN(len(k.daemons)-1)
		question := fmt.Sprint("q", round)
		began := time.Now()
		asker, _ := start(t, bin, "tamtamctl", []string{"query", "x", question + "\n", "--timeout", "20s", "-o", "json", "--rpc", k.daemons[0].RPC}, nil, false)
		if round/int(victims)%4 != 0 { // else perhaps before it has called the daemon
			Eventually(t, "it asks", func() bool { return strings.Contains(asker.out.String(), `"event":"asked"`) })
		}
		moment(1000) // a random one of the question, on a slow machine, too
		k.apart = nil
		if apart != nil && rand.IntN(4) > 0 {
			k.apart = k.some()
			apart(k.apart...)
			moment(1000)
		}
		switch what {
		case askingProgram:
			asker.Kill()
		case answeringProgram:
			k.answers[at].Kill()
		case askingDaemon:
			k.daemons[0].Kill()
		case answeringDaemon:
			k.daemons[at].Kill()
			k.restart(at) // during the question, if that takes so long
		}
		if k.apart != nil {
			moment(4000) // they find each other dead, or not
			apart()
		}
		code := asker.Wait() // bounded
		took := time.Since(began)
		way := k.outcome(what, at, code, eventsOf(t, asker.out.String()))
		if k.apart != nil {
			way += ", apart"
		}
		ways[fmt.Sprintf("%v: %s", what, way)]++
		longest = max(longest, took)
		switch what {
		case answeringProgram:
			k.begin(at)
		case askingDaemon:
			k.restart(0)
		}
		k.calm()
		Eventually(t, "no query is under way", func() bool { return k.daemons[0].Counters()["user_queries_open"] == 0 })
		for i := range k.daemons {
			n := k.got(i, question)
			if n > 1 && what == answeringDaemon && i == at {
				again++
				n--
			}
			if n > 1 {
				t.Errorf("round %d, %v: the program of node %d got the question %d times", round, what, i, n)
			}
		}
		if t.Failed() {
			t.Fatalf("round %d: the %v of node %d was killed; exit code %d after %v:\n%s", round, what, at, code, took, asker.out.String())
		}
	}
	for _, way := range slices.Sorted(maps.Keys(ways)) {
		t.Logf("%d times: %s", ways[way], way)
	}
	t.Logf("the longest query took %v; %d times, a program got a question of two processes of its daemon", longest.Round(time.Millisecond), again)
}

// moment lets a random time pass, in milliseconds at most. Nothing is expected of it.
func moment(most int) { time.Sleep(time.Duration(rand.IntN(most)) * time.Millisecond) }

// some returns some of the daemons, not all, and without the first, which asks.
func (k *killed) some() []*Daemon {
	all := slices.Clone(k.daemons[1:])
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+rand.IntN(len(all))]
}

// outcome checks what a query came to, and returns that of what was killed.
func (k *killed) outcome(what victim, at, code int, events []queryEvent) string {
	k.t.Helper()
	got := outcome(events)
	done := len(events) > 0 && events[len(events)-1].Event == "done"
	for i, d := range k.daemons {
		have := got[d.Gossip.String()]
		mine := i == at && (what == answeringProgram || what == answeringDaemon)
		cut := what == askingProgram || what == askingDaemon
		switch {
		case have == "done;", cut && have == "":
		case mine && slices.Contains([]string{"ENDED;", "NO_ANSWERER;", "DEAD;", "NO_WAY;", "TIMEOUT;"}, have):
		case k.isApart(d) && slices.Contains([]string{"DEAD;", "NO_WAY;", "TIMEOUT;"}, have):
		default:
			k.t.Errorf("node %d: %q", i, have)
		}
	}
	switch what {
	case askingProgram:
		return fmt.Sprintf("%d answers before", len(got))
	case askingDaemon:
		// The program may not have called it yet, or have had all answers.
		if !done && code != 4 || done && code != 0 {
			k.t.Errorf("exit code %d", code)
		}
		return fmt.Sprintf("exit code %d, %d answers", code, len(got))
	}
	if !done || len(got) != len(k.daemons) || code != 0 && code != 6 {
		k.t.Errorf("done: %v, %d members, exit code %d", done, len(got), code)
	}
	return strings.TrimSuffix(got[k.daemons[at].Gossip.String()], ";")
}

// isApart reports whether the asking daemon did not reach another one for a while.
func (k *killed) isApart(d *Daemon) bool {
	return slices.ContainsFunc(k.apart, func(o *Daemon) bool { return o.Gossip == d.Gossip })
}
