// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestFollowAndSetKeep: a follower gets what readers get, and SetKeep stays in effect when
// the node takes a new session.
func TestFollowAndSetKeep(t *testing.T) {
	inWorld(t, func(w *world) {
		var got []uint64
		w.Follow(func(d Delivery) { got = append(got, d.Message.Sequence) })
		send := func() {
			if _, err := w.Send(context.Background(), Request{Payload: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			send()
		}
		w.SetKeep(2, 1<<20)
		send()
		synctest.Wait()
		kept, sub := w.Subscribe(Query{Last: 100}, 1)
		sub.Unsubscribe()
		if !slices.Equal(got, []uint64{1, 2, 3, 4, 5, 6}) || len(kept) != 2 {
			t.Errorf("told %v, kept %d", got, len(kept))
		}
		if core := w.newCore(local); core.store.maxCount != 2 {
			t.Errorf("the next session keeps %d", core.store.maxCount)
		}
	})
}

func TestWakeRunsAnIteration(t *testing.T) {
	inWorld(t, func(w *world) {
		synctest.Wait()
		before := w.Iterations()
		time.Sleep(time.Second)
		if w.Iterations() != before {
			t.Error("it iterates without being woken: the test shows nothing")
		}
		w.Wake()
		synctest.Wait()
		if w.Iterations() == before {
			t.Error("no iteration")
		}
	})
}

// TestMatchTopic: a topic is matched by itself, and by a pattern.
func TestMatchTopic(t *testing.T) {
	for _, c := range []struct {
		topics []string
		topic  string
		want   bool
	}{
		{nil, "a", false}, {[]string{"b", "a"}, "a", true}, {[]string{"a"}, "ab", false}, {[]string{""}, "", true}, {[]string{""}, "a", false},
		{[]string{"config/*"}, "config/a", true}, {[]string{"config/*"}, "config/a/b", false}, {[]string{"*"}, "", true},
		{[]string{"a[b-c]?"}, "acx", true}, {[]string{"a[b-c]?"}, "a[b-c]?", true}, {[]string{"["}, "[", true}, {[]string{"["}, "a", false},
	} {
		if have := MatchTopic(c.topics, c.topic); have != c.want {
			t.Errorf("%q, %q: %v", c.topics, c.topic, have)
		}
	}
}

// TestPublish: a retained message goes to readers, and is not kept as one of its origin's stream.
func TestPublish(t *testing.T) {
	inWorld(t, func(w *world) {
		_, sub := w.Subscribe(Query{}, 1)
		defer sub.Unsubscribe()
		w.Publish(Message{Stream: Stream{Origin: local.Origin}, Topic: "a", Payload: []byte("x"), Retained: true})
		if d := <-sub.C(); !d.Message.Retained || d.Message.Topic != "a" {
			t.Errorf("%+v", d)
		}
		kept, again := w.Subscribe(Query{Last: 9}, 1)
		again.Unsubscribe()
		if len(kept) != 0 {
			t.Errorf("kept %v", kept)
		}
	})
}
