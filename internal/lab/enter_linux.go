// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// home is the namespace in which this process was started.
var home = sync.OnceValues(func() (*os.File, error) { return os.Open("/proc/self/ns/net") })

// enter calls f on a thread that is in the namespace. A socket or a process that f
// itself makes, and no goroutine that it starts, belongs to the namespace.
//
// The thread then returns to its own namespace and must not end: the kernel takes the end
// of the thread that started a process for the death of the parent (Pdeathsig).
func (ns *namespace) enter(f func() error) error {
	back, err := home()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	defer func() {
		if err := unix.Setns(int(back.Fd()), unix.CLONE_NEWNET); err != nil {
			panic("lab: a thread is lost in " + ns.name + ": " + err.Error())
		}
	}()
	return f()
}

// bound makes the kernel kill a process when this one ends, even by kill -9.
func bound() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// renice sets the niceness of a process with one thread.
func renice(pid, nice int) error { return unix.Setpriority(unix.PRIO_PROCESS, pid, nice) }

// openTap makes a TAP device in the namespace. It ends when it is closed.
func (ns *namespace) openTap(name string) (f *os.File, err error) {
	err = ns.enter(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err != nil {
			_ = unix.Close(fd)
			return err
		}
		f = os.NewFile(uintptr(fd), name)
		return nil
	})
	return f, err
}
