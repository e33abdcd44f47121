// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package keys changes the keyrings of all members, by questions to them.
package keys

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/operator"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// ErrNotEverywhere: a change would shut members out.
var ErrNotEverywhere = errors.New("not all members are ready for it")

// ErrClear: the change would travel unencrypted, or anybody could ask for it.
var ErrClear = errors.New("this node does not require encryption (--encrypt require): anybody could read or change the keys")

// Members is the member table; *member.Table is one.
type Members interface {
	List() ([]member.Member, uint64)
}

// Node is the keys of one member.
type Node struct {
	Member member.Member
	Keys   []string // their names, the one that seals first; nil with Err
	Kept   bool     // changes outlast the daemon
	Err    error    // why they are not known, or not changed
}

// Cluster changes the keys of all nodes.
type Cluster struct {
	Ring    *keyring.Ring  // nil for a node without keys
	Addr    netip.AddrPort // of this node
	Members Members
	Ask     peers.Ask
	// Encryption returns that of this node. Keys are changed only while it is
	// wire.EncryptRequire.
	Encryption func() wire.Encryption
	Name       string        // of the cluster
	Operators  operator.Keys // who may change keys; everybody without any
	Logger     log.Logger
}

// List tells the keys of all members, those that are not alive among them, ordered by
// address. Fails with ErrNoKeyring.
func (c *Cluster) List(ctx context.Context) ([]Node, error) {
	return c.all(ctx, &peerv1.KeysQuestion{})
}

// Install adds a key to all keyrings, so that it opens. Nodes that are not alive miss it:
// each Node reports its result. Fails with ErrNoKeyring, ErrClear or ErrBadKey.
func (c *Cluster) Install(ctx context.Context, k wire.Key, s Signature) ([]Node, error) {
	if k == (wire.Key{}) {
		return nil, fmt.Errorf("%w: all its bytes are zero", keyring.ErrBadKey)
	}
	return c.all(ctx, s.on(&peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{Install: k[:]}}))
}

// Use has all nodes seal with a key. Fails with ErrNoKeyring, ErrClear, ErrUnknownKey, or, unless
// force, with ErrNotEverywhere when a member that is alive has not told that it has it: it
// could not read what the others send.
func (c *Cluster) Use(ctx context.Context, id string, force bool, s Signature) ([]Node, error) {
	return c.change(ctx, id, force, func(n Node) bool { return slices.Contains(n.Keys, id) }, "has not told that it has it",
		s.on(&peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Use{Use: id}}))
}

// Remove removes a key from all keyrings. Fails as Use does: with ErrNotEverywhere when a
// member has not told that it seals with another, since it would not be heard.
func (c *Cluster) Remove(ctx context.Context, id string, force bool, s Signature) ([]Node, error) {
	return c.change(ctx, id, force, func(n Node) bool { return len(n.Keys) > 0 && n.Keys[0] != id }, "has not told that it seals with another",
		s.on(&peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Remove{Remove: id}}))
}

func (c *Cluster) change(ctx context.Context, id string, force bool, ready func(Node) bool, not string, q *peerv1.KeysQuestion) ([]Node, error) {
	// Half of the time is for those that do not answer; the change needs some, too.
	asking, cancel := ctx, context.CancelFunc(func() {})
	if end, ok := ctx.Deadline(); ok {
		asking, cancel = context.WithTimeout(ctx, time.Until(end)/2)
	}
	defer cancel()
	nodes, err := c.List(asking)
	if err != nil {
		return nil, err
	}
	known := false
	for _, n := range nodes {
		known = known || slices.Contains(n.Keys, id)
		if n.Member.Status.Live() && !ready(n) && !force && err == nil {
			err = fmt.Errorf("%w: %s %s", ErrNotEverywhere, n.Member.Addr, not)
		}
	}
	if !known {
		err = fmt.Errorf("%w: %q", keyring.ErrUnknownKey, id)
	}
	if err != nil {
		return nil, err
	}
	return c.all(ctx, q)
}

// all asks all nodes, this one last: the others must still hear it while they change.
func (c *Cluster) all(ctx context.Context, q *peerv1.KeysQuestion) ([]Node, error) {
	if err := c.allowed(q); err != nil {
		return nil, err
	}
	members, _ := c.Members.List()
	nodes := make([]Node, len(members))
	read := func(i int, a *peerv1.Answer) error {
		if a.GetKeys() == nil {
			return peers.ErrNotUnderstood
		}
		nodes[i].Keys, nodes[i].Kept = a.GetKeys().GetKeys(), a.GetKeys().GetKept()
		return nil
	}
	errs := peers.Survey(ctx, c.Ask, members, &peerv1.Question{Question: &peerv1.Question_Keys{Keys: q}}, read)
	for i, m := range members {
		nodes[i].Member, nodes[i].Err = m, errs[i]
		if !m.Local {
			continue
		}
		answer, err := c.Answer(c.Addr, q)
		if nodes[i].Err = err; err == nil {
			_ = read(i, answer)
		}
	}
	return nodes, nil
}

// allowed returns why this node neither asks a question nor does what it asks for.
func (c *Cluster) allowed(q *peerv1.KeysQuestion) error {
	switch {
	case c.Ring == nil:
		return keyring.ErrNoKeyring
	case q.GetChange() == nil:
		return nil
	case c.Encryption() != wire.EncryptRequire:
		return ErrClear
	}
	change := operator.KeyChange{Cluster: c.Name, Issued: time.Unix(q.GetSignedAt(), 0)}
	switch k := q.GetChange().(type) {
	case *peerv1.KeysQuestion_Install:
		change.Action, change.Key = operator.Install, operator.KeyHash(k.Install)
	case *peerv1.KeysQuestion_Use:
		change.Action, change.Key = operator.Use, k.Use
	case *peerv1.KeysQuestion_Remove:
		change.Action, change.Key = operator.Remove, k.Remove
	}
	return c.Operators.KeyChange(change, q.GetSignature(), time.Now())
}

// Signature is an operator's of a change; see operator.KeyChange. The zero value is none.
type Signature struct {
	Issued time.Time
	Bytes  []byte
}

// on adds the signature to a question.
func (s Signature) on(q *peerv1.KeysQuestion) *peerv1.KeysQuestion {
	if s.Bytes != nil {
		q.SignedAt, q.Signature = s.Issued.Unix(), s.Bytes
	}
	return q
}

// Answer does what a member, or this node itself, asks of this one's keyring.
func (c *Cluster) Answer(from netip.AddrPort, q *peerv1.KeysQuestion) (*peerv1.Answer, error) {
	if err := c.allowed(q); err != nil {
		return nil, err
	}
	var err error
	what, id := "", ""
	switch q := q.GetChange().(type) {
	case *peerv1.KeysQuestion_Install:
		if len(q.Install) != len(wire.Key{}) {
			return nil, fmt.Errorf("%w: it has %d bytes", keyring.ErrBadKey, len(q.Install))
		}
		k := wire.Key(q.Install)
		what, id = "installed", keyring.ID(k)
		err = c.Ring.Install(k)
	case *peerv1.KeysQuestion_Use:
		what, id = "in use", q.Use
		err = c.Ring.Use(q.Use)
	case *peerv1.KeysQuestion_Remove:
		what, id = "removed", q.Remove
		if err = c.Ring.Remove(q.Remove); errors.Is(err, keyring.ErrUnknownKey) {
			err = nil // it is gone, which is what was asked for
		}
	}
	if what != "" {
		if err != nil {
			_ = level.Warn(c.Logger).Log("msg", "key not "+what, "key", id, "by", from, "err", err)
			return nil, err
		}
		_ = level.Info(c.Logger).Log("msg", "key "+what, "key", id, "by", from)
	}
	return &peerv1.Answer{Answer: &peerv1.Answer_Keys{Keys: &peerv1.KeysAnswer{Keys: c.Ring.IDs(), Kept: c.Ring.Kept()}}}, nil
}
