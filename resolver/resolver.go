// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package resolver finds gRPC servers among the members of a cluster. Importing it registers the scheme
// "tamtam":
//
//	import _ "github.com/eelcocramer/tamtam/resolver"
//
//	conn, err := grpc.NewClient("tamtam:///?tag=role=web&port=8080",
//		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`), ...)
//
// A target names conditions, all of which must match, and where the port is from:
//
//	tag=KEY=PATTERN     members with such a tag; tag=KEY!=PATTERN, without; may be repeated
//	name=PATTERN        members with such a name
//	port=8080           the port of all servers
//	port-tag=KEY        the port of each is the value of its tag; members without it are left out
//
// The addresses are those of members that are alive. If none is, those of suspected members remain: they may
// still answer. The list is updated as members come and go, so a server whose machine ends is left out when its
// member is suspected, within seconds, whether its connections have timed out or not. While the daemon is away,
// the last list remains; after its restart, members have 30 seconds to come back.
//
// The daemon is found as tamtam.Dial does, or at the host of the target: "tamtam://localhost:6262/?port=8080".
// With TLS, give grpc.WithAuthority the name in the servers' certificates.
package resolver

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/resolver"

	"github.com/eelcocramer/tamtam"
)

// Scheme is the scheme of targets.
const Scheme = "tamtam"

func init() { resolver.Register(New()) }

// New returns a builder whose resolvers find the daemon with options, for grpc.WithResolvers. The one that is
// registered has none.
func New(options ...tamtam.Option) resolver.Builder { return builder{options} }

type builder struct{ options []tamtam.Option }

var _ resolver.AuthorityOverrider = builder{}

// Scheme implements resolver.Builder.
func (builder) Scheme() string { return Scheme }

// OverrideAuthority implements resolver.AuthorityOverrider. A target has no host that is the servers'.
func (builder) OverrideAuthority(resolver.Target) string { return "localhost" }

// Build implements resolver.Builder. It does not wait for the daemon.
func (b builder) Build(target resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	want, err := parse(target.URL)
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", target.URL.String(), err)
	}
	options := append([]tamtam.Option{tamtam.Lazy()}, b.options...)
	if target.URL.Host != "" {
		options = append(options, tamtam.WithAddress(target.URL.Host))
	}
	ctx, cancel := context.WithCancel(context.Background())
	client, err := tamtam.Dial(ctx, options...)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &watcher{cancel: cancel, want: want, cc: cc, members: map[string]*tamtam.Member{}}
	r.running.Go(func() {
		defer client.Close()
		r.run(ctx, client)
	})
	return r, nil
}

// wanted is what a target says.
type wanted struct {
	filter  *tamtam.Filter
	port    uint16 // 0: of the tag
	portTag string
}

// parse returns what a target says. Errors say what would be right.
func parse(u url.URL) (wanted, error) {
	if u.Path != "" && u.Path != "/" {
		return wanted{}, fmt.Errorf("want tamtam:///?tag=KEY=PATTERN&port=PORT, not the path %q", u.Path)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return wanted{}, err
	}
	w := wanted{filter: &tamtam.Filter{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for i, v := range values[name] {
			if i > 0 && name != "tag" {
				return wanted{}, fmt.Errorf("%s is there twice", name)
			}
			switch name {
			case "tag":
				condition, err := parseTag(v)
				if err != nil {
					return wanted{}, err
				}
				w.filter.Tags = append(w.filter.Tags, condition)
			case "name":
				if _, err := path.Match(v, ""); err != nil || v == "" {
					return wanted{}, fmt.Errorf("name=%s: want a pattern such as web-*", v)
				}
				w.filter.Name = v
			case "port":
				if w.port, err = parsePort(v); err != nil {
					return wanted{}, fmt.Errorf("port=%s: %w", v, err)
				}
			case "port-tag":
				if v == "" {
					return wanted{}, fmt.Errorf("port-tag= is empty: want the key of a tag")
				}
				w.portTag = v
			default:
				return wanted{}, fmt.Errorf("unknown parameter %q: want tag, name, port or port-tag", name)
			}
		}
	}
	if (w.port == 0) == (w.portTag == "") {
		return wanted{}, fmt.Errorf("want port=PORT or port-tag=KEY, one of them")
	}
	return w, nil
}

// parseTag parses KEY=PATTERN or KEY!=PATTERN.
func parseTag(s string) (*tamtam.TagPattern, error) {
	key, pattern, ok := strings.Cut(s, "=")
	key, not := strings.CutSuffix(key, "!")
	if !ok || key == "" {
		return nil, fmt.Errorf("tag=%s: want tag=KEY=PATTERN or tag=KEY!=PATTERN", s)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("tag=%s: %q is not a pattern", s, pattern)
	}
	if not {
		return tamtam.NotTag(key, pattern), nil
	}
	return tamtam.Tag(key, pattern), nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("want a number from 1 to 65535")
	}
	return uint16(n), nil
}

// watcher keeps the addresses of a connection.
type watcher struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	want    wanted
	cc      resolver.ClientConn

	members map[string]*tamtam.Member // of follow
	last    []resolver.Address        // that were given
	given   bool
}

// ResolveNow implements resolver.Resolver. It does nothing: each change comes by itself.
func (*watcher) ResolveNow(resolver.ResolveNowOptions) {}

// Close implements resolver.Resolver.
func (w *watcher) Close() {
	w.cancel()
	w.running.Wait()
}

// again is how long to wait after the daemon has refused, before it is asked again: a token may have been exchanged.
const again = 5 * time.Second

// run follows the members until ctx is done.
func (w *watcher) run(ctx context.Context, client *tamtam.Client) {
	for ctx.Err() == nil {
		if err := w.follow(ctx, client); err != nil {
			w.cc.ReportError(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// follow follows the members until ctx is done, which is no error, or the daemon refuses.
func (w *watcher) follow(ctx context.Context, client *tamtam.Client) error {
	clear(w.members) // the list comes again; until it is whole, the addresses stay
	synced := false
	for e, err := range client.Watch(ctx, tamtam.WatchOptions{Filter: w.want.filter}) {
		if err != nil {
			return err
		}
		switch e.Kind {
		case tamtam.Present, tamtam.Change:
			w.members[e.Member.GetAddress()] = e.Member
			if e.Change.GetRemoved() || !w.matches(e.Member) {
				delete(w.members, e.Member.GetAddress())
			}
		case tamtam.Snapshot, tamtam.Resumed: // the list is not whole before Synced
			synced = false
		case tamtam.Synced:
			synced = true
		case tamtam.Disconnected:
			if !w.given {
				w.cc.ReportError(e.Err)
			}
		}
		// After a restart of the daemon, events of members that it does not list yet come late: each counts.
		if synced {
			w.update()
		}
	}
	return nil
}

// matches reports whether a member meets the conditions: a change of one that no longer does comes, too.
func (w *watcher) matches(m *tamtam.Member) bool {
	if ok, _ := path.Match(w.want.filter.GetName(), m.GetName()); !ok && w.want.filter.GetName() != "" {
		return false
	}
	for _, c := range w.want.filter.GetTags() {
		value, has := m.GetTags()[c.GetKey()]
		ok, _ := path.Match(c.GetPattern(), value)
		if (has && ok) == c.GetExclude() {
			return false
		}
	}
	return true
}

// update gives the addresses to the connection, if they are others.
func (w *watcher) update() {
	addresses := w.addresses()
	if w.given && slices.EqualFunc(addresses, w.last, func(a, b resolver.Address) bool { return a.Addr == b.Addr }) {
		return
	}
	w.last, w.given = addresses, true
	// An error means that the balancer wants other addresses. There are none before the next change.
	_ = w.cc.UpdateState(resolver.State{Addresses: addresses})
	if len(addresses) == 0 {
		w.cc.ReportError(fmt.Errorf("no live member matches, of those that have a port"))
	}
}

// addresses returns the servers that may answer, ordered by address.
func (w *watcher) addresses() []resolver.Address {
	for _, status := range []tamtam.Status{tamtam.Alive, tamtam.Suspected} {
		var all []resolver.Address
		for _, a := range slices.Sorted(maps.Keys(w.members)) {
			m := w.members[a]
			if at, ok := w.server(m); ok && m.GetStatus() == status {
				all = append(all, resolver.Address{Addr: at})
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// server returns the address of the server beside a member.
func (w *watcher) server(m *tamtam.Member) (string, bool) {
	at, err := netip.ParseAddrPort(m.GetAddress())
	if err != nil {
		return "", false
	}
	port := w.want.port
	if port == 0 {
		text, _, _ := strings.Cut(m.GetTags()[w.want.portTag], "/") // a service may have its protocol after it
		if port, err = parsePort(text); err != nil {
			return "", false
		}
	}
	return netip.AddrPortFrom(at.Addr(), port).String(), true
}
