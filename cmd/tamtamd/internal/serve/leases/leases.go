// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package leases has the services that programs offer while they live. A lease adds a tag to the node
// for each service that its program says is well, and removes them when it ends. The package knows no
// streams: package rpc ends a lease when its stream ends.
package leases

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// ErrTaken: another program, or a tag of the node, has the name of a service.
var ErrTaken = errors.New("service is taken")

// Offer is a service of a program.
type Offer struct {
	services.Service
	Failing bool // it is not announced, and its name is taken nevertheless
}

// Book has the tags of the node: its own, and those of leases. All changes of tags go through it, so
// that neither kind overwrites the other. Its methods may be called from any goroutine.
type Book struct {
	setTags func(set map[string]string, remove []string) (tags.Set, error)
	counts  *counter.Set
	done    chan struct{} // closed by Close

	mu     sync.Mutex // guards the rest; held while setTags runs, which knows no Book
	own    tags.Set
	held   map[string]held // by key of the tag
	closed bool
}

// held is a service of a lease.
type held struct {
	by      *Lease
	value   string // of the tag
	failing bool
}

// New returns a book without leases. own are the tags that the node has. setTags changes them: those
// of set are set, then those of remove removed; it returns them, or an error, and has changed
// nothing then.
func New(own tags.Set, setTags func(set map[string]string, remove []string) (tags.Set, error)) *Book {
	return &Book{
		setTags: setTags, counts: counters.NewSet(), done: make(chan struct{}),
		own: maps.Clone(own), held: map[string]held{},
	}
}

// SetTags changes the node's own tags: those of set are set, then those of remove removed. It returns
// them without those of leases. Fails with tags.ErrBad, or with ErrTaken if a tag is that of a
// lease, and changes nothing.
func (b *Book) SetTags(set map[string]string, remove []string) (tags.Set, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range append(slices.Sorted(maps.Keys(set)), remove...) {
		if _, taken := b.held[key]; taken {
			return nil, fmt.Errorf("%w: %s: a program offers it for as long as it is attached", ErrTaken, strings.TrimPrefix(key, services.Prefix))
		}
	}
	now := tags.Set{}
	maps.Copy(now, b.own)
	maps.Copy(now, set)
	for _, key := range remove {
		delete(now, key)
	}
	if err := b.fits(now, b.held); err != nil {
		return nil, err
	}
	if _, err := b.setTags(set, remove); err != nil {
		return nil, err
	}
	b.own = now
	return maps.Clone(now), nil
}

// fits returns tags.ErrBad if own tags and those of leases together are not valid. Services that
// fail count, so that there is a place for each when it is well again.
func (b *Book) fits(own tags.Set, leased map[string]held) error {
	all := tags.Set{}
	maps.Copy(all, own)
	for key, h := range leased {
		all[key] = h.value
	}
	if err := all.Check(); err != nil {
		return fmt.Errorf("%w; services of programs are tags, too", err)
	}
	return nil
}

// Lease has the services of one program.
type Lease struct{ book *Book }

// Open returns a lease without services. The caller must end it. Fails with fanout.ErrClosed.
func (b *Book) Open() (*Lease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fanout.ErrClosed
	}
	return &Lease{b}, nil
}

// Set replaces the services of the lease, and returns the names of those that are announced, ordered.
// Fails with services.ErrBad, tags.ErrBad or ErrTaken, and changes nothing.
func (l *Lease) Set(offers []Offer) (announced []string, err error) {
	b := l.book
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() {
		if err != nil {
			b.counts.Inc(refused)
		}
	}()
	if n := len(offers); n == 0 || n > tags.MaxCount {
		return nil, fmt.Errorf("%w: a program offers %d, want 1 to %d", services.ErrBad, n, tags.MaxCount)
	}
	next := maps.Clone(b.held)
	maps.DeleteFunc(next, func(_ string, h held) bool { return h.by == l })
	for _, o := range offers {
		key, value := o.Tag()
		if h, taken := next[key]; taken && h.by == l {
			return nil, fmt.Errorf("%w: %s is given twice", services.ErrBad, o.Name)
		} else if taken {
			return nil, fmt.Errorf("%w: %s: another program that is attached to the node offers it: use another name, or end that program", ErrTaken, o.Name)
		}
		if _, taken := b.own[key]; taken {
			return nil, fmt.Errorf("%w: %s: the node has a tag %s: delete the tag, or use another name", ErrTaken, o.Name, key)
		}
		next[key] = held{l, value, o.Failing}
		if !o.Failing {
			announced = append(announced, o.Name)
		}
	}
	if err := b.fits(b.own, next); err != nil {
		return nil, err
	}
	if err := b.replace(next); err != nil {
		return nil, err
	}
	slices.Sort(announced)
	return announced, nil
}

// End removes the services of the lease. It may be called more than once.
func (l *Lease) End() {
	b := l.book
	b.mu.Lock()
	defer b.mu.Unlock()
	next := maps.Clone(b.held)
	maps.DeleteFunc(next, func(_ string, h held) bool { return h.by == l })
	_ = b.replace(next) // fewer tags than before are valid
}

// replace makes the tags of leases those of next. mu is held.
func (b *Book) replace(next map[string]held) error {
	set, remove := map[string]string{}, []string{}
	for key, h := range b.held {
		if n, ok := next[key]; !h.failing && (!ok || n.failing) {
			remove = append(remove, key)
		}
	}
	for key, n := range next {
		if h, ok := b.held[key]; !n.failing && (!ok || h.failing || h.value != n.value) {
			set[key] = n.value
		}
	}
	if len(set)+len(remove) > 0 && !b.closed {
		if _, err := b.setTags(set, remove); err != nil {
			return err
		}
	}
	b.held = next
	return nil
}

// Close takes no more leases, and asks those who hold one to end it: see Done. The tags stay: the node
// is about to leave.
func (b *Book) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.done)
	}
}

// Done returns a channel that is closed by Close.
func (b *Book) Done() <-chan struct{} { return b.done }

// Expired counts a lease that ended since its program sent nothing.
func (b *Book) Expired() { b.counts.Inc(expired) }

// Counters adds what was counted to m.
func (b *Book) Counters(m map[string]uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	programs, n := map[*Lease]bool{}, 0
	for _, h := range b.held {
		programs[h.by] = true
		if !h.failing {
			n++
		}
	}
	b.counts.Put(programsNow, uint64(len(programs)))
	b.counts.Put(servicesNow, uint64(n))
	b.counts.Counters(m)
}

// counters are what this package counts.
var counters counter.Table

var (
	programsNow = counters.Gauge("attach_programs", "tamtam_attached_programs", "Programs that offer services at this node for as long as they live, now.")
	servicesNow = counters.Gauge("attach_services", "tamtam_attached_services", "Services of such programs that this node announces now.")
	refused     = counters.New("attach_refused", "Services of programs that were refused: not valid, too many tags, or a name that is taken.")
	expired     = counters.New("attach_expired", "Programs that sent nothing for longer than they said: their services were removed.")
)
