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

// maxStdin is the most that broadcast reads, in all or as a line, in bytes. No daemon takes that
// much.
const maxStdin = 64 << 10

// readAll is io.ReadAll until ctx is done. A read cannot be interrupted: its goroutine is
// abandoned on purpose, as the program ends.
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

// eachLine hands each line of r to f when it is read, without its newline, until r ends, f
// fails, or ctx is done. Text after the last newline is a line, too. Errors are lineErrors. As in
// readAll, the goroutine of a read may be abandoned.
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
			return &lineError{number, fmt.Errorf("more than %d bytes: a broadcast must be short", maxStdin)}
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
