// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// trace writes what happens, a line each: the virtual time, the node, what.
//
//	2.104733 n3    n7 ALIVE
//	9.312066 n3    n7 SUSPECTED by n12
type trace struct {
	cluster *Cluster
	w       io.Writer
	verbose bool
}

func nodeName(i int) string { return fmt.Sprintf("n%d", i) }

func (t *trace) name(a netip.AddrPort) string {
	if i, ok := t.cluster.index[a]; ok {
		return nodeName(i)
	}
	return a.String()
}

func (t *trace) line(n *Node, format string, args ...any) {
	who := ""
	if n != nil {
		who = nodeName(n.Index)
	}
	fmt.Fprintf(t.w, "%10.6f %-5s %s\n", t.cluster.Network.Elapsed().Seconds(), who, fmt.Sprintf(format, args...))
}

func (t *trace) change(n *Node, i int, s seen, by netip.AddrPort) {
	switch {
	case t.w == nil:
	case by == Address(i) || !by.IsValid():
		t.line(n, "%s %v", nodeName(i), s.status)
	default:
		t.line(n, "%s %v by %s", nodeName(i), s.status, t.name(by))
	}
}

func (t *trace) mark(what string, took time.Duration, ok bool) {
	if t.w != nil {
		t.line(nil, "-- %v", Mark{what, took, ok})
	}
}

// event is an event of the wire that membership is told.
func (t *trace) event(n *Node, e wire.Event) {
	if t.w == nil || !t.verbose {
		return
	}
	switch e.Kind {
	case wire.Received:
		t.line(n, "◀ %s %s, %d bytes", t.name(e.Addr), membership.Channels[e.Channel].Name, len(e.Data))
	case wire.Up:
		t.line(n, "◀ %s session", t.name(e.Addr))
	case wire.Answered:
		t.line(n, "◀ %s answers", t.name(e.Addr))
	}
}

// output is what membership does.
func (t *trace) output(n *Node, o membership.Output) {
	if t.w == nil || !t.verbose {
		return
	}
	switch o := o.(type) {
	case membership.Greet:
		t.line(n, "▶ %s hello", t.name(o.To))
	case membership.Send:
		t.line(n, "▶ %s %s, %d bytes", t.name(o.To), membership.Channels[o.Channel].Name, len(o.Data))
	case membership.SendAll:
		t.line(n, "▶ all %s", membership.Channels[o.Channel].Name)
	case membership.EnginePing:
		t.line(n, "smudge pings %s", t.name(o.Addr))
	case membership.SetMinPing:
		t.line(n, "smudge waits for %v", o.Wait)
	case membership.Log:
		t.line(n, "log %v", o.KeyVals)
	}
}

// Mark is something that a scenario waited for.
type Mark struct {
	What    string
	Took    time.Duration
	Reached bool // else it was given up after that time
}

func (m Mark) String() string {
	if !m.Reached {
		return fmt.Sprintf("%s: not in %v", m.What, m.Took.Round(time.Millisecond))
	}
	return fmt.Sprintf("%s: %v", m.What, m.Took.Round(time.Millisecond))
}
