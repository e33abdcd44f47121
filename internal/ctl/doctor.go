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
	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/doctor"
	"github.com/eelcocramer/tamtam/internal/escape"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// maxInspection is the largest inspection, in bytes: some 2 KiB for each member, of
	// the largest cluster.
	maxInspection = 16 << 20
	// maxShown is how many findings of one check and one verdict the table shows. --all
	// shows all, and JSON has them.
	maxShown = 10
)

func doctorCommand(a *app) *ffcli.Command {
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	all := fs.Bool("all", false, "show each finding, also those that are ok")
	return a.command(&ffcli.Command{
		Name:       "doctor",
		ShortUsage: "tamtamctl doctor [--all]",
		FlagSet:    fs,
		ShortHelp:  "Check the cluster for faults, and say what to do about them.",
		LongHelp: `The daemon asks all live members at once, which takes 3 seconds if one does not answer,
and compares their answers. It changes nothing.

  daemon       tamtamd does not answer: a failure
  removed      this node was removed from its cluster: a failure
  reachable    members that are DEAD or do not answer, and a node that has
               joined none of its seeds: a failure; SUSPECTED: a warning
  direct       members that reach each other only by way of a third: a warning
  one-way      paths between members on which packets pass only in one
               direction, or in none, for 2 s (wan: 6 s), and members that one
               node takes for dead although they answer: a failure
  address      packets from another address than the one that their sender
               advertises, as behind NAT: a warning; other nodes with this
               node's address: a failure
  keys         a member that cannot decrypt the packets of another: a failure;
               other differences, and packets that cannot be decrypted, except
               from the address of a dead member: a warning
  encryption   members that drop the packets of others: a failure; a transition
               to encryption that is not completed: a warning
  clock        a clock off by over 1 s: a warning; 5 s: a failure
  loss         a loss rate over 5 %: a warning; 30 %: a failure
  round-trip   over the limit of the profile (local 50 ms, lan 100 ms, wan
               500 ms): a warning
  version      different versions: a warning
  limits       different --max, --profile or --heartbeat: a warning
  topics       90 % of the retained topics, or of their bytes, are in use: a
               warning
  descriptors  members that use 90 % of their file descriptors: a failure; that
               may open only few: a warning
  names        live members at different IP addresses with the same name: a
               warning
  flapping     members that came and went several times in the last minute: a
               warning
  views        members with another list of members than this node: a warning
  plain        plain Smudge nodes: a warning

A check is "ok" only if it was made at all members that it concerns. Else it is "skipped",
with the reason. The table has failures first, then warnings, then what was skipped; one line
names the checks that are ok. It shows the first 10 findings of a kind. --all shows all findings,
as JSON does. Exit status 1 if there is a failure, such as no daemon; 0 if there are only warnings.

  tamtamctl doctor
  tamtamctl doctor --all
  tamtamctl doctor -o json | jq '.findings[] | select(.verdict != "ok")'`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("doctor", args); err != nil {
				return err
			}
			return runDoctor(ctx, a, *all)
		},
	})
}

func runDoctor(ctx context.Context, a *app, all bool) error {
	var findings []doctor.Finding
	err := a.call(ctx, func(ctx context.Context, c *client.Conn) error {
		r, err := c.Inspect(ctx, &tamtamv1.InspectRequest{}, grpc.MaxCallRecvMsgSize(maxInspection))
		if err == nil {
			unready, _, _ := c.Unready(ctx) // the findings are of a moment before
			findings = doctor.Examine(r, buildinfo.Read().Version, unready != "")
		}
		return err
	})
	var none *client.UnreachableError
	if errors.As(err, &none) && ctx.Err() == nil {
		findings, err = doctor.NoDaemon(none.Address, none.Cause), nil
	}
	if err != nil {
		return err
	}
	sum := doctor.Summarize(findings)
	err = a.print(toDiagnosis(findings, sum), func(w io.Writer) {
		fmt.Fprint(w, "VERDICT\tCHECK\tMEMBER\tFOUND\n")
		findingRows(w, findings, all, render.Width(a.Out))
		fmt.Fprintf(w, "\n%d ok, %d skipped, %s, %s\n", sum.OK, sum.Skipped, render.Plural(sum.Warnings, "warning"), render.Plural(sum.Failures, "failure"))
	})
	if err == nil && sum.Failures > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed(findings), ", "))
	}
	return err
}

// toDiagnosis returns findings as JSON has them.
func toDiagnosis(findings []doctor.Finding, sum doctor.Summary) output.Diagnosis {
	d := output.Diagnosis{Findings: []output.Finding{}, Summary: output.Summary(sum)}
	for _, f := range findings {
		d.Findings = append(d.Findings, output.Finding(f))
	}
	return d
}

// findingRows writes what is wrong, the failures first, with the remedy below each; then what was
// not checked, and in one line what is ok. It writes the first findings of each kind; with all,
// each of them, also those that are ok. Texts come from members, and are escaped. width is that of
// the terminal, or 0.
func findingRows(w io.Writer, findings []doctor.Finding, all bool, width int) {
	type kind struct {
		check   string
		verdict doctor.Verdict
	}
	count, total := map[kind]int{}, map[kind]int{}
	for _, f := range findings {
		total[kind{f.Check, f.Verdict}]++
	}
	row := func(f doctor.Finding) {
		who := render.OrDash(f.Member)
		if f.Name != "" {
			who += " " + short(f.Name, width)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Verdict, f.Check, who, render.Escape(f.Found))
		if f.Do != "" {
			fmt.Fprintf(w, "\t\t\t-> %s\n", render.Escape(f.Do))
		}
	}
	for _, f := range doctor.Wrong(findings) {
		k := kind{f.Check, f.Verdict}
		switch count[k]++; {
		case all || count[k] <= maxShown:
			row(f)
		case count[k] == maxShown+1:
			fmt.Fprintf(w, "%s\t%s\t-\tand %d more: see --all\n", f.Verdict, f.Check, total[k]-maxShown)
		}
	}
	skippedRows(w, findings)
	var well []string
	for _, f := range findings {
		if f.Verdict == doctor.OK {
			well = append(well, f.Check)
			if all {
				row(f)
			}
		}
	}
	if !all && len(well) > 0 {
		fmt.Fprintf(w, "%s\t-\t-\t%s: %s\n", doctor.OK, render.Plural(len(well), "check"), strings.Join(well, ", "))
	}
}

// skippedRows writes what was not checked, one row for each reason: most often one member that
// does not answer is the reason for many.
func skippedRows(w io.Writer, findings []doctor.Finding) {
	checks := map[string][]string{} // by the reason
	var reasons []string
	for _, f := range findings {
		if f.Verdict == doctor.Skipped {
			if checks[f.Found] == nil {
				reasons = append(reasons, f.Found)
			}
			checks[f.Found] = append(checks[f.Found], f.Check)
		}
	}
	for _, why := range reasons {
		check, found := checks[why][0], why
		if len(checks[why]) > 1 {
			check, found = "-", strings.Join(checks[why], ", ")+": "+why
		}
		fmt.Fprintf(w, "%s\t%s\t-\t%s\n", doctor.Skipped, check, render.Escape(found))
	}
}

// short returns a name, cut so that a terminal has room for what was found.
func short(name string, width int) string {
	if name = escape.Name(name); width > 0 {
		return cells.Cut(name, max(width/6, 8))
	}
	return name
}

// failed returns the checks that failed, each once, in their order.
func failed(findings []doctor.Finding) (checks []string) {
	for _, f := range findings {
		if f.Verdict == doctor.Failure && (len(checks) == 0 || checks[len(checks)-1] != f.Check) {
			checks = append(checks, f.Check)
		}
	}
	return checks
}
