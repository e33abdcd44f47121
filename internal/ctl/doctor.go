// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/doctor"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// maxInspection is the most bytes that an inspection takes: some 2 KiB for each of
	// the most members there can be.
	maxInspection = 16 << 20
	// maxShown is how many findings of one check with one verdict the table shows; JSON
	// has all.
	maxShown = 10
)

func (a *app) doctorCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "doctor",
		ShortUsage: "tamtamctl doctor",
		ShortHelp:  "Look for what is wrong with the cluster, and say what to do.",
		LongHelp: `Has the daemon ask all live members at once, which takes 3 seconds when one does not
answer, and judges what they tell of themselves and of each other. It changes nothing.

  daemon      whether tamtamd answers at all: a failure if not
  reachable   members that are DEAD or do not answer: a failure; SUSPECTED: a warning
  one-way     ways between members by which packets go in one direction only, or in
              none, for 2 s (wan: 6 s), and who holds for dead who answers: a failure
  address     packets that come from elsewhere than their sender says that it is, as
              behind NAT: a warning; other nodes with this one's address: a failure
  keys        who cannot read what another seals: a failure; other differences, and
              packets that no key opens: a warning, if not from where a member is dead
  clock       a clock off by more than 1 s: a warning; more than 5 s: a failure
  loss        more than 5 % of what is sent is lost: a warning; 30 %: a failure
  round-trip  over what the profile is for (local 50 ms, lan 100 ms, wan 500 ms): a warning
  version     versions that are not the same: a warning
  limits      other --max, --profile or --heartbeat: a warning
  flapping    who came or went more than a few times in the last minute: a warning
  views       who lists other members than this node: a warning
  plain       members that speak bare Smudge: a warning

A table shows the first 10 findings of a kind, JSON all. Exits with 1 when there is a
failure, also when no daemon answers, and with 0 when there are only warnings.

  tamtamctl doctor
  tamtamctl doctor -o json | jq '.findings[] | select(.verdict != "ok")'`,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("doctor", args); err != nil {
				return err
			}
			return a.doctor(ctx)
		},
	})
}

func (a *app) doctor(ctx context.Context) error {
	var findings []doctor.Finding
	err := a.call(ctx, func(ctx context.Context, c *api) error {
		r, err := c.Inspect(ctx, &tamtamv1.InspectRequest{}, grpc.MaxCallRecvMsgSize(maxInspection))
		if err == nil {
			findings = doctor.Examine(r, buildinfo.Read().Version)
		}
		return err
	})
	var none *unreachableError
	if errors.As(err, &none) && ctx.Err() == nil {
		findings, err = doctor.NoDaemon(none.address, none.cause), nil
	}
	if err != nil {
		return err
	}
	sum := doctor.Summarize(findings)
	err = a.print(map[string]any{"findings": findings, "summary": sum}, func(w io.Writer) {
		fmt.Fprint(w, "VERDICT\tCHECK\tMEMBER\tFOUND\n")
		findingRows(w, findings)
		fmt.Fprintf(w, "\n%d ok, %s, %s\n", sum.OK, plural(sum.Warnings, "warning"), plural(sum.Failures, "failure"))
	})
	if err == nil && sum.Failures > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed(findings), ", "))
	}
	return err
}

// findingRows writes the first findings of each kind, and what to do under each. Their
// texts hold what members say of themselves.
func findingRows(w io.Writer, findings []doctor.Finding) {
	type kind struct {
		check   string
		verdict doctor.Verdict
	}
	count, total := map[kind]int{}, map[kind]int{}
	for _, f := range findings {
		total[kind{f.Check, f.Verdict}]++
	}
	for _, f := range findings {
		k := kind{f.Check, f.Verdict}
		count[k]++
		switch {
		case count[k] == maxShown+1:
			fmt.Fprintf(w, "%s\t%s\t-\tand %d more, which -o json shows\n", f.Verdict, f.Check, total[k]-maxShown)
		case count[k] <= maxShown:
			who := orDash(f.Member)
			if f.Name != "" {
				who += " " + escape(f.Name)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Verdict, f.Check, who, escape(f.Found))
			if f.Do != "" {
				fmt.Fprintf(w, "\t\t\t-> %s\n", escape(f.Do))
			}
		}
	}
}

// failed are the checks that failed, each once, in their order.
func failed(findings []doctor.Finding) (checks []string) {
	for _, f := range findings {
		if f.Verdict == doctor.Failure && (len(checks) == 0 || checks[len(checks)-1] != f.Check) {
			checks = append(checks, f.Check)
		}
	}
	return checks
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
