// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// maxStdin bounds what broadcast reads, at once or as a line; it is over what any
// daemon takes.
const maxStdin = 64 << 10

// readAll is io.ReadAll until ctx is done. The goroutine of a read that never returns
// is abandoned on purpose: nothing can interrupt it, and the program ends.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	read := make(chan result, 1)
	go func() {
		b, err := io.ReadAll(r)
		read <- result{b, err}
	}()
	select {
	case got := <-read:
		return got.b, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lineError is an error about a line of stdin, from 1.
type lineError struct {
	number int
	err    error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.number, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// eachLine hands each line of r to f as soon as it is there, without its newline,
// until r ends, f fails, or ctx is done. What follows the last newline is a line
// unless it is empty. Errors are lineErrors. As with readAll, a read that never
// returns is abandoned.
func eachLine(ctx context.Context, r io.Reader, f func(line []byte) error) error {
	type result struct {
		line []byte
		err  error
	}
	lines := make(chan result)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		in := bufio.NewReaderSize(r, maxStdin)
		for {
			line, err := in.ReadSlice('\n')
			select {
			case lines <- result{bytes.Clone(line), err}:
			case <-ended:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	for number := 1; ; number++ {
		var got result
		select {
		case got = <-lines:
		case <-ctx.Done():
			return &lineError{number, ctx.Err()}
		}
		switch {
		case errors.Is(got.err, io.EOF) && len(got.line) == 0:
			return nil
		case errors.Is(got.err, bufio.ErrBufferFull):
			return &lineError{number, fmt.Errorf("over %d bytes: a broadcast is short", maxStdin)}
		case got.err != nil && !errors.Is(got.err, io.EOF):
			return &lineError{number, fmt.Errorf("read stdin: %w", got.err)}
		}
		if err := f(bytes.TrimSuffix(got.line, []byte{'\n'})); err != nil {
			return &lineError{number, err}
		}
		if got.err != nil {
			return nil
		}
	}
}
