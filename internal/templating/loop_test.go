// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam"
)

// world is a loop in virtual time: what is sent to events is what the daemon says, and an error ends the watch.
type world struct {
	t       *testing.T
	began   time.Time
	events  chan any
	hangups chan os.Signal

	mu      sync.Mutex // guards the rest against the loop
	calls   []string   // of the job: when, and with whom
	logged  []string
	asked   func()        // when the loop asks whether the daemon is ready
	unready error         // what it hears
	fail    error         // of the job
	takes   time.Duration // of the job
	ended   chan error
}

// in runs f with a world, and returns what the loop came to.
func in(t *testing.T, f func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, began: time.Now(), events: make(chan any), hangups: make(chan os.Signal, 1), ended: make(chan error, 1), asked: func() {}}
		ctx, cancel := context.WithCancel(t.Context())
		l := &loop{
			watch: func(ctx context.Context, each func(tamtam.Event) error) error {
				for {
					select {
					case <-ctx.Done():
						return nil
					case e := <-w.events:
						if err, ok := e.(error); ok {
							return err
						}
						if err := each(e.(tamtam.Event)); err != nil {
							return err
						}
					}
				}
			},
			ready: func(context.Context) error {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.asked()
				return w.unready
			},
			job: func(ctx context.Context, v *view) error {
				var names []string
				for _, m := range v.members {
					names = append(names, m.Name)
				}
				w.mu.Lock()
				w.calls = append(w.calls, fmt.Sprintf("%v %s", time.Since(w.began), strings.Join(names, ",")))
				takes, fail := w.takes, w.fail
				w.mu.Unlock()
				time.Sleep(takes)
				return fail
			},
			log: func(format string, values ...any) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.logged = append(w.logged, fmt.Sprintf(format, values...))
			},
			settle: time.Second, max: 3 * time.Second, hangups: w.hangups,
		}
		go func() { w.ended <- l.run(ctx) }()
		f(w)
		cancel()
		synctest.Wait()
		select {
		case err := <-w.ended:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		default:
			t.Error("it did not end")
		}
	})
}

// handOver makes what the test has done come before what the loop does next, for the race detector.
func (w *world) handOver() {
	w.mu.Lock()
	defer w.mu.Unlock()
}

// says sends events, and waits until they are heard.
func (w *world) says(events ...any) {
	w.handOver()
	for _, e := range events {
		w.events <- e
	}
	synctest.Wait()
}

// pass lets time pass until so long after the beginning.
func (w *world) pass(until time.Duration) {
	w.handOver()
	time.Sleep(until - time.Since(w.began))
	synctest.Wait()
}

func (w *world) wants(calls ...string) {
	w.t.Helper()
	if !slices.Equal(w.calls, calls) {
		w.t.Errorf("calls %q, want %q", w.calls, calls)
	}
}

func present(name string) tamtam.Event {
	return tamtam.Event{Kind: tamtam.Present, Member: member(name, "192.0.2.1:"+fmt.Sprint(9000+len(name)), tamtam.Alive)}
}

func change(name string, removed bool) tamtam.Event {
	e := present(name)
	e.Kind, e.Change = tamtam.Change, &tamtam.MemberChange{Removed: removed}
	return e
}

var synced = tamtam.Event{Kind: tamtam.Synced}

// TestSettle: a call is for a whole list, when nothing has changed for a while, or at the latest after max.
func TestSettle(t *testing.T) {
	in(t, func(w *world) {
		w.says(present("a"))
		w.pass(10 * time.Second)
		w.wants() // the list is not whole
		w.says(synced)
		w.pass(20 * time.Second)
		w.wants("11s a")
		for i := range 10 { // one change each 0.6 s
			w.says(change(strings.Repeat("b", i+2), false))
			w.pass(20*time.Second + time.Duration(i+1)*600*time.Millisecond)
		}
		w.pass(time.Minute)
		if len(w.calls) != 3 || !strings.HasPrefix(w.calls[1], "23s a,bb,bbb") || !strings.HasPrefix(w.calls[2], "26.4s ") && !strings.HasPrefix(w.calls[2], "26s ") {
			t.Errorf("calls %q", w.calls)
		}
	})
}

// TestRemoved: a member that is removed is not in the next call.
func TestRemoved(t *testing.T) {
	in(t, func(w *world) {
		w.says(present("a"), present("bb"), synced)
		w.pass(10 * time.Second)
		w.says(change("a", true))
		w.pass(20 * time.Second)
		w.wants("1s a,bb", "11s bb")
	})
}

// TestAway: while the daemon is away, and until its new list is whole, nothing is rendered from a part of it.
func TestAway(t *testing.T) {
	in(t, func(w *world) {
		w.says(present("a"), present("bb"), synced)
		w.pass(10 * time.Second)
		w.says(tamtam.Event{Kind: tamtam.Disconnected, Err: errors.New("no daemon")})
		w.pass(50 * time.Second)
		w.hangups <- syscall.SIGHUP
		w.pass(100 * time.Second)
		w.says(tamtam.Event{Kind: tamtam.Snapshot}, change("a", true))
		w.hangups <- syscall.SIGHUP
		w.pass(200 * time.Second)
		w.wants("1s a,bb")
		w.says(change("ccc", false), synced)
		w.pass(210 * time.Second)
		w.wants("1s a,bb", "3m21s bb,ccc")
		if want := []string{"the files stay as they are until the daemon is back: no daemon", "the daemon is back"}; !slices.Equal(w.logged, want) {
			t.Errorf("logged %q", w.logged)
		}
		// A watch that resumes, and one that was slow.
		w.says(tamtam.Event{Kind: tamtam.Disconnected, Err: errors.New("no daemon")}, tamtam.Event{Kind: tamtam.Resumed}, synced)
		w.says(tamtam.Event{Kind: tamtam.Disconnected, Slow: true}, tamtam.Event{Kind: tamtam.Resumed}, synced)
		if len(w.logged) != 4 {
			t.Errorf("logged %q", w.logged)
		}
	})
}

// TestUnready: a daemon that has not joined its cluster has only itself in its list, and that is never rendered: not
// when it goes away, and not when another one comes that has joined, until the list is of that one.
func TestUnready(t *testing.T) {
	in(t, func(w *world) {
		w.unready = errors.New("not ready")
		w.says(present("a"), synced)
		w.pass(5 * time.Second)
		if want := "not ready\nagain in 4s, or after a change"; w.logged[len(w.logged)-1] != want {
			t.Errorf("logged %q", w.logged)
		}
		w.unready = nil // it cannot be asked any more, or a new one answers
		w.says(tamtam.Event{Kind: tamtam.Disconnected, Err: errors.New("no daemon")})
		w.pass(20 * time.Second)
		w.hangups <- syscall.SIGHUP
		w.pass(30 * time.Second)
		w.wants()
		w.says(tamtam.Event{Kind: tamtam.Snapshot}, change("bb", false), synced)
		w.pass(40 * time.Second)
		w.wants("31s a,bb")
	})
}

// TestLatestView: a call has the members as they are after the daemon was asked whether it is ready.
func TestLatestView(t *testing.T) {
	in(t, func(w *world) {
		w.asked = func() {
			w.events <- change("bb", false)
			time.Sleep(time.Millisecond) // until it is heard
			w.asked = func() {}
		}
		w.says(present("a"), synced)
		w.pass(1500 * time.Millisecond)
		w.wants("1.001s a,bb")
	})
}

// TestRetry: a call that fails is made again, less and less often, and at once after a change or a SIGHUP.
func TestRetry(t *testing.T) {
	in(t, func(w *world) {
		w.fail = errors.New("broken")
		w.says(present("a"), synced)
		w.pass(9 * time.Second)
		w.wants("1s a", "2s a", "4s a", "8s a")
		if want := "broken\nagain in 8s, or after a change"; w.logged[3] != want {
			t.Errorf("logged %q", w.logged)
		}
		w.pass(time.Hour)
		w.calls = nil
		w.pass(time.Hour + 10*time.Minute)
		if len(w.calls) != 10 {
			t.Errorf("%d calls in 10 minutes", len(w.calls))
		}
		w.calls, w.fail, w.began = nil, nil, time.Now()
		w.says(change("bb", false))
		w.pass(time.Hour)
		w.wants("1s a,bb")
		w.hangups <- syscall.SIGHUP
		w.pass(2 * time.Hour)
		w.wants("1s a,bb", "1h0m0s a,bb")
		w.fail = errors.New("broken")
		w.says(change("ccc", false))
		w.pass(2*time.Hour + 2500*time.Millisecond)
		w.wants("1s a,bb", "1h0m0s a,bb", "2h0m1s a,bb,ccc", "2h0m2s a,bb,ccc") // it begins with 1 s again
	})
}

// TestSlowJob: changes during a call are not lost, and the reader of events does not wait.
func TestSlowJob(t *testing.T) {
	in(t, func(w *world) {
		w.takes = 20 * time.Second
		w.says(present("a"), synced)
		w.pass(5 * time.Second)
		w.takes = 0
		for i := range 100 {
			w.says(change(strings.Repeat("b", i+2), false))
		}
		w.pass(time.Minute)
		if len(w.calls) != 2 || !strings.HasPrefix(w.calls[1], "22s a,bb,") || strings.Count(w.calls[1], ",") != 100 {
			t.Errorf("calls %q", w.calls)
		}
	})
}

// TestRefused: an error of the watch ends the loop.
func TestRefused(t *testing.T) {
	in(t, func(w *world) {
		refused := errors.New("refused")
		w.says(present("a"), synced, refused)
		if err := <-w.ended; !errors.Is(err, refused) {
			t.Errorf("it ended with %v", err)
		}
		w.ended <- nil // as in wants it
		w.wants()
	})
}
