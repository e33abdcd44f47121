// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) addressCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "address",
		ShortUsage: "tamtamctl address",
		ShortHelp:  "Print the gossip address of the node.",
		LongHelp: `Others join the cluster through this address.

  tamtamctl address
  tamtamctl -o json address    # and names, profile and limits`,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("address", args); err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
				if err != nil {
					return err
				}
				return a.print(map[string]any{
					"address":           r.GetMember().GetAddress(),
					"name":              r.GetMember().GetName(),
					"started":           r.GetStarted().AsTime(),
					"cluster":           r.GetClusterName(),
					"max_payload_bytes": r.GetMaxPayloadBytes(),
					"profile":           r.GetProfile(),
					"detection_time_ms": millis(r.GetDetectionTime()),
				}, func(w io.Writer) { fmt.Fprintln(w, r.GetMember().GetAddress()) })
			})
		},
	})
}

func (a *app) nodesCommand() *ffcli.Command {
	var want filter
	fs := flag.NewFlagSet("nodes", flag.ContinueOnError)
	fs.Var(&want.statuses, "status", "only members of this `status`: alive, suspected, dead or left; repeatable and comma separated")
	fs.StringVar(&want.name, "name", "", "only members whose name matches the `pattern`, in which * stands for any text")
	fs.Func("tag", "only members with this tag, `key=pattern`; repeatable, and then all are wanted", want.setTag)
	return a.command(&ffcli.Command{
		Name:       "nodes",
		ShortUsage: "tamtamctl nodes [--status STATUS] [--name PATTERN] [--tag KEY=PATTERN]",
		ShortHelp:  "List the members, as the node sees them.",
		LongHelp: `The node itself is listed, too. A plain member speaks bare Smudge: nothing lost on
the way to it is sent again. A flapping one came or went more than a few times in
the last minute. Exits with 3 when no member is wanted. Tags are printed by -o json and
with --tag.

  tamtamctl nodes
  tamtamctl nodes --status suspected,dead
  tamtamctl nodes --tag role=web --status alive --name 'web-*'
  tamtamctl nodes -o json | jq -r '.[].address'`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("nodes", args); err != nil {
				return err
			}
			return a.list(ctx, want)
		},
	})
}

func (a *app) healthyCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "healthy",
		ShortUsage: "tamtamctl healthy",
		ShortHelp:  "List the members that are alive.",
		LongHelp: `The same as "tamtamctl nodes --status alive". When the daemon is not ready, since it
has joined none of its seeds yet or is leaving, stderr says so; the exit code is the same.

  tamtamctl healthy`,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("healthy", args); err != nil {
				return err
			}
			return a.list(ctx, filter{statuses: statusList{tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}}, a.warnUnready)
		},
	})
}

// filter is which members nodes lists.
type filter struct {
	statuses statusList
	name     string
	tags     map[string]string
}

func (f *filter) setTag(s string) error {
	key, pattern, ok := strings.Cut(s, "=")
	if err := tags.CheckKey(key); !ok || err != nil {
		return errors.New("want key=pattern, such as role=web or role=*")
	}
	if f.tags == nil {
		f.tags = map[string]string{}
	}
	f.tags[key] = pattern
	return nil
}

// list lists members; each of also is then told of the connection.
func (a *app) list(ctx context.Context, want filter, also ...func(context.Context, *api)) error {
	return a.call(ctx, func(ctx context.Context, c *api) error {
		r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{Statuses: want.statuses, Name: want.name, Tags: want.tags})
		if err != nil {
			return err
		}
		rows := make([]memberJSON, 0, len(r.GetMembers()))
		for _, m := range r.GetMembers() {
			rows = append(rows, toJSON(m))
		}
		err = a.print(rows, func(w io.Writer) {
			if len(rows) > 0 {
				fmt.Fprint(w, memberHeader)
			}
			for _, m := range r.GetMembers() {
				memberRow(w, m, want.tags != nil)
			}
		})
		for _, f := range also {
			f(ctx, c)
		}
		if err == nil && len(rows) == 0 {
			return errNothing
		}
		return err
	})
}

// statusNames are the values of --status, for completion too.
var statusNames = []string{"alive", "suspected", "dead", "left"}

// statusList is the value of --status.
type statusList []tamtamv1.MemberStatus

func (l *statusList) String() string { return "" }

func (l *statusList) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		v, ok := tamtamv1.MemberStatus_value["MEMBER_STATUS_"+strings.ToUpper(strings.TrimSpace(name))]
		if !ok || v == 0 {
			return fmt.Errorf("want %s", strings.Join(statusNames, ", "))
		}
		*l = append(*l, tamtamv1.MemberStatus(v))
	}
	return nil
}

// noArguments refuses arguments of a command that takes none.
func noArguments(command string, args []string) error {
	if len(args) > 0 {
		return &usageError{"tamtamctl " + command, fmt.Sprintf("%s takes no argument, not %q", command, args[0])}
	}
	return nil
}

// oneArgument returns the one argument of a command.
func oneArgument(command, what string, args []string) (string, error) {
	switch {
	case len(args) != 1:
		return "", &usageError{"tamtamctl " + command, fmt.Sprintf("%s takes one %s, not %d arguments", command, what, len(args))}
	case args[0] == "": // an unset variable of a script, as a rule
		return "", &usageError{"tamtamctl " + command, fmt.Sprintf(`%s takes one %s, not ""`, command, what)}
	}
	return args[0], nil
}
