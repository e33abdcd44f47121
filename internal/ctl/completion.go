// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// shells are the arguments of completion.
var shells = []string{"bash", "zsh", "fish"}

func completionCommand(a *app, root *ffcli.Command) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "completion",
		ShortUsage: "tamtamctl completion bash|zsh|fish",
		ShortHelp:  "Print a script that completes commands and flags in a shell.",
		LongHelp: `
  source <(tamtamctl completion bash)
  tamtamctl completion zsh > ~/.zfunc/_tamtamctl
  tamtamctl completion fish > ~/.config/fish/completions/tamtamctl.fish`,
		Exec: func(_ context.Context, args []string) error {
			shell, err := arg.One("completion", "shell", args)
			if err != nil {
				return err
			}
			var script string
			switch words := completions(root); shell {
			case "bash":
				script = bashScript(words)
			case "zsh":
				// zsh runs the script of bash in its compatibility layer.
				script = "#compdef tamtamctl\nautoload -U +X bashcompinit && bashcompinit\n" + bashScript(words)
			case "fish":
				script = fishScript(words)
			default:
				return arg.Usage("completion", "there is no completion for %q: want %s", shell, strings.Join(shells, ", "))
			}
			_, err = io.WriteString(a.Out, script)
			return err
		},
	})
}

// completion has the words that may follow one command.
type completion struct {
	path     string // "tamtamctl configure"
	words    []word // subcommands and arguments
	flags    []*flag.Flag
	children []completion
}

type word struct{ name, help string }

// arguments has the words that commands take as arguments.
var arguments = map[string][]string{
	"tamtamctl completion":          shells,
	"tamtamctl configure threshold": thresholds,
}

// flagValues has the words that flags take as values.
var flagValues = map[string][]string{
	"output":   ctlflags.Outputs,
	"encoding": encodings,
	"status":   arg.StatusNames,
	"wait":     waits,
}

// completions walks the real tree, so that it is complete.
func completions(root *ffcli.Command) completion {
	var walk func(c *ffcli.Command, path string) completion
	walk = func(c *ffcli.Command, path string) completion {
		out := completion{path: path}
		for _, sub := range c.Subcommands {
			out.words = append(out.words, word{sub.Name, sub.ShortHelp})
			out.children = append(out.children, walk(sub, path+" "+sub.Name))
		}
		for _, name := range arguments[path] {
			out.words = append(out.words, word{name, ""})
		}
		c.FlagSet.VisitAll(func(f *flag.Flag) { out.flags = append(out.flags, f) })
		return out
	}
	return walk(root, root.Name)
}

func (c completion) each(f func(completion)) {
	f(c)
	for _, child := range c.children {
		child.each(f)
	}
}

// bashScript finds the command by the words so far, and offers the words that may follow.
func bashScript(root completion) string {
	var b strings.Builder
	b.WriteString("_tamtamctl() {\n" +
		"  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" path=tamtamctl word\n" +
		"  case \"$prev\" in\n")
	for _, name := range render.SortedKeys(flagValues) {
		pattern := "--" + name
		for letter, long := range ctlflags.Short() {
			if long == name {
				pattern += "|-" + letter
			}
		}
		fmt.Fprintf(&b, "    %s) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", pattern, strings.Join(flagValues[name], " "))
	}
	b.WriteString("    --config) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n" +
		"  esac\n" +
		"  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n" +
		"    case \"$path $word\" in\n")
	root.each(func(c completion) {
		if c.path != root.path {
			fmt.Fprintf(&b, "      \"%s\") path=\"%s\" ;;\n", c.path, c.path)
		}
	})
	b.WriteString("    esac\n  done\n  case \"$path\" in\n")
	root.each(func(c completion) {
		var words []string
		for _, w := range c.words {
			words = append(words, w.name)
		}
		for _, f := range c.flags {
			words = append(words, "--"+f.Name)
		}
		fmt.Fprintf(&b, "    \"%s\") COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")) ;;\n", c.path, strings.Join(words, " "))
	})
	b.WriteString("  esac\n}\ncomplete -F _tamtamctl tamtamctl\n")
	return b.String()
}

func fishScript(root completion) string {
	var b strings.Builder
	b.WriteString("complete -c tamtamctl -f\n")
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	root.each(func(c completion) {
		// All words of the path have been typed, and none that may follow.
		cond := "true"
		for _, w := range strings.Fields(c.path)[1:] {
			cond += "; and __fish_seen_subcommand_from " + w
		}
		next := cond
		if len(c.words) > 0 {
			next += "; and not __fish_seen_subcommand_from"
			for _, w := range c.words {
				next += " " + w.name
			}
		}
		for _, w := range c.words {
			fmt.Fprintf(&b, "complete -c tamtamctl -n '%s' -a %s -d '%s'\n", next, w.name, quote.Replace(w.help))
		}
		for _, f := range c.flags {
			_, usage := flag.UnquoteUsage(f)
			value := ""
			if !config.IsBool(f) {
				value = " -r"
			}
			if values := flagValues[f.Name]; values != nil {
				value += fmt.Sprintf(" -a '%s'", strings.Join(values, " "))
			}
			fmt.Fprintf(&b, "complete -c tamtamctl -n '%s' -l %s%s -d '%s'\n", cond, f.Name, value, quote.Replace(usage))
		}
	})
	return b.String()
}
