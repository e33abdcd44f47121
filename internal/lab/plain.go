// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// plain are the plain Smudge members beside the nodes of a cluster, on hosts of their own. They
// are started with node 0, which they join, and are no part of what is measured.
type plain struct {
	program string
	net     *network
	first   int // the first of their hosts
	members []*exec.Cmd
	inputs  []*os.File
}

// start ends those that run, and starts new ones.
func (p *plain) start(ctx context.Context) error {
	p.stop()
	for i := p.first; i < len(p.net.hosts); i++ {
		if err := p.startOne(ctx, i); err != nil {
			p.stop()
			return fmt.Errorf("plain Smudge member on host %d: %w", i, err)
		}
	}
	return nil
}

func (p *plain) startOne(ctx context.Context, i int) error {
	// It ends with its standard input.
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	lines, said, err := os.Pipe()
	if err != nil {
		return err
	}
	defer said.Close()
	cmd := exec.Command(p.program, p.net.address(i).String(), strconv.Itoa(tamtamPort), p.net.gossip(0))
	cmd.SysProcAttr, cmd.Stdin, cmd.Stdout = bound(), in, said
	if err := p.net.hosts[i].enter(cmd.Start); err != nil {
		_ = lines.Close()
		return err
	}
	p.members, p.inputs = append(p.members, cmd), append(p.inputs, out)
	go discard(lines)
	return ctx.Err()
}

// discard reads what a member prints, so that it goes on.
func discard(f *os.File) {
	defer f.Close()
	for b := make([]byte, 4096); ; {
		if _, err := f.Read(b); err != nil {
			return
		}
	}
}

func (p *plain) stop() {
	for i, cmd := range p.members {
		_ = p.inputs[i].Close()
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()
	}
	p.members, p.inputs = nil, nil
}
