// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

// counters are those of all parts of the daemon. Each adds its own to a map.
type counters []func(map[string]uint64)

// read returns all of them, by name.
func (c counters) read() map[string]uint64 {
	m := map[string]uint64{}
	for _, add := range c {
		add(m)
	}
	return m
}
