// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// task is an output to be carried out.
type task struct {
	output membership.Output
	joins  []chan<- joined // that the output answers: they waited when the core made it
	done   chan struct{}   // closed then, if it is not nil
}

// do has the core take an input, with mu held, and returns when all that comes of it is
// carried out: by this goroutine, or by the one that is at it. So a caller's bytes are
// not read any more, and one that sends faster than the node can follow is slowed down.
// It must not be called by what carries out an output: that is what feedBack is for.
func (n *Node) do(input func(now time.Time)) {
	mine, done := n.take(input)
	switch {
	case mine:
		n.carryOut()
	case done != nil:
		<-done
	}
}

// feedBack has the core take what became of an output that is being carried out. All that comes of it is
// carried out after what is queued.
func (n *Node) feedBack(input func(now time.Time)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inputLocked(input)
}

// take has the core take an input. It returns true if the caller must carry out what is
// queued. If another goroutine does, done is closed after the outputs of this input; it
// is nil if there are none.
func (n *Node) take(input func(now time.Time)) (mine bool, done chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch outputs := n.inputLocked(input); {
	case !outputs:
		return false, nil
	case n.busy:
		done = make(chan struct{})
		n.queue = append(n.queue, task{done: done})
		return false, done
	}
	n.busy = true
	return true, nil
}

// inputLocked has the core take an input and queues the outputs. It reports whether there are
// any. mu is held.
func (n *Node) inputLocked(input func(now time.Time)) bool {
	input(time.Now())
	n.outputs = n.core.AppendOutputs(n.outputs[:0])
	for _, o := range n.outputs {
		n.queue = append(n.queue, task{output: o, joins: n.waiting.answeredBy(o)})
	}
	n.armLocked()
	defer clear(n.outputs)
	return len(n.outputs) > 0
}

// armLocked wakes Run if something is due earlier than it knows, and Handled does not look for it. mu is
// held.
func (n *Node) armLocked() {
	if next := n.core.Next(); !n.handling && !next.IsZero() && next.Before(n.armed) {
		n.armed = next
		n.Wake()
	}
}

// carryOut carries out what is queued, until nothing is.
func (n *Node) carryOut() {
	for tasks := n.batch(nil); tasks != nil; tasks = n.batch(tasks) {
		for _, t := range tasks {
			if t.done != nil {
				close(t.done)
			} else {
				n.carryOutOne(t)
			}
		}
	}
}

// batch returns what is queued; nil if nothing is, and the caller's part is over. It
// gets the last batch back, to be used again.
func (n *Node) batch(last []task) []task {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last != nil {
		clear(last)
		n.spare = last[:0]
	}
	if len(n.queue) == 0 {
		n.busy = false
		return nil
	}
	tasks := n.queue
	n.queue, n.spare = n.spare, nil
	return tasks
}

// carryOutOne carries out an output.
func (n *Node) carryOutOne(t task) {
	w, engine, table := n.cfg.Wire, n.cfg.Engine, n.cfg.Table
	switch o := t.output.(type) {
	case membership.Greet:
		w.Greet(o.To)
	case membership.GreetBy:
		w.GreetBy(o.To, o.Via)
	case membership.Route:
		w.Route(o.To, o.Via)
	case membership.Probe:
		w.Probe(o.At)
	case membership.SendBare:
		w.SendBare(o.To, o.Packet)
	case membership.Send:
		n.send(o)
	case membership.SendAll:
		w.SendAll(o.Channel, o.Data)
	case membership.SetProfile:
		w.SetProfile(o.Profile.Encode())
	case membership.Abandon:
		w.Abandon(o.To)
	case membership.CloseSession:
		w.CloseSession(o.With)
	case membership.SetSlow:
		w.SetSlow(o.Times)
	case membership.Shut:
		w.Shut()
	case membership.Admit:
		n.admit(o, t.joins)
	case membership.EngineRemove:
		engine.Remove(o.Addr)
	case membership.EnginePing:
		engine.Ping(o.Addr)
		n.spoke.Store(true)
	case membership.EngineDeliver:
		engine.Deliver(o.From, o.Datagram, o.Pass.Mapper())
		n.spoke.Store(true)
	case membership.SetMinPing:
		engine.SetMinPing(o.Wait)
	case membership.TableSet:
		n.log(table.Set(o.Addr, o.Status, o.By))
	case membership.TableRestore:
		n.log(table.Restore(o.Addr, o.Info, o.Status, o.By, o.Reason, o.At))
	case membership.TableDescribe:
		n.log(table.Describe(o.Addr, o.Info, o.By))
	case membership.TableRemove:
		table.Remove(o.Addr, o.By, o.Reason)
	case membership.TableRenew:
		table.Renew(o.Session, member.Restarted)
	case membership.TableRetag:
		n.log(table.Retag(o.Addr, o.Tags))
	case membership.TableRoute:
		n.routed(table.Route(o.Addr, o.Via))
	case membership.Broadcast:
		n.cfg.OnBroadcast(o.From, o.Broadcast)
	case membership.Message:
		n.message(o.Event)
	case membership.AskProfile:
		if n.cfg.OnUndescribed != nil {
			n.cfg.OnUndescribed(o)
		}
	case membership.Joined:
		answer(t.joins, joined{member: o.Addr, err: o.Err})
	case membership.SelfRemoved:
		n.renew()
		if n.cfg.OnRemoved != nil {
			n.cfg.OnRemoved(o)
		}
		answer(t.joins, joined{err: ErrNotMember})
	case membership.SelfReadmitted:
		if n.cfg.OnReadmitted != nil {
			n.cfg.OnReadmitted()
		}
	case membership.LeaveDone:
		close(n.left)
	case membership.Log:
		_ = level.NewInjector(n.cfg.Logger, o.Level).Log(o.KeyVals...)
	}
}

// send sends on a channel.
func (n *Node) send(o membership.Send) {
	sent := false
	if o.WithAck {
		sent = n.cfg.Wire.SendWithAck(o.To, o.Channel, o.Data)
	} else {
		sent = n.cfg.Wire.Send(o.To, o.Channel, o.Data, o.Token)
	}
	if !sent {
		n.feedBack(func(time.Time) { n.core.Unsent(o) })
	}
}

// admit makes a node a member.
func (n *Node) admit(o membership.Admit, joins []chan<- joined) {
	if o.Replace {
		n.cfg.Engine.Remove(o.Addr)
	}
	if err := n.cfg.Engine.Add(o.Addr); err != nil {
		n.feedBack(func(time.Time) { n.core.EngineFailed(o, err) })
		answer(joins, joined{err: ErrTooMany})
		return
	}
	change, changed := n.cfg.Table.Put(o.Addr, o.Info)
	n.log(change, changed)
	if changed && o.Info.MaxPayload != n.cfg.Self.MaxPayload && !o.Info.Plain() {
		_ = level.Warn(n.cfg.Logger).Log("msg", "a member takes broadcasts of another size; the smaller limit is in effect",
			"address", o.Addr, "max", o.Info.MaxPayload, "ours", n.cfg.Self.MaxPayload)
	}
	answer(joins, joined{member: o.Addr})
}

// log logs a change of the table, if there was one, as an event of its kind, such as "member
// dead". docs/monitoring.md lists them.
func (n *Node) log(c member.Change, changed bool) {
	if !changed {
		return
	}
	l := level.Info
	switch kind := c.Kind(); {
	case c.Member.Flapping || kind == "dead":
		l = level.Warn
	case kind == "updated": // as often as its owner likes
		l = level.Debug
	}
	kv := []any{"msg", "member " + c.Kind(), "address", c.Member.Addr}
	if c.Member.Name != "" {
		kv = append(kv, "name", c.Member.Name)
	}
	kv = append(kv, "status", c.Member.Status, "previous", c.Previous, "reason", c.Reason)
	if c.By.IsValid() && c.By != c.Member.Addr {
		kv = append(kv, "by", c.By)
	}
	if c.Member.Plain() {
		kv = append(kv, "plain", true)
	}
	if c.Member.Flapping {
		kv = append(kv, "flapping", true)
	}
	_ = l(n.cfg.Logger).Log(kv...)
}

// routed logs by which way a member is reached from now on, if it is another.
func (n *Node) routed(c member.Change, changed bool) {
	if !changed {
		return
	}
	kv := []any{"msg", "member reached directly again", "address", c.Member.Addr}
	if via := c.Member.Via; via.IsValid() {
		kv = []any{"msg", "member reached by a relay", "address", c.Member.Addr, "via", via}
	}
	_ = level.Info(n.cfg.Logger).Log(kv...)
}

// message hands on what came on a channel that is not of membership.
func (n *Node) message(e wire.Event) {
	broadcasts := e.Channel == membership.BroadcastChannel || e.Channel == membership.PushChannel
	switch {
	case e.Kind == wire.Acked && broadcasts:
		n.cfg.OnAcked(e.Addr, e.Session, e.Token)
	case e.Kind == wire.Acked: // nobody has asked for it
	case broadcasts:
		n.cfg.OnMessage(e.Addr, e.Data)
	case e.Channel == membership.QuestionChannel:
		n.cfg.OnQuestion(e.Addr, e.Data)
	case e.Channel == membership.AnswerChannel:
		n.cfg.OnAnswer(e.Addr, e.Data)
	case e.Channel == membership.RetainedChannel:
		n.cfg.OnRetained(e.Addr, e.Data)
	}
}

// renew begins another session, since this node was removed.
func (n *Node) renew() {
	session := n.cfg.Wire.Renew()
	n.cfg.Table.Renew(session, member.SelfRemoved)
	n.feedBack(func(time.Time) { n.core.Renewed(session) })
}

// Run does what is due until ctx is done.
func (n *Node) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-n.wake:
		case <-ctx.Done():
			return
		}
		n.iterations.Add(1)
		n.do(n.tick)
		n.cfg.Engine.Drain()
		timer.Reset(time.Until(n.due()))
	}
}

// tick has the core do what is due. Run's own wake-ups come before it is.
func (n *Node) tick(now time.Time) {
	n.armed = time.Time{} // Run is awake, and looks when it is done
	n.tickIfDue(now)
}

// tickIfDue has the core do what is due.
func (n *Node) tickIfDue(now time.Time) {
	if next := n.core.Next(); !next.IsZero() && !next.After(now) {
		n.core.Tick(now)
	}
}

// due returns when something is due, and has Run woken if that becomes earlier.
func (n *Node) due() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.armed = n.core.Next(); n.armed.IsZero() {
		n.armed = time.Now().Add(time.Hour)
	}
	return n.armed
}

// Wake has Run go through one iteration, soon.
func (n *Node) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Iterations returns the number of iterations of Run.
func (n *Node) Iterations() uint64 { return n.iterations.Load() }
