// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"bytes"
	"crypto/ecdh"
	"slices"
	"testing"
)

// end is one end of a pair.
type end struct {
	*Sealer
	pair    *Pair
	private *ecdh.PrivateKey
	session uint64
}

// ends returns two ends with keys of the cluster each.
func ends(t *testing.T, a, b []Key) (x, y end) {
	t.Helper()
	make := func(seed byte, session uint64, keys []Key) end {
		private, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{seed}, ShareSize))
		if err != nil {
			t.Fatal(err)
		}
		return end{NewSealer(keys, session), nil, private, session}
	}
	x, y = make(1, 1, a), make(2, 9, b)
	var err, err2 error
	x.pair, err = NewPair(x.private, x.session, y.session, y.private.PublicKey().Bytes())
	y.pair, err2 = NewPair(y.private, y.session, x.session, x.private.PublicKey().Bytes())
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return x, y
}

// TestPair: what is encrypted for the other end is decrypted there with any of the keys, and
// neither by the sender nor with the keys of the cluster.
func TestPair(t *testing.T) {
	one, two, three := Key{1}, Key{2}, Key{3}
	b := append(header(Data).Append(nil, []uint32{7}), "what is in it"...)
	for _, c := range []struct {
		name     string
		from, to []Key
		want     bool
	}{
		{"one key", []Key{one}, []Key{one}, true},
		{"the receiver has more", []Key{one}, []Key{two, three, one}, true},
		{"the sender has more", []Key{one, two}, []Key{two}, false},
		{"another key", []Key{one}, []Key{two}, false},
	} {
		x, y := ends(t, c.from, c.to)
		sealed := x.SealPair(x.pair, b)
		if !IsSealed(sealed) || len(sealed) != len(b)+SealSize || !bytes.Equal(sealed[4:HeaderSize], b[4:HeaderSize]) {
			t.Errorf("%s: encrypted as %x", c.name, sealed)
		}
		for range 2 { // the second time, the key is remembered
			opened, ok := y.OpenPair(y.pair, sealed)
			if ok != c.want || ok && !bytes.Equal(opened, b) || (y.pair.open != nil) != c.want {
				t.Errorf("%s: decrypted %v as %x", c.name, ok, opened)
			}
		}
		if _, ok := x.OpenPair(x.pair, sealed); ok {
			t.Errorf("%s: sent back, it is decrypted", c.name)
		}
		for _, s := range []*Sealer{x.Sealer, y.Sealer, NewSealer([]Key{one, two, three}, 5)} {
			if _, ok := s.Open(sealed); ok {
				t.Errorf("%s: the keys of the cluster decrypt it", c.name)
			}
		}
		if _, ok := y.OpenPair(y.pair, x.Seal(b)); ok {
			t.Errorf("%s: what is not encrypted for the pair is decrypted", c.name)
		}
	}
}

// TestPairFollowsKeys: other keys of the cluster make another key of the pair, so who lacks
// them is out.
func TestPairFollowsKeys(t *testing.T) {
	one, two := Key{1}, Key{2}
	x, y := ends(t, []Key{one}, []Key{one})
	b := append(header(Data).Append(nil, nil), 1, 2, 3)
	try := func(want bool) {
		t.Helper()
		if _, ok := y.OpenPair(y.pair, x.SealPair(x.pair, b)); ok != want {
			t.Errorf("decrypted: %v", ok)
		}
	}
	try(true)
	x.Sealer = NewSealer([]Key{two, one}, x.session)
	try(false)
	y.Sealer = NewSealer([]Key{one, two}, y.session)
	try(true)
	y.Sealer = NewSealer([]Key{one}, y.session)
	try(false)
}

// TestPairIsOfTwoSessions: another session, or another share, makes another pair.
func TestPairIsOfTwoSessions(t *testing.T) {
	x, y := ends(t, []Key{{1}}, []Key{{1}})
	sealed := x.SealPair(x.pair, append(header(Data).Append(nil, nil), 1, 2, 3))
	for name, make := range map[string]func() (*Pair, error){
		"its session": func() (*Pair, error) {
			return NewPair(y.private, y.session+1, x.session, x.private.PublicKey().Bytes())
		},
		"other session": func() (*Pair, error) {
			return NewPair(y.private, y.session, x.session+1, x.private.PublicKey().Bytes())
		},
		"other share": func() (*Pair, error) { return NewPair(y.private, y.session, x.session, y.private.PublicKey().Bytes()) },
		"other key":   func() (*Pair, error) { return NewPair(x.private, y.session, x.session, x.private.PublicKey().Bytes()) },
	} {
		p, err := make()
		if _, ok := y.OpenPair(p, sealed); ok || err != nil {
			t.Errorf("%s: decrypted %v, %v", name, ok, err)
		}
	}
	for bit := range len(sealed) * 8 {
		b := slices.Clone(sealed)
		b[bit/8] ^= 1 << (bit % 8)
		if _, ok := y.OpenPair(y.pair, b); ok {
			t.Errorf("with bit %d changed it is decrypted", bit)
		}
	}
	// Shares that are none, or make the same secret with every key.
	for _, share := range [][]byte{nil, {1}, make([]byte, ShareSize), append([]byte{1}, make([]byte, ShareSize-1)...), make([]byte, ShareSize+1)} {
		if p, err := NewPair(x.private, 1, 2, share); err == nil || p != nil {
			t.Errorf("%x is a share", share)
		}
	}
}

// BenchmarkPair is the work of a new session.
func BenchmarkPair(b *testing.B) {
	private, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{1}, ShareSize))
	if err != nil {
		b.Fatal(err)
	}
	s := NewSealer([]Key{{1}}, 1)
	for b.Loop() {
		p, err := NewPair(private, 1, 2, private.PublicKey().Bytes())
		if err != nil {
			b.Fatal(err)
		}
		p.follow(s)
	}
}
