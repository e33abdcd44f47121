// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestParseStat(t *testing.T) {
	got, err := parseStat("42 (a) b (c)) S 1 42 42 0 -1 4194560 1000 0 3 0 123 45 0 0 20 0 9 0 77 1 2")
	if err != nil || got != 1.68 {
		t.Errorf("got %v, %v; want 1.68", got, err)
	}
	if _, err := parseStat("42 (x) S 1"); err == nil {
		t.Error("a short line is taken")
	}
}

func TestParseSent(t *testing.T) {
	const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    2446      29    0    0    0     0          0         0    43558    1007    0    0    0     0       0          0
`
	bytes, packets, err := parseSent(dev, "eth0")
	if err != nil || bytes != 43558 || packets != 1007 {
		t.Errorf("got %d, %d, %v", bytes, packets, err)
	}
	if _, _, err := parseSent(dev, "eth1"); err == nil {
		t.Error("an interface that is not there is found")
	}
}

func TestTicks(t *testing.T) {
	before := parseTicks("cpu  100 0 100 700 100 0 0 0 50 0")
	after := parseTicks("cpu  150 0 150 1400 200 0 0 0 90 0")
	if got := after.since(before); got != 100*100.0/900 {
		t.Errorf("busy %v %%", got)
	}
	if got := before.since(before); got != 0 {
		t.Errorf("no time passed, and it was busy %v %%", got)
	}
}
