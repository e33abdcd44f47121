// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	alive = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
	dead  = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
)

var (
	errGone  = errors.New("gone")
	errNever = errors.New("refused for good")
	errSlow  = status.Error(codes.ResourceExhausted, "reader fell behind")
)

type response = tamtamv1.WatchMembersResponse

func node(a string, s tamtamv1.MemberStatus, session uint64) *tamtamv1.Member {
	return &tamtamv1.Member{Address: a, Status: s, Session: session}
}

// local is the node itself.
func local(session uint64) *tamtamv1.Member {
	m := node("l", alive, session)
	m.Local = true
	return m
}

func present(revision uint64, m *tamtamv1.Member) *response {
	return &response{Revision: revision, Event: &tamtamv1.WatchMembersResponse_Present{Present: m}}
}

func synced(revision uint64, resumed bool) *response {
	return &response{Revision: revision, Event: &tamtamv1.WatchMembersResponse_Synced{Synced: &tamtamv1.Synced{Resumed: resumed}}}
}

func change(revision uint64, m *tamtamv1.Member, was tamtamv1.MemberStatus) *response {
	return &response{Revision: revision, Event: &tamtamv1.WatchMembersResponse_Change{Change: &tamtamv1.MemberChange{Member: m, PreviousStatus: was}}}
}

func removed(revision uint64, m *tamtamv1.Member) *response {
	r := change(revision, m, m.GetStatus())
	r.GetChange().Removed = true
	return r
}

// stream is what one stream brings, and how it ends.
type stream struct {
	steps []*response
	err   error
}

// follow follows streams, one after another, until none is left. It returns the events, the
// revisions that were asked for, and how it ended.
func follow(t *testing.T, patient bool, streams ...stream) (events, asked []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = Follow(ctx, Config{
		Patient: patient,
		Again:   func(err error, _ bool) bool { return !errors.Is(err, errNever) },
		Open: func(_ context.Context, after *uint64, each func(*response) error) error {
			if len(streams) == 0 {
				cancel()
				return ctx.Err()
			}
			l := streams[0]
			streams = streams[1:]
			if after == nil {
				asked = append(asked, "all")
			} else {
				asked = append(asked, fmt.Sprint(*after))
			}
			for _, r := range l.steps {
				if err := each(r); err != nil {
					return err
				}
			}
			return l.err
		},
	}, func(e Event) error {
		events = append(events, describe(e))
		return nil
	})
	return events, asked, err
}

func describe(e Event) string {
	m := e.Member
	switch e.Kind {
	case Present:
		return fmt.Sprintf("%d present %s %d", e.Revision, m.GetAddress(), m.GetStatus())
	case Synced:
		return fmt.Sprintf("%d synced", e.Revision)
	case Disconnected:
		s := fmt.Sprintf("%d disconnected", e.Revision)
		if e.Slow {
			s += " slow"
		}
		return s
	case Resumed:
		return fmt.Sprintf("%d resumed", e.Revision)
	case Snapshot:
		return fmt.Sprintf("%d snapshot", e.Revision)
	}
	s := fmt.Sprintf("%d change %s %d-%d", e.Revision, m.GetAddress(), e.Change.GetPreviousStatus(), m.GetStatus())
	if e.Change.GetRemoved() {
		s += " removed"
	}
	if e.Inferred {
		s += " inferred"
	}
	return s
}

var first = stream{[]*response{present(7, node("a", alive, 1)), present(7, node("b", alive, 2)), synced(7, false)}, errGone}

var firstEvents = []string{"7 present a 1", "7 present b 1", "7 synced", "7 disconnected"}

func TestFollow(t *testing.T) {
	for _, c := range []struct {
		name    string
		patient bool
		streams []stream
		events  []string
		asked   []string
		err     error
	}{
		{"no daemon", false, []stream{{nil, errGone}}, nil, []string{"all"}, errGone},
		{"no daemon yet", true, []stream{{nil, errGone}, {nil, errGone}, first},
			append([]string{"0 disconnected"}, firstEvents...), []string{"all", "all", "all"}, nil},
		{"refused", true, []stream{{nil, errNever}}, nil, []string{"all"}, errNever},
		{"refused later", false, []stream{first, {nil, errNever}}, firstEvents, []string{"all", "7"}, errNever},
		{"resumed with nothing missed", false, []stream{first, {nil, errGone}, {[]*response{synced(7, true)}, errGone}},
			append(firstEvents[:4:4], "7 resumed", "7 synced", "7 disconnected"), []string{"all", "7", "7"}, nil},
		{"resumed with changes", false, []stream{first, {[]*response{change(8, node("b", dead, 2), alive), synced(8, true), change(9, node("b", alive, 3), dead)}, errGone}},
			append(firstEvents[:4:4], "8 resumed", "8 change b 1-3", "8 synced", "9 change b 3-1", "9 disconnected"), []string{"all", "7"}, nil},
		{"resumed in two steps", false, []stream{first, {[]*response{change(8, node("b", dead, 2), alive)}, errGone}, {[]*response{synced(8, true)}, errGone}},
			append(firstEvents[:4:4], "8 resumed", "8 change b 1-3", "8 disconnected", "8 resumed", "8 synced", "8 disconnected"), []string{"all", "7", "8"}, nil},
		{"a daemon restarted", false, []stream{first, {[]*response{present(70, node("a", alive, 5)), present(70, node("c", alive, 6)), synced(70, false)}, errGone}},
			append(firstEvents[:4:4], "70 snapshot", "70 change b 1-1 removed inferred", "70 change a 1-1 inferred", "70 change c 0-1 inferred", "70 synced", "70 disconnected"), []string{"all", "7"}, nil},
		{"too much missed", false, []stream{first, {[]*response{present(9999, node("a", alive, 1)), present(9999, node("b", dead, 2)), synced(9999, false)}, errGone}},
			append(firstEvents[:4:4], "9999 snapshot", "9999 change b 1-3 inferred", "9999 synced", "9999 disconnected"), []string{"all", "7"}, nil},
		{"half a snapshot", false, []stream{{[]*response{present(7, node("a", alive, 1))}, errGone}, first},
			append([]string{"0 disconnected"}, firstEvents...), []string{"all", "all"}, nil},
		{"half another snapshot", false, []stream{first, {[]*response{present(70, node("a", alive, 1))}, errGone}, {[]*response{synced(7, true)}, errGone}},
			append(firstEvents[:4:4], "70 snapshot", "7 disconnected", "7 resumed", "7 synced", "7 disconnected"), []string{"all", "7", "7"}, nil},
		{"comparison follows changes", false, []stream{
			{append(first.steps[:3:3], removed(8, node("b", alive, 2)), change(9, node("c", alive, 3), 0)), errGone},
			{[]*response{present(70, node("a", alive, 1)), present(70, node("c", dead, 3)), synced(70, false)}, errGone},
		}, append(firstEvents[:3:3], "8 change b 1-1 removed", "9 change c 0-1", "9 disconnected", "70 snapshot", "70 change c 1-3 inferred", "70 synced", "70 disconnected"), []string{"all", "9"}, nil},
		{"too slow", false, []stream{{first.steps, errSlow}, {[]*response{synced(7, true)}, errGone}},
			append(firstEvents[:3:3], "7 disconnected slow", "7 resumed", "7 synced", "7 disconnected"), []string{"all", "7"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				events, asked, err := follow(t, c.patient, c.streams...)
				if !reflect.DeepEqual(events, c.events) {
					t.Errorf("events %q,\nwant %q", events, c.events)
				}
				if len(asked) < len(c.asked) || !reflect.DeepEqual(asked[:len(c.asked)], c.asked) || !errors.Is(err, c.err) {
					t.Errorf("asked for %q, want %q; ended with %v, want %v", asked, c.asked, err, c.err)
				}
			})
		})
	}
}

// TestBackoff: tries become seldom, and frequent again after one that succeeded; who
// is slow continues at once, but not forever.
// TestHold: a member that a restarted daemon does not list is removed only after a while, and
// not at all if it comes back as it was.
func TestHold(t *testing.T) {
	const hold = time.Minute
	type step struct {
		after time.Duration // since the step before
		r     *response     // nil ends the stream
	}
	again := []step{{0, present(70, node("a", alive, 5))}, {0, synced(70, false)}}
	for _, c := range []struct {
		name   string
		steps  []step // after the first stream, which lists a, b and c
		events []string
	}{
		{"back as it was", append(again[:2:2], step{time.Second, change(71, node("b", alive, 2), 0)}, step{2 * hold, nil}),
			[]string{"70 snapshot", "70 change a 1-1 inferred", "70 synced", "71 change c 1-1 removed inferred", "71 disconnected"}},
		{"back as another", append(again[:2:2], step{time.Second, change(71, node("b", alive, 9), 0)}, step{0, change(72, node("c", dead, 3), 0)}, step{2 * hold, nil}),
			[]string{"70 snapshot", "70 change a 1-1 inferred", "70 synced", "71 change b 1-1 inferred", "72 change c 1-3 inferred", "72 disconnected"}},
		{"not back", append(again[:2:2], step{hold - time.Second, change(71, node("d", alive, 9), 0)}, step{2 * time.Second, change(72, node("d", dead, 9), alive)}),
			[]string{"70 snapshot", "70 change a 1-1 inferred", "70 synced", "71 change d 0-1", "71 change b 1-1 removed inferred", "71 change c 1-1 removed inferred", "72 change d 1-3"}},
		{"no restart", []step{{0, present(70, local(1))}, {0, synced(70, false)}, {0, nil}, {0, present(80, local(1))}, {0, synced(80, false)}},
			[]string{"70 snapshot", "70 change l 0-1 inferred", "70 synced", "70 disconnected", "80 snapshot", "80 change a 1-1 removed inferred", "80 change b 1-1 removed inferred", "80 change c 1-1 removed inferred", "80 synced"}},
		{"another restart", append(again[:2:2], step{hold / 2, nil}, step{hold, present(700, node("a", alive, 6))}, step{0, present(700, node("c", alive, 3))}, step{0, synced(700, false)},
			step{hold - time.Second, change(701, node("b", alive, 2), 0)}, step{hold, change(702, node("c", dead, 3), alive)}),
			[]string{"70 snapshot", "70 change a 1-1 inferred", "70 synced", "70 disconnected", "700 snapshot", "700 change a 1-1 inferred", "700 synced", "702 change c 1-3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				steps := append([]step{{0, present(7, node("a", alive, 1))}, {0, present(7, node("b", alive, 2))}, {0, present(7, node("c", alive, 3))}, {0, synced(7, false)}, {0, nil}}, c.steps...)
				var events []string
				err := Follow(ctx, Config{
					Hold:  hold,
					Again: func(error, bool) bool { return true },
					Open: func(_ context.Context, _ *uint64, each func(*response) error) error {
						for len(steps) > 0 {
							s := steps[0]
							steps = steps[1:]
							time.Sleep(s.after)
							if s.r == nil {
								return errGone
							}
							if err := each(s.r); err != nil {
								return err
							}
						}
						cancel()
						return ctx.Err()
					},
				}, func(e Event) error {
					events = append(events, describe(e))
					return nil
				})
				if want := append(firstEvents[:2:2], append([]string{"7 present c 1", "7 synced", "7 disconnected"}, c.events...)...); err != nil || !reflect.DeepEqual(events, want) {
					t.Errorf("%v, events %q,\nwant %q", err, events, want)
				}
			})
		})
	}
}

// TestHoldEnds: an error about a member that was held ends it, as any other does.
func TestHoldEnds(t *testing.T) {
	mine := errors.New("mine")
	synctest.Test(t, func(t *testing.T) {
		streams := 0
		err := Follow(t.Context(), Config{
			Hold:  time.Minute,
			Again: func(error, bool) bool { return true },
			Open: func(ctx context.Context, _ *uint64, each func(*response) error) error {
				if streams++; streams == 1 {
					for _, r := range first.steps {
						_ = each(r)
					}
					return errGone
				}
				_ = each(present(70, node("a", alive, 1)))
				_ = each(synced(70, false))
				<-ctx.Done()
				return ctx.Err()
			},
		}, func(e Event) error {
			if e.Kind == Change {
				return mine
			}
			return nil
		})
		if !errors.Is(err, mine) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var gaps []time.Duration
		last, n := time.Now(), 0
		err := Follow(ctx, Config{
			Patient: true,
			Again:   func(error, bool) bool { return true },
			Open: func(_ context.Context, _ *uint64, each func(*response) error) error {
				gaps = append(gaps, time.Since(last))
				last = time.Now()
				switch n++; n {
				case 12, 13:
					_ = each(synced(1, false))
					return errSlow
				case 14, 15:
					return errSlow // nothing came
				case 20:
					cancel()
				}
				return errGone
			},
		}, func(Event) error { return nil })
		if err != nil {
			t.Error(err)
		}
		between := func(i int, low, high time.Duration) {
			t.Helper()
			if gaps[i] < low || gaps[i] > high {
				t.Errorf("gap %d is %v, want %v to %v", i, gaps[i], low, high)
			}
		}
		between(1, MinBackoff/2, MinBackoff)
		between(2, MinBackoff, 2*MinBackoff)
		between(11, MaxBackoff/2, MaxBackoff)
		between(12, 0, 0)
		between(13, 0, 0)
		between(14, MinBackoff/2, MinBackoff)
		between(15, MinBackoff, 2*MinBackoff)
	})
}

// TestFollowEnds: when the reader of events fails, with its error, whatever the stream
// makes of it, and while it waits for another try.
func TestFollowEnds(t *testing.T) {
	mine := errors.New("mine")
	for _, at := range []Kind{Present, Synced, Disconnected, Snapshot} {
		synctest.Test(t, func(t *testing.T) {
			opened := 0
			err := Follow(t.Context(), Config{
				Again: func(error, bool) bool { return true },
				Open: func(_ context.Context, _ *uint64, each func(*response) error) error {
					opened++
					for _, r := range first.steps {
						if each(r) != nil {
							return errGone
						}
					}
					return errGone
				},
			}, func(e Event) error {
				if e.Kind == at {
					return mine
				}
				return nil
			})
			if err != mine || opened > 2 {
				t.Errorf("kind %d: %v after %d streams", at, err, opened)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		err := Follow(ctx, Config{
			Patient: true,
			Again:   func(error, bool) bool { return true },
			Open:    func(context.Context, *uint64, func(*response) error) error { return errGone },
		}, func(Event) error { return nil })
		if err != nil || time.Since(began) != time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
