// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 9999)
}

// nodes are a cluster of rings without a network; the first is the local one.
type nodes struct {
	rings    map[netip.AddrPort]*keyring.Ring // those that are asked; nil for one that says nothing
	statuses []member.Status                  // of at(1), at(2), …
	log      bytes.Buffer
	asked    []netip.AddrPort // in the last call
	deadline []time.Time      // of each call
}

func (n *nodes) List() (all []member.Member, revision uint64) {
	for i, s := range n.statuses {
		all = append(all, member.Member{Addr: at(i + 1), Info: member.Info{Session: 1}, Status: s, Local: i == 0})
	}
	return all, 7
}

func required() wire.Encryption { return wire.EncryptRequire }

var errSilent = errors.New("it says nothing")

func (n *nodes) ask(ctx context.Context, to []netip.AddrPort, q *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error)) {
	n.asked = to
	d, _ := ctx.Deadline()
	n.deadline = append(n.deadline, d)
	for _, a := range to {
		r := n.rings[a]
		if r == nil {
			if _, bounded := ctx.Deadline(); bounded {
				<-ctx.Done()
			}
			do(a, nil, errSilent)
			continue
		}
		other := &Cluster{Ring: r, Addr: a, Members: n, Encryption: required, Logger: log.NewNopLogger()}
		answer, err := other.Answer(at(1), q.GetKeys())
		do(a, answer, err)
	}
}

// cluster makes one in which node i has the keys of that number.
func cluster(t *testing.T, keys ...[]int) (*Cluster, *nodes) {
	t.Helper()
	n := &nodes{rings: map[netip.AddrPort]*keyring.Ring{}}
	for i, numbers := range keys {
		n.statuses = append(n.statuses, member.Alive)
		var own []wire.Key
		for _, k := range numbers {
			own = append(own, nth(k))
		}
		if own == nil {
			n.rings[at(i+1)] = nil
			continue
		}
		ring, err := keyring.FromText(lines(own...))
		if err != nil {
			t.Fatal(err)
		}
		ring.OnChange(func([]wire.Key) {})
		n.rings[at(i+1)] = ring
	}
	return &Cluster{Ring: n.rings[at(1)], Addr: at(1), Members: n, Ask: n.ask, Encryption: required, Logger: log.NewLogfmtLogger(&n.log)}, n
}

// have fails unless the nodes have these keys.
func (n *nodes) have(t *testing.T, when string, keys ...[]int) {
	t.Helper()
	for i, numbers := range keys {
		var want []wire.Key
		for _, k := range numbers {
			want = append(want, nth(k))
		}
		if r := n.rings[at(i+1)]; r != nil && !slices.Equal(r.Keys(), want) {
			t.Errorf("%s: %s has %v, want keys %v", when, at(i+1), r.IDs(), numbers)
		}
	}
}

func id(n int) string { return keyring.ID(nth(n)) }

// TestRotationOfAll: install, use and remove on all nodes.
func TestRotationOfAll(t *testing.T) {
	c, n := cluster(t, []int{1}, []int{1}, []int{1})
	ctx := context.Background()
	for _, step := range []struct {
		name string
		do   func() ([]Node, error)
		want []int
	}{
		{"list", func() ([]Node, error) { return c.List(ctx) }, []int{1}},
		{"install", func() ([]Node, error) { return c.Install(ctx, nth(2), Signature{}) }, []int{1, 2}},
		{"use", func() ([]Node, error) { return c.Use(ctx, id(2), false, Signature{}) }, []int{2, 1}},
		{"remove", func() ([]Node, error) { return c.Remove(ctx, id(1), false, Signature{}) }, []int{2}},
	} {
		all, err := step.do()
		if err != nil || len(all) != 3 {
			t.Fatalf("%s: %v, %v", step.name, all, err)
		}
		n.have(t, step.name, step.want, step.want, step.want)
		for i, node := range all {
			if node.Err != nil || node.Member.Addr != at(i+1) || len(node.Keys) != len(step.want) || node.Keys[0] != id(step.want[0]) || node.Kept {
				t.Errorf("%s: node %d is %+v", step.name, i, node)
			}
		}
		if !slices.Equal(n.asked, []netip.AddrPort{at(2), at(3)}) {
			t.Errorf("%s: asked %v", step.name, n.asked)
		}
	}
	for _, line := range []string{`msg="key installed" key=` + id(2), `msg="key in use" key=` + id(2), `msg="key removed" key=` + id(1), "by=192.0.2.1:9999"} {
		if !strings.Contains(n.log.String(), line) {
			t.Errorf("%s is not logged:\n%s", line, &n.log)
		}
	}
	if strings.Contains(n.log.String(), strings.TrimSpace(lines(nth(2)))[:8]) {
		t.Errorf("a key is logged:\n%s", &n.log)
	}
}

// TestRefusedChanges: what would shut a live member out is not done, unless it is forced.
func TestRefusedChanges(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name   string
		keys   [][]int
		do     func(c *Cluster, force bool) ([]Node, error)
		err    error
		names  string  // who is named in the error
		forced [][]int // what they have when it is forced
	}{
		{"use what one has not", [][]int{{1, 2}, {1, 2}, {1}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Use(ctx, id(2), force, Signature{}) }, ErrNotEverywhere, at(3).String(),
			[][]int{{2, 1}, {2, 1}, {1}}},
		{"use what one does not tell", [][]int{{1, 2}, nil, {1, 2}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Use(ctx, id(2), force, Signature{}) }, ErrNotEverywhere, at(2).String(),
			[][]int{{2, 1}, nil, {2, 1}}},
		{"use what this node has not", [][]int{{1}, {1, 2}, {1, 2}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Use(ctx, id(2), force, Signature{}) }, ErrNotEverywhere, at(1).String(),
			[][]int{{1}, {2, 1}, {2, 1}}},
		{"remove what one seals with", [][]int{{2, 1}, {2, 1}, {1, 2}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Remove(ctx, id(1), force, Signature{}) }, ErrNotEverywhere, at(3).String(),
			[][]int{{2}, {2}, {1, 2}}},
		{"remove what one may seal with", [][]int{{2, 1}, nil},
			func(c *Cluster, force bool) ([]Node, error) { return c.Remove(ctx, id(1), force, Signature{}) }, ErrNotEverywhere, at(2).String(),
			[][]int{{2}, nil}},
		{"remove what this node seals with", [][]int{{1, 2}, {2, 1}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Remove(ctx, id(1), force, Signature{}) }, ErrNotEverywhere, at(1).String(),
			[][]int{{1, 2}, {2}}},
		{"remove what one has not", [][]int{{2, 1}, {2}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Remove(ctx, id(1), force, Signature{}) }, nil, "", [][]int{{2}, {2}}},
		{"use what nobody has", [][]int{{1}, {1}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Use(ctx, id(3), force, Signature{}) }, keyring.ErrUnknownKey, id(3), nil},
		{"remove what nobody has", [][]int{{1}, {1}},
			func(c *Cluster, force bool) ([]Node, error) { return c.Remove(ctx, "x\x1b", force, Signature{}) }, keyring.ErrUnknownKey, `"x\x1b"`, nil},
	} {
		cl, n := cluster(t, c.keys...)
		nodes, err := c.do(cl, false)
		if !errors.Is(err, c.err) || err != nil && (nodes != nil || !strings.Contains(err.Error(), c.names)) {
			t.Errorf("%s: %v, %v; want %v that names %s", c.name, nodes, err, c.err, c.names)
		}
		if c.err != nil {
			n.have(t, c.name, c.keys...)
		}
		cl, n = cluster(t, c.keys...)
		nodes, err = c.do(cl, true)
		if c.forced == nil {
			if !errors.Is(err, c.err) {
				t.Errorf("%s, forced: %v", c.name, err)
			}
			continue
		}
		if err != nil || len(nodes) != len(c.keys) {
			t.Errorf("%s, forced: %v, %v", c.name, nodes, err)
		}
		n.have(t, c.name+", forced", c.forced...)
	}
}

// TestWhoIsAway: those that are not alive are listed, not asked, and keep nobody from
// anything; a suspected one is asked and does.
func TestWhoIsAway(t *testing.T) {
	ctx := context.Background()
	c, n := cluster(t, []int{1, 2}, nil, nil, []int{1, 2})
	n.statuses[1], n.statuses[2] = member.Dead, member.Left
	nodes, err := c.Use(ctx, id(2), false, Signature{})
	if err != nil || len(nodes) != 4 || !slices.Equal(n.asked, []netip.AddrPort{at(4)}) {
		t.Fatalf("%v, %v, asked %v", nodes, err, n.asked)
	}
	for i, away := range []bool{false, true, true, false} {
		if (nodes[i].Err != nil) != away || away && (!strings.Contains(nodes[i].Err.Error(), "not alive") || nodes[i].Keys != nil) {
			t.Errorf("node %d is %+v", i, nodes[i])
		}
	}
	n.statuses[1] = member.Suspected
	if _, err := c.Remove(ctx, id(1), false, Signature{}); !errors.Is(err, ErrNotEverywhere) || !strings.Contains(err.Error(), at(2).String()) {
		t.Errorf("a suspected member that says nothing: %v", err)
	}
}

// TestSomeFail: that one cannot change its keys is reported of that one; the others change.
func TestSomeFail(t *testing.T) {
	full := []int{1, 11, 12, 13, 14, 15, 16, 17}
	c, n := cluster(t, []int{1}, full, nil, []int{1})
	nodes, err := c.Install(context.Background(), nth(2), Signature{})
	if err != nil || nodes[0].Err != nil || !errors.Is(nodes[1].Err, keyring.ErrFull) || !errors.Is(nodes[2].Err, errSilent) || nodes[3].Err != nil {
		t.Errorf("%+v, %v", nodes, err)
	}
	n.have(t, "after", []int{1, 2}, full, nil, []int{1, 2})
	if nodes[1].Keys != nil || len(nodes[0].Keys) != 2 {
		t.Errorf("%+v", nodes)
	}
}

func TestWithoutAKeyring(t *testing.T) {
	ctx := context.Background()
	c := &Cluster{Addr: at(1), Members: &nodes{statuses: []member.Status{member.Alive}}, Logger: log.NewNopLogger()}
	for name, call := range map[string]func() ([]Node, error){
		"list":    func() ([]Node, error) { return c.List(ctx) },
		"install": func() ([]Node, error) { return c.Install(ctx, nth(1), Signature{}) },
		"use":     func() ([]Node, error) { return c.Use(ctx, id(1), true, Signature{}) },
		"remove":  func() ([]Node, error) { return c.Remove(ctx, id(1), true, Signature{}) },
	} {
		if nodes, err := call(); !errors.Is(err, keyring.ErrNoKeyring) || nodes != nil {
			t.Errorf("%s: %v, %v", name, nodes, err)
		}
	}
	if _, err := c.Answer(at(2), &peerv1.KeysQuestion{}); !errors.Is(err, keyring.ErrNoKeyring) {
		t.Errorf("asked by another: %v", err)
	}
}

// TestKeysAreFixedWhileOthersMayJoin: who joins without a key can neither learn a key nor
// change one, of this node or by it. The keys can be listed.
func TestKeysAreFixedWhileOthersMayJoin(t *testing.T) {
	ctx := context.Background()
	for _, e := range []wire.Encryption{wire.EncryptAccept, wire.EncryptSend} {
		c, n := cluster(t, []int{1, 2}, []int{1, 2})
		c.Encryption = func() wire.Encryption { return e }
		if nodes, err := c.List(ctx); err != nil || len(nodes) != 2 || len(nodes[0].Keys) != 2 || len(nodes[1].Keys) != 2 {
			t.Errorf("%v: list: %+v, %v", e, nodes, err)
		}
		n.asked = nil
		three := nth(3)
		for name, call := range map[string]func() ([]Node, error){
			"install": func() ([]Node, error) { return c.Install(ctx, three, Signature{}) },
			"use":     func() ([]Node, error) { return c.Use(ctx, id(2), true, Signature{}) },
			"remove":  func() ([]Node, error) { return c.Remove(ctx, id(2), true, Signature{}) },
		} {
			if nodes, err := call(); !errors.Is(err, ErrClear) || nodes != nil {
				t.Errorf("%v: %s: %+v, %v", e, name, nodes, err)
			}
		}
		for _, q := range []*peerv1.KeysQuestion{
			{Change: &peerv1.KeysQuestion_Install{Install: three[:]}},
			{Change: &peerv1.KeysQuestion_Use{Use: id(2)}},
			{Change: &peerv1.KeysQuestion_Remove{Remove: id(2)}},
		} {
			if _, err := c.Answer(at(2), q); !errors.Is(err, ErrClear) {
				t.Errorf("%v: asked %v: %v", e, q, err)
			}
		}
		n.have(t, "after", []int{1, 2}, []int{1, 2})
	}
}

// TestAnswer: what others ask of this node, well-formed or not.
func TestAnswer(t *testing.T) {
	zeros := make([]byte, 32)
	one, two := nth(1), nth(2)
	for _, q := range []struct {
		name string
		q    *peerv1.KeysQuestion
		err  error
		want []int
	}{
		{"nothing", &peerv1.KeysQuestion{}, nil, []int{1, 3}},
		{"no question", nil, nil, []int{1, 3}},
		{"install", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{Install: two[:]}}, nil, []int{1, 3, 2}},
		{"install again", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{Install: one[:]}}, nil, []int{1, 3}},
		{"install zeros", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{Install: zeros}}, keyring.ErrBadKey, []int{1, 3}},
		{"install too little", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{Install: two[:31]}}, keyring.ErrBadKey, []int{1, 3}},
		{"install nothing", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{}}, keyring.ErrBadKey, []int{1, 3}},
		{"install too much", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Install{Install: make([]byte, 33)}}, keyring.ErrBadKey, []int{1, 3}},
		{"use", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Use{Use: id(3)}}, nil, []int{3, 1}},
		{"use what it has not", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Use{Use: id(2)}}, keyring.ErrUnknownKey, []int{1, 3}},
		{"remove", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Remove{Remove: id(3)}}, nil, []int{1}},
		{"remove what it has not", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Remove{Remove: id(2)}}, nil, []int{1, 3}},
		{"remove what seals", &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Remove{Remove: id(1)}}, keyring.ErrKeyInUse, []int{1, 3}},
	} {
		c, n := cluster(t, []int{1, 3})
		answer, err := c.Answer(at(2), q.q)
		if !errors.Is(err, q.err) || (err == nil) != (answer != nil) {
			t.Errorf("%s: %v, %v", q.name, answer, err)
		}
		n.have(t, q.name, q.want)
		if q.err != nil && !strings.Contains(n.log.String(), "level=warn") && !strings.HasPrefix(q.name, "install ") {
			t.Errorf("%s: it is not logged: %s", q.name, &n.log)
		}
		if keys := answer.GetKeys().GetKeys(); err == nil && (len(keys) != len(q.want) || keys[0] != id(q.want[0])) {
			t.Errorf("%s: told %v", q.name, keys)
		}
	}
}

// TestTimeIsSplit: who does not answer the question leaves half of the time to the change.
func TestTimeIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := cluster(t, []int{1, 2}, nil, []int{1, 2})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		nodes, err := c.Use(ctx, id(2), true, Signature{})
		if err != nil || !errors.Is(nodes[1].Err, errSilent) || nodes[2].Err != nil {
			t.Errorf("%+v, %v", nodes, err)
		}
		if len(n.deadline) != 2 || n.deadline[0].Sub(began) != 1500*time.Millisecond || n.deadline[1].Sub(began) != 3*time.Second {
			t.Errorf("it had until %v, from %v on", n.deadline, began)
		}
		n.have(t, "after", []int{2, 1}, nil, []int{2, 1})
	})
}

// nth is a key of its own for each n over 0.
func nth(n int) (k wire.Key) {
	k[0], k[31] = byte(n), byte(n>>8)
	return k
}

func lines(keys ...wire.Key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(base64.StdEncoding.EncodeToString(k[:]) + "\n")
	}
	return b.String()
}
