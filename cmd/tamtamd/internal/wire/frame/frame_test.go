// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, h := range []Header{
		header(Hello), header(Announce),
		{Kind: Data, Channel: 0, Session: 1 << 63, Connection: 1, Counter: 1<<64 - 1},
		{Kind: Data, Channel: MaxChannels - 1, Session: 1},
		{Kind: AckData, Channel: 3, Session: 7},
	} {
		for _, acks := range [][]uint32{nil, {1}, make([]uint32, MaxAcks)} {
			b := append(h.Append(nil, acks), "payload"...)
			f, ok := Parse(b)
			var have []uint32
			f.Acks(func(a uint32) { have = append(have, a) })
			if !ok || f.Header != h || !slices.Equal(have, acks) || string(f.Payload) != "payload" {
				t.Errorf("%+v with %v is parsed as %+v with %v", h, acks, f.Header, have)
			}
			if k, ch := KindOf(b); k != h.Kind || ch != h.Channel || len(b) != HeaderSize+AckSize*len(acks)+7 {
				t.Errorf("%+v: kind %v, channel %v, %d bytes", h, k, ch, len(b))
			}
		}
	}
}

// TestNoFrame: what is not a whole frame of a known kind is none.
func TestNoFrame(t *testing.T) {
	good := append(header(Data).Append(nil, []uint32{1, 2}), "payload"...)
	if _, ok := Parse(good); !ok {
		t.Fatal("the good one is none")
	}
	set := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	for name, b := range map[string][]byte{
		"empty": nil, "short": good[:HeaderSize-1], "without its acks": good[:HeaderSize+2*AckSize-1],
		"long": append(bytes.Clone(good), make([]byte, MaxSize)...), "Smudge's": set(0, 0), "another version": set(versionAt, 2),
		"kind 0": set(kindAt, 0), "a kind too high": set(kindAt, byte(Renew)+1), "no group": set(kindAt, 0x30), "beyond": set(kindAt, 0x41),
		"encrypted": set(kindAt, byte(Data)|sealed), "too many acks": set(acksAt, MaxAcks+1),
		"no session": append(append(bytes.Clone(good[:sessionAt]), make([]byte, 8)...), good[connectionAt:]...),
	} {
		if f, ok := Parse(b); ok {
			t.Errorf("%s: parsed as %+v", name, f)
		}
	}
}

func TestReliable(t *testing.T) {
	for k, want := range map[Kind]bool{
		Hello: false, Welcome: false, Refuse: false, Info: true, Profile: true, Ack: false, Announce: false, Relay: false, Relayed: false, Data: true, AckData: false,
	} {
		if k.Reliable() != want || !k.known() {
			t.Errorf("kind %#x: reliable %v, known %v", k, k.Reliable(), k.known())
		}
	}
}

func TestAddr(t *testing.T) {
	for _, text := range []string{"192.0.2.1:9999", "[2001:db8::1]:1", "0.0.0.0:0"} {
		want := netip.MustParseAddrPort(text)
		if b := AppendAddr(nil, want); len(b) != AddrSize || Addr(b) != want {
			t.Errorf("%s is read as %s", want, Addr(b))
		}
	}
}

// FuzzParse: what is read as a frame is written as the same bytes, and nothing else
// breaks the reader.
func FuzzParse(f *testing.F) {
	f.Add(append(header(Data).Append(nil, []uint32{4, 5}), "payload"...))
	f.Add(header(Hello).Append(nil, nil))
	f.Add(Header{Kind: AckData, Channel: 3, Session: 1}.Append(nil, make([]uint32, MaxAcks)))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, ok := Parse(b)
		if !ok {
			return
		}
		var acks []uint32
		fr.Acks(func(a uint32) { acks = append(acks, a) })
		if again := append(fr.Header.Append(nil, acks), fr.Payload...); string(again) != string(b) {
			t.Errorf("%x is written as %x", b, again)
		}
	})
}
