// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import "math/rand/v2"

// line has candidates that wait for a place in the window. One of them is drawn at random, so that
// nodes that are told the same do not all greet the same ones first.
type line struct{ all []*candidate }

func (l *line) len() int { return len(l.all) }

// draw returns one of them, which stays. There is at least one.
func (l *line) draw(random *rand.Rand) *candidate { return l.all[random.IntN(len(l.all))] }

// wait puts a candidate into a line, and takes it out of the one that it is in. nil is none.
func (c *Candidates) wait(k *candidate, in *line) {
	if l := k.line; l != nil {
		last := len(l.all) - 1
		l.all[k.slot] = l.all[last]
		l.all[k.slot].slot = k.slot
		l.all[last] = nil
		l.all = l.all[:last]
		if k.line = nil; l == c.held[k.By] && last == 0 {
			delete(c.held, k.By)
		}
	}
	if in != nil {
		k.line, k.slot = in, len(in.all)
		in.all = append(in.all, k)
	}
}

// hold has a candidate wait until its reporter has a place.
func (c *Candidates) hold(k *candidate) {
	l := c.held[k.By]
	if l == nil {
		l = new(line)
		c.held[k.By] = l
	}
	c.wait(k, l)
}

// front returns the line for a candidate whose reporter may have a place.
func (c *Candidates) front(k *candidate) *line {
	if k.Ask {
		return &c.asked
	}
	return &c.reported
}

// leave gives back the place of a candidate, in the window or in a line, to another of the same
// reporter that is held. So while some are held, as many as the reporter has places have one or
// are in line.
func (c *Candidates) leave(k *candidate) {
	if k.place {
		k.place = false
		c.window.free(k.By)
	} else {
		c.wait(k, nil)
	}
	if held := c.held[k.By]; held != nil {
		next := held.draw(c.random)
		c.wait(next, c.front(next))
	}
}
