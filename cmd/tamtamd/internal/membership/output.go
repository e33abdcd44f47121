// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// Output is something that the shell carries out. Outputs are carried out one after the
// other, in order. Bytes in them may be those of the input that caused them.
type Output interface{ output() }

// Outputs to the wire, named as its methods are.
type (
	// Greet greets an address.
	Greet struct{ To netip.AddrPort }
	// GreetBy greets an address by way of a member.
	GreetBy struct{ To, Via netip.AddrPort }
	// Route suggests a member as a relay to another.
	Route struct{ To, Via netip.AddrPort }
	// Probe asks whether a node is at an address.
	Probe struct{ At netip.AddrPort }
	// SendBare sends a packet outside a session, if the cluster has no keys.
	SendBare struct {
		To     netip.AddrPort
		Packet []byte
	}
	// Send sends bytes on a channel. If there is no session, Unsent is called.
	Send struct {
		To      netip.AddrPort
		Channel wire.Channel
		Data    []byte
		Token   uint64 // not 0 if the acknowledgement must be reported
		WithAck bool   // Data is probably an answer: SendWithAck
	}
	// SendAll sends bytes on a channel to all nodes with a session.
	SendAll struct {
		Channel wire.Channel
		Data    []byte
	}
	// SetProfile changes what this node says of itself.
	SetProfile struct{ Profile Profile }
	// Abandon stops retransmitting to a node that is dead.
	Abandon struct{ To netip.AddrPort }
	// CloseSession closes the session with a node.
	CloseSession struct{ With netip.AddrPort }
	// SetSlow makes the wire wait so many times longer for acknowledgements, from 1 on.
	SetSlow struct{ Times int }
	// Shut makes the wire open no session any more.
	Shut struct{}
)

// Outputs to the engine.
type (
	// Admit makes a node a member: the engine adds it, after it has removed it if
	// Replace says so, and it is put into the table. If the engine fails,
	// EngineFailed is called instead. It answers those who wait for the address.
	Admit struct {
		Addr    netip.AddrPort
		Info    member.Info
		Replace bool
		life    uint64
	}
	// EngineRemove makes the engine forget a member, if it knows it.
	EngineRemove struct{ Addr netip.AddrPort }
	// EnginePing makes the engine ping a member. By itself it pings nobody.
	EnginePing struct{ Addr netip.AddrPort }
	// EngineDeliver gives the engine a datagram.
	EngineDeliver struct {
		From     netip.AddrPort
		Datagram datagram.Datagram
		Pass     datagram.Mask // the entries that the engine hears
	}
	// SetMinPing changes the engine's probe timeout.
	SetMinPing struct{ Wait time.Duration }
)

// Outputs to the table of members, named as its methods are.
type (
	// TableSet gives a member another status.
	TableSet struct {
		Addr   netip.AddrPort
		Status member.Status
		By     netip.AddrPort
	}
	// TableRestore lists a member that ended before this node knew it, or another session of one
	// that had ended, or the same one that ended later.
	TableRestore struct {
		Addr   netip.AddrPort
		Info   member.Info
		Status member.Status
		By     netip.AddrPort
		Reason member.Reason
		At     time.Time
	}
	// TableDescribe gives a dead member, of which only others knew, what it said of itself.
	TableDescribe struct {
		Addr netip.AddrPort
		Info member.Info
		By   netip.AddrPort
	}
	// TableRemove removes a member.
	TableRemove struct {
		Addr, By netip.AddrPort
		Reason   member.Reason
	}
	// TableRenew gives this node another session, which began by itself.
	TableRenew struct{ Session uint64 }
	// TableRetag gives a member, or this node, other tags.
	TableRetag struct {
		Addr netip.AddrPort
		Tags string
	}
	// TableRoute gives a member another way: a relay, or none.
	TableRoute struct{ Addr, Via netip.AddrPort }
)

// Outputs to other parts of the node.
type (
	// Broadcast is one that a member sent or passed on in a datagram.
	Broadcast struct {
		From      netip.AddrPort
		Broadcast datagram.Broadcast
	}
	// Message is an event of the wire on a channel that is not of membership: a live
	// member sent it, or has acknowledged what it was sent.
	Message struct{ Event wire.Event }
	// AskProfile asks a member what a session of another node said of itself. The answer, if
	// there is one, goes to Describe.
	AskProfile struct {
		By      netip.AddrPort
		Of      netip.AddrPort
		Session uint64
	}
)

// Outputs to those who wait.
type (
	// Joined is what becomes of an address: a member if Err is nil.
	Joined struct {
		Addr netip.AddrPort
		Err  error
	}
	// Redirected makes those who wait for From wait for To.
	Redirected struct{ From, To netip.AddrPort }
	// Echoed is an ACK that came outside a session.
	Echoed struct {
		From      netip.AddrPort
		Heartbeat uint32
		At        time.Time
	}
	// SelfRemoved: this node was removed from the cluster, as a member with a name reports. It
	// begins another session, which Renewed takes. Those who wait for any address get
	// ErrNotMember.
	SelfRemoved struct {
		By   netip.AddrPort
		Name string
		At   time.Time
	}
	// SelfReadmitted: this node was removed, and may join again.
	SelfReadmitted struct{}
	// LeaveDone: all members know that this node leaves.
	LeaveDone struct{}
)

// Log is a line for the log.
type Log struct {
	Level   level.Value
	KeyVals []any
}

func (Greet) output()          {}
func (GreetBy) output()        {}
func (Route) output()          {}
func (Probe) output()          {}
func (SendBare) output()       {}
func (Send) output()           {}
func (SendAll) output()        {}
func (SetProfile) output()     {}
func (Abandon) output()        {}
func (CloseSession) output()   {}
func (SetSlow) output()        {}
func (Shut) output()           {}
func (Admit) output()          {}
func (EngineRemove) output()   {}
func (EnginePing) output()     {}
func (EngineDeliver) output()  {}
func (SetMinPing) output()     {}
func (TableSet) output()       {}
func (TableRestore) output()   {}
func (TableDescribe) output()  {}
func (TableRemove) output()    {}
func (TableRenew) output()     {}
func (TableRetag) output()     {}
func (TableRoute) output()     {}
func (Broadcast) output()      {}
func (Message) output()        {}
func (AskProfile) output()     {}
func (Joined) output()         {}
func (Redirected) output()     {}
func (Echoed) output()         {}
func (SelfRemoved) output()    {}
func (SelfReadmitted) output() {}
func (LeaveDone) output()      {}
func (Log) output()            {}
