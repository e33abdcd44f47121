// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"errors"
	"os"
	"syscall"
)

// Without network namespaces the lab only reports that it cannot run.

func (ns *namespace) enter(func() error) error { return errors.ErrUnsupported }

func (ns *namespace) openTap(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func bound() *syscall.SysProcAttr { return nil }

func renice(int, int) error { return errors.ErrUnsupported }
