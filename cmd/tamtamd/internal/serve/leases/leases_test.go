// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package leases

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// node has the tags that are announced.
type node struct {
	tags    tags.Set
	changes int
}

func (n *node) setTags(set map[string]string, remove []string) (tags.Set, error) {
	next := maps.Clone(n.tags)
	maps.Copy(next, set)
	for _, k := range remove {
		delete(next, k)
	}
	if err := next.Check(); err != nil {
		return nil, err
	}
	n.tags = next
	n.changes++
	return next, nil
}

func newBook(own tags.Set) (*Book, *node) {
	n := &node{tags: tags.Set{}}
	maps.Copy(n.tags, own)
	return New(own, n.setTags), n
}

func offer(t *testing.T, text string, failing bool) Offer {
	t.Helper()
	s, err := services.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return Offer{s, failing}
}

func open(t *testing.T, b *Book) *Lease {
	t.Helper()
	l, err := b.Open()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLease: the life of a lease, step by step, and the tags of the node after each.
func TestLease(t *testing.T) {
	b, n := newBook(tags.Set{"role": "web"})
	l := open(t, b)
	for i, step := range []struct {
		offers    []Offer
		announced []string
		want      tags.Set
		changes   int
	}{
		{[]Offer{offer(t, "web:80", true)}, nil, tags.Set{"role": "web"}, 0},
		{[]Offer{offer(t, "web:80", false)}, []string{"web"}, tags.Set{"role": "web", "service/web": "80"}, 1},
		{[]Offer{offer(t, "web:80", false)}, []string{"web"}, tags.Set{"role": "web", "service/web": "80"}, 1}, // the same: no news
		{[]Offer{offer(t, "web:80/tcp/5", false), offer(t, "a:1", false)}, []string{"a", "web"}, tags.Set{"role": "web", "service/web": "80/tcp/5", "service/a": "1"}, 2},
		{[]Offer{offer(t, "web:80/tcp/5", true), offer(t, "a:1", false)}, []string{"a"}, tags.Set{"role": "web", "service/a": "1"}, 3},
		{[]Offer{offer(t, "b:2/udp", false)}, []string{"b"}, tags.Set{"role": "web", "service/b": "2/udp"}, 4},
	} {
		announced, err := l.Set(step.offers)
		if err != nil || !slices.Equal(announced, step.announced) || !reflect.DeepEqual(n.tags, step.want) || n.changes != step.changes {
			t.Fatalf("step %d: announced %q, %v; tags %v after %d changes", i, announced, err, n.tags, n.changes)
		}
	}
	l.End()
	l.End()
	if want := (tags.Set{"role": "web"}); !reflect.DeepEqual(n.tags, want) || n.changes != 5 {
		t.Errorf("at the end: %v after %d changes", n.tags, n.changes)
	}
}

// TestTaken: leases and own tags never overwrite each other, and a name is free when its lease ends.
func TestTaken(t *testing.T) {
	b, n := newBook(tags.Set{"service/db": "5432"})
	first, second := open(t, b), open(t, b)
	if _, err := first.Set([]Offer{offer(t, "web:80", true)}); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(n.tags)
	for what, err := range map[string]error{
		"db: the node has a tag":    second.try(offer(t, "db:1", false)),
		"web: another program":      second.try(offer(t, "web:81", false)), // although it fails
		"web: a program offers it":  b.try(map[string]string{"service/web": "1"}, nil),
		"web: a program offers it ": b.try(nil, []string{"service/web"}),
	} {
		if !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), strings.TrimSpace(what)) {
			t.Errorf("%q: %v", what, err)
		}
	}
	if !reflect.DeepEqual(n.tags, before) {
		t.Errorf("something changed: %v", n.tags)
	}
	first.End()
	if err := second.try(offer(t, "web:81", false)); err != nil {
		t.Error(err)
	}
	own, err := b.SetTags(map[string]string{"role": "x"}, []string{"service/db", "none"})
	if want := (tags.Set{"role": "x"}); err != nil || !reflect.DeepEqual(own, want) {
		t.Errorf("own tags: %v, %v", own, err)
	}
	if want := (tags.Set{"role": "x", "service/web": "81"}); !reflect.DeepEqual(n.tags, want) {
		t.Errorf("all tags: %v", n.tags)
	}
	m := map[string]uint64{}
	b.Counters(m)
	if m["attach_programs"] != 1 || m["attach_services"] != 1 || m["attach_refused"] != 2 {
		t.Errorf("counters: %v", m)
	}
}

func (l *Lease) try(o ...Offer) error {
	_, err := l.Set(o)
	return err
}

func (b *Book) try(set map[string]string, remove []string) error {
	_, err := b.SetTags(set, remove)
	return err
}

// TestBounds: all services have a place, also those that fail, and what is over is refused.
func TestBounds(t *testing.T) {
	b, n := newBook(tags.Set{"role": "web"})
	l := open(t, b)
	var most []Offer
	for i := range tags.MaxCount {
		most = append(most, offer(t, fmt.Sprintf("s%d:1", i), true))
	}
	for what, c := range map[string]struct {
		offers []Offer
		err    error
	}{
		"none":     {nil, services.ErrBad},
		"too many": {append(most, offer(t, "x:1", true)), services.ErrBad},
		"one over": {most, tags.ErrBad}, // with the node's own
		"twice":    {[]Offer{most[0], most[0]}, services.ErrBad},
	} {
		if err := l.try(c.offers...); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := l.try(most[:tags.MaxCount-1]...); err != nil {
		t.Error(err)
	}
	if err := b.try(map[string]string{"one": "more"}, nil); !errors.Is(err, tags.ErrBad) {
		t.Errorf("a tag in the place of a service that fails: %v", err)
	}
	for i := range most {
		most[i].Failing = false
	}
	if err := l.try(most[:tags.MaxCount-1]...); err != nil || len(n.tags) != tags.MaxCount {
		t.Errorf("%v; %d tags", err, len(n.tags))
	}
}

// TestClose: nobody gets a lease, and the end of one changes nothing: the node leaves.
func TestClose(t *testing.T) {
	b, n := newBook(nil)
	l := open(t, b)
	if err := l.try(offer(t, "web:80", false)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b.Close()
	select {
	case <-b.Done():
	default:
		t.Error("it is not done")
	}
	l.End()
	if _, err := b.Open(); !errors.Is(err, fanout.ErrClosed) || n.changes != 1 {
		t.Errorf("%v; %d changes", err, n.changes)
	}
}
