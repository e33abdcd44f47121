// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// far is a link between two switches on which everything takes a time each way: two TAP
// devices, between which this process passes the frames. The kernel's own delay (netem) is not
// in every kernel.
type far struct{ ends [2]io.ReadWriteCloser }

// The names of the switches, and of the ends of the link between them.
var (
	switches = [2]string{"br0", "br1"}
	farEnds  = [2]string{"far0", "far1"}
)

const (
	// maxFrame is the size of the longest frame.
	maxFrame = 2048
	// farQueue is how many frames are on their way at most; the others are lost.
	farQueue = 1 << 16
)

// newFar makes the devices in a namespace.
func newFar(ns *namespace, delay time.Duration) (*far, error) {
	f := &far{}
	for i, name := range farEnds {
		end, err := ns.openTap(name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("TAP device %s: %w", name, err), f.close())
		}
		f.ends[i] = end
	}
	go carry(f.ends[0], f.ends[1], delay)
	go carry(f.ends[1], f.ends[0], delay)
	return f, nil
}

func (f *far) close() error {
	var errs []error
	for _, end := range f.ends {
		if end != nil {
			errs = append(errs, end.Close())
		}
	}
	return errors.Join(errs...)
}

// carry passes frames on, each after a delay, until the reader is closed.
func carry(from io.Reader, to io.Writer, delay time.Duration) {
	type frame struct {
		due time.Time
		b   []byte
	}
	queue := make(chan frame, farQueue)
	defer close(queue)
	go func() {
		for f := range queue {
			time.Sleep(time.Until(f.due))
			_, _ = to.Write(f.b) // what cannot be written is lost
		}
	}()
	for b := make([]byte, maxFrame); ; {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		select {
		case queue <- frame{time.Now().Add(delay), append([]byte(nil), b[:n]...)}:
		default:
		}
	}
}
