// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"bytes"
	"slices"
	"testing"
)

// header is that of a frame of session 1.
func header(k Kind) Header { return Header{Kind: k, Session: 1, Connection: 2, Counter: 3} }

// TestSeal: what was encrypted with any of the keys is decrypted, and shows nothing before.
func TestSeal(t *testing.T) {
	one, two, three := Key{1}, Key{2}, Key{3}
	b := append(header(Data).Append(nil, []uint32{7}), "what is in it"...)
	for _, c := range []struct {
		name       string
		from, to   []Key
		want       bool
		remembered int
	}{
		{"one key", []Key{one}, []Key{one}, true, 1},
		{"the receiver has more", []Key{one}, []Key{two, three, one}, true, 1},
		{"the sender has more", []Key{one, two}, []Key{two}, false, 0},
		{"another key", []Key{one}, []Key{two}, false, 0},
	} {
		s, r := NewSealer(c.from, 1), NewSealer(c.to, 9)
		sealed := s.Seal(b)
		if !IsSealed(sealed) || len(sealed) != len(b)+SealSize || bytes.Contains(sealed, []byte("what")) || !bytes.Equal(sealed[4:HeaderSize], b[4:HeaderSize]) {
			t.Errorf("%s: encrypted as %x", c.name, sealed)
		}
		for range 2 { // the second time, the key is remembered
			opened, ok := r.Open(sealed)
			if ok != c.want || ok && !bytes.Equal(opened, b) || len(r.openers) != c.remembered {
				t.Errorf("%s: decrypted %v as %x", c.name, ok, opened)
			}
		}
	}
	if NewSealer(nil, 1) != nil {
		t.Error("without keys there is a Sealer")
	}
}

// TestChanged: a frame of which a bit was changed is not decrypted, nor one that is not
// encrypted, is cut, or too long.
func TestChanged(t *testing.T) {
	s := NewSealer([]Key{{1}}, 1)
	clear := append(header(Data).Append(nil, nil), 1, 2, 3)
	sealed := s.Seal(clear)
	for bit := range len(sealed) * 8 {
		b := slices.Clone(sealed)
		b[bit/8] ^= 1 << (bit % 8)
		if _, ok := s.Open(b); ok {
			t.Errorf("with bit %d changed it is decrypted", bit)
		}
	}
	for i := range sealed {
		if _, ok := s.Open(sealed[:i]); ok {
			t.Errorf("%d bytes are decrypted", i)
		}
	}
	for name, b := range map[string][]byte{"clear": clear, "long": s.Seal(make([]byte, MaxSize)), "empty": nil} {
		if _, ok := s.Open(b); ok {
			t.Errorf("%s: it is decrypted", name)
		}
	}
}

// TestOpenersAreBounded: who has a key and makes up sessions does not fill the memory.
func TestOpenersAreBounded(t *testing.T) {
	r := NewSealer([]Key{{1}}, 1)
	for i := range maxOpeners + 10 {
		r.remember(uint64(i), nil)
	}
	if len(r.openers) != maxOpeners {
		t.Errorf("%d sessions are remembered", len(r.openers))
	}
}

// BenchmarkSeal is one frame sealed and opened again.
func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{20, 1000} {
		b.Run(map[int]string{20: "short", 1000: "long"}[size], func(b *testing.B) {
			s := NewSealer([]Key{{1}}, 1)
			f := append(header(Data).Append(nil, nil), make([]byte, size)...)
			for b.Loop() {
				if _, ok := s.Open(s.Seal(f)); !ok {
					b.Fatal("not opened")
				}
			}
		})
	}
	b.Run("wrong key", func(b *testing.B) {
		f := NewSealer([]Key{{1}}, 1).Seal(append(header(Hello).Append(nil, nil), make([]byte, 20)...))
		s := NewSealer([]Key{{2}}, 1)
		for b.Loop() {
			if _, ok := s.Open(f); ok {
				b.Fatal("opened")
			}
		}
	})
}

// TestOpenApart: what was decrypted before stays valid.
func TestOpenApart(t *testing.T) {
	s := NewSealer([]Key{{1}}, 1)
	var all [2][]byte
	for i := range all {
		all[i] = append(header(Data).Append(nil, nil), byte('a'+i))
	}
	first, ok := s.Open(s.Seal(all[0]))
	apart, okApart := s.OpenApart(s.Seal(all[1]))
	if !ok || !okApart || !bytes.Equal(first, all[0]) || !bytes.Equal(apart, all[1]) {
		t.Errorf("%x and %x, want %x and %x", first, apart, all[0], all[1])
	}
}
