// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

// Mask selects entries of a datagram, which has at most 63: bit i stands for entry i.
type Mask uint64

// With returns the mask with entry i selected.
func (m Mask) With(i int) Mask { return m | 1<<i }

// Has reports whether entry i is selected.
func (m Mask) Has(i int) bool { return m&(1<<i) != 0 }

// Mapper returns a Mapper, for one datagram, that leaves out the entries that are not
// selected and changes no address.
func (m Mask) Mapper() Mapper { return &masked{mask: m} }

type masked struct {
	mask Mask
	i    int // the next entry: AppendRewritten maps each once, in order
}

// MapEntry implements Mapper.
func (m *masked) MapEntry(e Entry) (Entry, bool) {
	ok := m.mask.Has(m.i)
	m.i++
	return e, ok
}
