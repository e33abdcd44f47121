// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/completion"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
)

func completionCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "completion",
		ShortUsage: "tamtamctl completion bash|zsh|fish|powershell",
		ShortHelp:  "Print a script that completes command lines in a shell.",
		LongHelp: `Completes commands, flags and their values; members, topics and keys as the daemon knows
them. "tamtamd completion" prints the script for tamtamd.

  source <(tamtamctl completion bash)
  tamtamctl completion zsh > ~/.zfunc/_tamtamctl
  tamtamctl completion fish > ~/.config/fish/completions/tamtamctl.fish
  tamtamctl completion powershell >> $PROFILE`,
		Exec: func(_ context.Context, args []string) error {
			shell, err := arg.One("completion", "shell", args)
			if err != nil {
				return err
			}
			script := completion.Script("tamtamctl", shell)
			if script == "" {
				return arg.Usage("completion", "there is no completion for %q: want %s", shell, strings.Join(completion.Shells, ", "))
			}
			_, err = io.WriteString(a.Out, script)
			return err
		},
	})
}
