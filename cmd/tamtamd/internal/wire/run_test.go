// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"runtime"
	"testing"
	"time"
)

// TestPacketsAreHandledTogether: what came in while Run was at work is handled before it looks for what
// follows from it, once.
func TestPacketsAreHandledTogether(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system does not say whether a packet is there to be read")
	}
	const packets = 10
	from, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	e := NewEndpoint(to, CoreConfig{Info: Info{Addr: to.Local(), Cluster: "test"}, Timing: LAN, Channels: simChannels})
	events, sent, together := 0, make(chan struct{}), make(chan int, packets)
	ended := make(chan error, 1)
	go func() {
		ended <- e.Run(func(Event) {
			if events++; events == 1 {
				<-sent
			}
		}, func() {
			if events > 0 {
				together <- events
				events = 1 // so that none is waited for again
			}
		})
	}()
	for range packets {
		from.Send(to.Local(), []byte("bare"))
	}
	close(sent)
	select {
	case n := <-together:
		if n < 2 { // those on the way are not there yet, the first ones are
			t.Errorf("%d of %d were handled together", n, packets)
		}
	case <-time.After(time.Minute):
		t.Error("nothing was handled")
	}
	e.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
