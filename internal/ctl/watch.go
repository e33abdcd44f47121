// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"slices"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
)

// watchFlags are what watch is asked for.
type watchFlags struct {
	statuses statusList
	members  []memberName
	retry    bool
	exec     execFlags
}

func (a *app) watchCommand() *ffcli.Command {
	var f watchFlags
	fs := flag.NewFlagSet("watch", flag.ContinueOnError)
	fs.Var(&f.statuses, "status", "only members of this `status`, and changes to it: alive, suspected, dead or left; repeatable and comma separated")
	fs.Func("member", "only this `member`, an address or a name; repeatable", func(s string) error {
		n, err := parseMemberName(s)
		f.members = append(f.members, n)
		return err
	})
	fs.BoolVar(&f.retry, "retry", false, "wait for a daemon that is not there yet, too")
	f.exec.register(fs)
	return a.command(&ffcli.Command{
		Name:       "watch",
		ShortUsage: "tamtamctl watch [--status STATUS] [--member MEMBER] [--retry] [--exec CMD]",
		ShortHelp:  "Print the members, then each change of one, across restarts of the daemon.",
		LongHelp: `Prints the present members, a line that says "synced", then a line for each change,
with why it was, until Ctrl-C or until its output is closed. When the daemon ends,
it is tried again, after 100 ms at first and every 5 s at last. Then the watch goes
on after the last change seen, or, when the daemon began anew, with what differs.
stderr says which. --timeout bounds the time that a stream takes to begin; without
--retry, a daemon that is not there at the very start is exit code 4.

A slow reader holds up nobody. Who falls behind by more than 1,024 changes is cut off
by the daemon, and goes on by itself after the last change seen, or, when that is
more than 768 changes ago, with what differs: steps may be missed, the last never.

With -o json each line has "event": present, synced, change, removed, disconnected,
resumed (nothing was missed) or snapshot (changes up to synced are what differs, and
"inferred"); and "revision", as text. See docs/scripting.md.

--exec runs CMD by sh -c for each change after synced, in place of printing it, with
the line of JSON on stdin and TAMTAM_EVENT, TAMTAM_MEMBER_ADDRESS,
TAMTAM_MEMBER_NAME, TAMTAM_MEMBER_STATUS, TAMTAM_PREVIOUS_STATUS, TAMTAM_REASON,
TAMTAM_REPORTED_BY, TAMTAM_TIME, TAMTAM_REVISION, TAMTAM_CHANGES and TAMTAM_DROPPED
set. Values are what others say: quote them. Runs follow one another; 1,024 changes
wait at most, of more the oldest are dropped, counted and told. At --exec-timeout and
at the end, CMD and all it started get SIGTERM, and SIGKILL 5 s later. With
--coalesce, all changes of that time are one run, in order, a line each, and the
variables about one change are not set. Not on Windows.

  tamtamctl watch --status dead
  tamtamctl watch -o json | jq -r 'select(.event == "change") | .member.address'
  tamtamctl watch --retry --exec 'logger -t tamtam "$TAMTAM_MEMBER_NAME: $TAMTAM_MEMBER_STATUS"'
  tamtamctl watch --coalesce 2s --exec-initial --exec ./write-backends.sh`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("watch", args); err != nil {
				return err
			}
			if err := f.exec.check(fs); err != nil {
				return err
			}
			return a.watch(ctx, &f)
		},
	})
}

// watcher tells the events of a watch, or has a command run for them.
type watcher struct {
	app   *app
	flags *watchFlags
	// run has a command run; nil to print.
	run func(watchJSON)
}

func (a *app) watch(ctx context.Context, f *watchFlags) error {
	w := &watcher{app: a, flags: f}
	if f.exec.command != "" {
		stop, err := w.hook(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	return a.follow(ctx, a.flags.Timeout, f.retry, w.event)
}

func (w *watcher) event(e follow.Event) error {
	w.app.sayConnection(e)
	if e.Member != nil && !w.wants(e) {
		return nil
	}
	j := toWatchJSON(e)
	if w.run == nil {
		return w.print(e, j)
	}
	if e.Kind == follow.Change || e.Kind == follow.Present && w.flags.exec.initial {
		w.run(j)
	}
	return nil
}

// wants tells whether an event of a member was asked for.
func (w *watcher) wants(e follow.Event) bool {
	if len(w.flags.statuses) > 0 && !slices.Contains(w.flags.statuses, e.Member.GetStatus()) {
		return false
	}
	return len(w.flags.members) == 0 || slices.ContainsFunc(w.flags.members, func(n memberName) bool { return n.matches(e.Member, e.Local) })
}
