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

	"github.com/eelcocramer/tamtam/internal/limits"
)

// maxStdin is the most that broadcast reads, in all or as a line, in bytes: the longest message in base64, and a
// line end.
const maxStdin = (limits.MaxPayload+2)/3*4 + 2

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

// errLong: a message is longer than any daemon takes.
var errLong = fmt.Errorf("more than %d bytes", limits.MaxPayload)

// eachLine hands each line of r to f when it is read, without its newline, until r ends, f
// fails, or ctx is done; of a line that is longer than maxStdin, errLong. Text after the last
// newline is a line, too. Errors are lineErrors. As in readAll, the goroutine of a read may be
// abandoned.
func eachLine(ctx context.Context, r io.Reader, f func(number int, line []byte, err error) error) error {
	type result struct {
		line []byte
		long bool
		err  error
	}
	lines := make(chan result)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		in := bufio.NewReaderSize(r, maxStdin)
		for {
			line, err := in.ReadSlice('\n')
			got := result{bytes.Clone(line), errors.Is(err, bufio.ErrBufferFull), err}
			for errors.Is(err, bufio.ErrBufferFull) { // the rest of the line
				_, err = in.ReadSlice('\n')
				got.err = err
			}
			select {
			case lines <- got:
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
		case got.err != nil && !errors.Is(got.err, io.EOF):
			return &lineError{number, fmt.Errorf("read stdin: %w", got.err)}
		}
		var long error
		if got.long {
			long = errLong
		}
		if err := f(number, bytes.TrimSuffix(got.line, []byte{'\n'}), long); err != nil {
			return &lineError{number, err}
		}
		if got.err != nil {
			return nil
		}
	}
}
