// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// removal says how a member is removed.
type removal struct {
	*app
	sign  signer
	force bool
}

func removeCommand(a *app) *ffcli.Command {
	r := &removal{app: a}
	fs := flag.NewFlagSet("remove", flag.ContinueOnError)
	fs.BoolVar(&r.force, "force", false, "remove a live member, too, without a question")
	r.sign.register(fs)
	return a.command(&ffcli.Command{
		Name:       "remove",
		ShortUsage: "tamtamctl remove [--force] [--operator-key FILE] MEMBER",
		ShortHelp:  "Remove a member from the cluster.",
		LongHelp: `All nodes forget the member, and shut its present session out. Use it for a member that
is dead and will not return; it is listed no more, and may join after a restart.

A member that is alive goes on running, alone and not ready: use "tamtamctl leave" there
instead to end it. So a terminal asks first, and a script needs --force. To bring it
back, run "tamtamctl join ADDRESS", there or here; it joins its seeds by itself after 10
minutes. If nodes have operators' keys, --operator-key is needed.

` + arg.MemberHelp + `
If dead and live members have the name, give the address. Exit status 3 if there is no
such member.

  tamtamctl remove db-1
  tamtamctl remove --force 192.0.2.1:9999`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			text, err := arg.One("remove", "member", args)
			if err != nil {
				return err
			}
			return r.run(ctx, text)
		},
	})
}

// run removes the member that a text stands for.
func (r *removal) run(ctx context.Context, text string) error {
	var m *tamtamv1.Member
	err := r.call(ctx, func(ctx context.Context, c *client.Conn) (err error) {
		m, err = exactly(ctx, c, text)
		return err
	})
	if err != nil {
		return err
	}
	sure := r.force
	if arg.Live(m) && !sure && !m.GetLocal() {
		if sure, err = r.confirm(ctx, m); err != nil {
			return err
		}
	}
	return r.call(ctx, func(ctx context.Context, c *client.Conn) error { return r.remove(ctx, c, m, sure) })
}

// exactly returns the only member that a text may stand for: to remove another is no small
// mistake.
func exactly(ctx context.Context, c *client.Conn, text string) (*tamtamv1.Member, error) {
	m, members, err := meant(ctx, c, text)
	if err != nil {
		return nil, err
	}
	if all := m.All(members); len(all) > 1 {
		return nil, &arg.AmbiguousError{Text: text, Members: all}
	}
	return m.One(members)
}

// confirm asks whether a live member is meant. Without a terminal it fails.
func (r *removal) confirm(ctx context.Context, m *tamtamv1.Member) (bool, error) {
	is := fmt.Sprintf("%s is %s, and would be alone until it is told to join", render.Label(m), render.Status(m.GetStatus()))
	if !render.IsTerminal(r.In) || !render.IsTerminal(r.Err) {
		return false, &refusedError{is + `: use --force if that is meant, or end it with "tamtamctl leave" there`}
	}
	fmt.Fprintf(r.Err, "%s. Remove it? [y/N] ", is)
	answer, err := readLine(ctx, r.In)
	if err != nil {
		return false, err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return false, &refusedError{"nothing was removed"}
	}
	return true, nil
}

// readLine reads a line that a person types. As in readAll, the goroutine of a read may be
// abandoned.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		read <- result{line, err}
	}()
	select {
	case got := <-read:
		if errors.Is(got.err, io.EOF) {
			got.err = nil // an empty answer
		}
		return got.line, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// remove removes a member; live: even if it is live.
func (r *removal) remove(ctx context.Context, c *client.Conn, m *tamtamv1.Member, live bool) error {
	signed, err := r.sign.removal(ctx, c, m)
	if err != nil {
		return err
	}
	got, err := c.RemoveMember(ctx, &tamtamv1.RemoveMemberRequest{Address: m.GetAddress(), Signature: signed, EndedOnly: !live})
	if err != nil {
		return err
	}
	return r.print(render.ToMember(got.GetMember()), func(w io.Writer) { fmt.Fprintln(w, got.GetMember().GetAddress()) })
}
