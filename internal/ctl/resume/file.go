// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package resume keeps how far a reader of messages is, in a file, so that it goes on there after its end,
// however it ended.
package resume

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/internal/files"
)

const (
	// head is the first line of a file; the cursor follows in base64.
	head = "tamtamctl stream, cursor 1\n"
	// most is the most bytes of a file. A cursor of a daemon has 42,005 bytes at most.
	most = 128 << 10
	// laterBy is the least time between two writes of what Later is given.
	laterBy = 50 * time.Millisecond
)

// File is a file with a cursor. Its methods may be called from any goroutine.
type File struct {
	path   string
	failed func(error)

	mu      sync.Mutex // guards the rest
	cursor  []byte     // not written yet; nil for nothing
	written time.Time
	timer   *time.Timer
	closed  bool
}

// Open reads a file, and returns its cursor; nil if there is no file. failed is called, once or more, if
// it cannot be written later. The errors name the file.
func Open(path string, failed func(error)) (*File, []byte, error) {
	f := &File{path: path, failed: failed}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil, nil
	}
	if err != nil {
		return nil, nil, f.wrap(err)
	}
	defer file.Close()
	if st, err := file.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, nil, f.wrap(errors.Join(err, errors.New("it is no regular file")))
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, nil, f.wrap(err)
	}
	rest, ok := strings.CutPrefix(string(text), head)
	if !ok || len(text) > most {
		return nil, nil, f.wrap(errors.New("it is no file of tamtamctl stream: name another one"))
	}
	cursor, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil || len(cursor) == 0 {
		return nil, nil, f.wrap(errors.New("its content is damaged: delete it for a new start"))
	}
	return f, cursor, nil
}

func (f *File) wrap(err error) error {
	var in *fs.PathError
	if errors.As(err, &in) {
		err = in.Err // the path is in the text already
	}
	return fmt.Errorf("--resume-file %s: %w", f.path, err)
}

// Save writes a cursor now.
func (f *File) Save(cursor []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor = cursor
	f.write()
}

// Later writes a cursor, unless another one follows within a moment.
func (f *File) Later(cursor []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor = cursor
	wait := laterBy - time.Since(f.written)
	switch {
	case f.timer != nil: // it is due
	case wait <= 0:
		f.write()
	default:
		f.timer = time.AfterFunc(wait, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.timer = nil
			f.write()
		})
	}
}

// Close writes what is left.
func (f *File) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write()
	f.closed = true
}

// write writes the cursor, if there is a new one. The mutex is held.
func (f *File) write() {
	if f.cursor == nil || f.closed {
		return
	}
	text := head + base64.StdEncoding.EncodeToString(f.cursor) + "\n"
	f.cursor, f.written = nil, time.Now()
	if err := files.Replace(f.path, []byte(text)); err != nil {
		f.failed(f.wrap(err))
	}
}

// Progress saves the cursors of messages when they were handled, which is later than they came, and in
// the same order.
type Progress struct {
	save func([]byte)

	mu      sync.Mutex // guards the rest, and keeps the calls of save in order
	waiting [][]byte   // the cursors of those that are not handled; nil if an earlier one has to do
}

// NewProgress returns a Progress that saves with a function.
func NewProgress(save func([]byte)) *Progress { return &Progress{save: save} }

// Add takes the cursor of a message. done says that the message was handled.
func (p *Progress) Add(cursor []byte) (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, cursor)
	return p.done
}

// Alone takes a cursor that comes after all messages so far.
func (p *Progress) Alone(cursor []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.waiting); n > 0 {
		p.waiting[n-1] = cursor
		return
	}
	p.save(cursor)
}

func (p *Progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	cursor := p.waiting[0]
	p.waiting = p.waiting[1:]
	if cursor != nil {
		p.save(cursor)
	}
}
