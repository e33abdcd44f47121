// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// host is who answers at an address.
type host struct {
	session uint64 // 0 for one that speaks bare Smudge
	name    string
	foreign bool
	delay   time.Duration
	moved   netip.AddrPort // says that it is there
	hidden  bool           // answers only by way of another
}

// packet is one output to the wire.
type packet struct {
	// what is greet, greet by, route, probe, data, bare, tell, records, leave, remove, profile,
	// abandon, close, shut, renew, or lost for want of a session.
	what    string
	to      netip.AddrPort
	b       []byte
	answer  bool
	invite  bool
	some    bool
	ask     bool
	digest  uint64
	dead    uint64 // the digest of the dead
	session uint64
	members []netip.AddrPort
	list    recordList
	via     netip.AddrPort
}

// notes is what the engine was told.
type notes struct {
	added, removed, pinged []netip.AddrPort
	delivered              []delivery
	asked                  []AskProfile
	minPings               []time.Duration
}

type delivery struct {
	from    netip.AddrPort
	verb    datagram.Verb
	entries []datagram.Entry
}

var errNoSocket = errors.New("no socket left")

// carryOut carries out the outputs as the shell does, and returns whether there were any.
func (w *world) carryOut() (any bool) {
	for {
		out := w.AppendOutputs(nil)
		if len(out) == 0 {
			return any
		}
		any = true
		for _, o := range out {
			w.carryOutOne(o)
		}
	}
}

func (w *world) carryOutOne(o Output) {
	switch o := o.(type) {
	case Greet:
		w.greet(o.To)
	case GreetBy:
		w.greetBy(o)
	case Route:
		w.note(packet{what: "route", to: o.To, via: o.Via})
	case Probe:
		w.note(packet{what: "probe", to: o.At})
	case SendBare:
		w.bare(o)
	case Send:
		w.send(o)
	case SendAll:
		r, _ := parseRemoved(o.Data)
		w.note(packet{what: "remove", to: r.target, session: r.session})
	case SetProfile:
		w.note(packet{what: "profile", b: []byte(o.Profile.Encode())})
	case Abandon:
		w.note(packet{what: "abandon", to: o.To})
	case CloseSession:
		w.note(packet{what: "close", to: o.With})
		delete(w.open, o.With)
	case Shut:
		w.note(packet{what: "shut"})
	case Admit:
		w.admits(o)
	case EngineRemove:
		w.engineRemove(o.Addr)
	case EnginePing:
		w.heard.pinged = append(w.heard.pinged, o.Addr)
	case EngineDeliver:
		w.deliver(o)
	case SetMinPing:
		w.heard.minPings = append(w.heard.minPings, o.Wait)
	case TableSet:
		w.table.Set(o.Addr, o.Status, o.By)
	case TableRemove:
		w.table.Remove(o.Addr, o.By, o.Reason)
	case TableRenew:
		w.table.Renew(o.Session, member.Restarted)
	case TableRestore:
		w.table.Restore(o.Addr, o.Info, o.Status, o.By, o.Reason, o.At)
	case TableDescribe:
		w.table.Describe(o.Addr, o.Info, o.By)
	case AskProfile:
		w.heard.asked = append(w.heard.asked, o)
	case TableRetag:
		w.table.Retag(o.Addr, o.Tags)
	case TableRoute:
		w.table.Route(o.Addr, o.Via)
	case Broadcast:
		w.broadcasts = append(w.broadcasts, o.From.String()+" "+o.Broadcast.Origin.String()+" "+string(o.Broadcast.Payload))
	case Message:
		w.messages = append(w.messages, o.Event)
	case Joined:
		w.end(o.Addr, o.Err)
	case Redirected:
		if from := w.joins[o.From]; len(from) > 0 {
			w.joins[o.To] = append(w.joins[o.To], from...)
			delete(w.joins, o.From)
		}
	case SelfRemoved:
		w.note(packet{what: "renew"})
		clear(w.open)
		w.session++
		w.table.Renew(w.session, member.SelfRemoved)
		w.Renewed(w.session)
		for a := range w.joins {
			w.end(a, ErrNotMember)
		}
	case LeaveDone:
		w.leaveDone = true
	case Log:
		w.log = append(w.log, line(o.KeyVals))
	}
}

// end ends the joins of an address.
func (w *world) end(a netip.AddrPort, err error) {
	for _, r := range w.joins[a] {
		*r = result{done: true, err: err, member: a}
	}
	delete(w.joins, a)
}

// The engine.

func (w *world) admits(o Admit) {
	if o.Replace {
		w.engineRemove(o.Addr)
	}
	if w.addErr != nil {
		w.EngineFailed(o, w.addErr)
		w.end(o.Addr, ErrTooMany)
		return
	}
	if !w.engine[o.Addr] { // one that it knows stays as it is
		w.engine[o.Addr] = true
		w.heard.added = append(w.heard.added, o.Addr)
	}
	w.table.Put(o.Addr, o.Info)
	w.end(o.Addr, nil)
}

func (w *world) engineRemove(a netip.AddrPort) {
	if w.atRemove != nil {
		w.atRemove(a)
	}
	if w.engine[a] {
		delete(w.engine, a)
		w.heard.removed = append(w.heard.removed, a)
	}
}

// deliver gives the engine a datagram. What the core lets through it can take.
func (w *world) deliver(o EngineDeliver) {
	if !w.engine[o.From] {
		w.t.Errorf("delivered from %s, which the engine does not know", o.From)
	}
	got := delivery{from: o.From, verb: o.Datagram.Verb()}
	for i := range o.Datagram.Len() {
		if e := o.Datagram.Entry(i); o.Pass.Has(i) {
			got.entries = append(got.entries, e)
			if !w.engine[e.Addr] {
				w.t.Errorf("delivered what is said of %s, which the engine does not know", e.Addr)
			}
		} else if o.Datagram.IsTarget(i) {
			w.t.Error("delivered a PINGREQ without its target")
		}
	}
	w.heard.delivered = append(w.heard.delivered, got)
}

// The wire.

// note takes down what is sent and returns who answers.
func (w *world) note(p packet) *host {
	p.b, p.members = slices.Clone(p.b), slices.Clone(p.members)
	w.sent = append(w.sent, p)
	return w.hosts[p.to]
}

func (w *world) send(o Send) {
	p := packet{what: "data", to: o.To, b: o.Data, answer: o.WithAck}
	switch o.Channel {
	case MembersChannel:
		l, _ := parseMemberList(o.Data)
		if _, ok := parseAsking(o.Data); ok {
			p.what = "asking"
			break
		}
		p = packet{what: "tell", to: o.To, ask: l.ask, some: l.some, invite: l.invite, digest: l.digest, dead: l.dead, members: l.members}
	case RecordsChannel:
		l, _ := parseRecordList(o.Data)
		p = packet{what: "records", to: o.To, ask: l.ask, list: l, answer: o.WithAck}
	case LeaveChannel:
		p.what = "leave"
	case RemovalChannel:
		r, _ := parseRemoved(o.Data)
		p = packet{what: "remove", to: o.To, session: r.session, b: []byte(r.signature)}
	}
	session := w.open[o.To]
	if session == 0 {
		p.what = "lost"
		w.Unsent(o)
	}
	h := w.note(p)
	if session != 0 && o.Token != 0 && h != nil {
		w.after(h.delay, func() {
			w.event(wire.Event{Kind: wire.Acked, Addr: o.To, Session: session, Channel: o.Channel, Token: o.Token})
		})
	}
}

func (w *world) bare(o SendBare) {
	d, fault := datagram.Parse(o.Packet, datagram.IPv4)
	if fault != "" {
		w.t.Errorf("sent what is no datagram: %s", fault)
		return
	}
	h := w.note(packet{what: "bare", to: o.To, b: o.Packet})
	if v := d.Verb(); h != nil && h.session == 0 && (v == datagram.Ping || v == datagram.NFPing) {
		w.after(h.delay, func() { w.bareFrom(o.To, datagram.Ack, d.Heartbeat()) })
	}
}

// greet has a host answer as the wire reports it.
func (w *world) greet(a netip.AddrPort) {
	w.nonce++
	nonce := w.nonce
	h := w.note(packet{what: "greet", to: a})
	if h != nil && h.session != 0 && !h.hidden {
		w.after(h.delay, func() { w.event(w.answerOf(a, h, nonce)) })
	}
}

// greetBy has a host answer by way of another.
func (w *world) greetBy(o GreetBy) {
	w.nonce++
	nonce := w.nonce
	h := w.note(packet{what: "greet by", to: o.To, via: o.Via})
	if h != nil && h.session != 0 {
		w.after(h.delay, func() {
			e := w.answerOf(o.To, h, nonce)
			e.At = o.Via
			w.event(e)
		})
	}
}

func (w *world) answerOf(a netip.AddrPort, h *host, nonce uint64) wire.Event {
	e := wire.Event{Addr: a, Session: h.session, Nonce: nonce}
	switch {
	case h.foreign:
		e.Kind = wire.Refused
	case h.moved.IsValid():
		e.Kind, e.At = wire.Moved, h.moved
	case w.open[a] == h.session:
		e.Kind = wire.Answered
	default:
		w.open[a] = h.session
		e.Kind, e.Profile = wire.Up, Profile{Name: h.name, Version: "v1", MaxPayload: 256}.Encode()
	}
	return e
}

// of returns what was sent to an address in some way.
func of(sent []packet, what string, to netip.AddrPort) (found []packet) {
	for _, p := range sent {
		if p.what == what && p.to == to {
			found = append(found, p)
		}
	}
	return found
}

// verbs returns the verbs of the datagrams that were sent to an address in some way.
func verbs(sent []packet, what string, to netip.AddrPort) (v []datagram.Verb) {
	for _, p := range of(sent, what, to) {
		d, _ := datagram.Parse(p.b, datagram.IPv4)
		v = append(v, d.Verb())
	}
	return v
}

func line(keyvals []any) string {
	var b strings.Builder
	for i := 0; i+1 < len(keyvals); i += 2 {
		fmt.Fprintf(&b, "%v=%q ", keyvals[i], fmt.Sprint(keyvals[i+1]))
	}
	return b.String()
}

// silence makes nobody have been heard of recently.
func (w *world) silence() { w.sleep(2 * maxEvidence); w.forgetAll() }
