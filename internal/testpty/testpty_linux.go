// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package testpty

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo terminal. Slave is for the streams of the tested program.
type Terminal struct {
	Slave  *os.File
	t      testing.TB
	master *os.File

	mu     sync.Mutex // guards screen
	screen bytes.Buffer
}

// Open opens a terminal of 80 columns and 24 lines.
func Open(t testing.TB) *Terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &Terminal{t: t, master: master}
	var number int
	p.control(master, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return err
	})
	if p.Slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	p.Resize(80, 24)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			if err != nil {
				return
			}
			p.mu.Lock()
			p.screen.Write(b[:n])
			p.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = p.Slave.Close() // it buffers nothing
		_ = master.Close()
		<-ended
	})
	return p
}

// control calls f with the descriptor of a file. File.Fd would make the file blocking.
func (p *Terminal) control(file *os.File, f func(fd int) error) {
	p.t.Helper()
	conn, err := file.SyscallConn()
	if err == nil {
		var failed error
		if err = conn.Control(func(fd uintptr) { failed = f(int(fd)) }); err == nil {
			err = failed
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// Resize changes the size of the terminal. The program in it gets SIGWINCH.
func (p *Terminal) Resize(width, height uint16) {
	p.t.Helper()
	p.control(p.master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height})
	})
}

// Type sends text to the program as if it were typed.
func (p *Terminal) Type(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// Modes returns the modes of the terminal, such as echo.
func (p *Terminal) Modes() (modes unix.Termios) {
	p.t.Helper()
	p.control(p.master, func(fd int) error {
		m, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err == nil {
			modes = *m
		}
		return err
	})
	return modes
}

// Output returns everything that was written to the terminal.
func (p *Terminal) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// Frame returns the lines of the last complete drawing from the upper left corner; nil if there
// is none. A drawing is complete when the next one has begun.
func (p *Terminal) Frame() []string {
	frames := strings.Split(p.Output(), "\x1b[H")
	if len(frames) < 3 {
		return nil
	}
	return strings.Split(frames[len(frames)-2], "\r\n")
}
