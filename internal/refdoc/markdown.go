// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/output"
)

// generated is the first line of each page.
const generated = "<!-- Written by tamtam-gendoc (make docs). Do not edit. -->\n\n"

// Markdown makes a page for a command and for each of its subcommands.
func Markdown(c Command) []Page {
	return markdown(c, nil)
}

func markdown(c Command, parent *Command) []Page {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n%s\n\n```\n%s\n```\n", generated, c.Path, c.Short, c.Usage)
	if c.Long != "" {
		b.WriteString("\n" + paragraphs(c.Long))
	}
	if len(c.Commands) > 0 {
		b.WriteString("\n## Commands\n\n| command | |\n| --- | --- |\n")
		for _, sub := range c.Commands {
			fmt.Fprintf(&b, "| [`%s`](%s) | %s |\n", sub.Path, fileName(sub.Path), cell(sub.Short))
		}
	}
	if len(c.Flags) > 0 {
		b.WriteString("\n## Flags\n\n" + flagTable(c.Flags))
	}
	if parent != nil {
		fmt.Fprintf(&b, "\nThe flags of [`%s`](%s) apply, too.\n", root(parent.Path), fileName(root(parent.Path)))
	}
	pages := []Page{{fileName(c.Path), b.String()}}
	for _, sub := range c.Commands {
		pages = append(pages, markdown(sub, &c)...)
	}
	return pages
}

func root(path string) string { return strings.Fields(path)[0] }

func fileName(path string) string { return strings.ReplaceAll(path, " ", "-") + ".md" }

// paragraphs turns examples into code blocks.
func paragraphs(long string) string {
	var out []string
	for block := range strings.SplitSeq(long, "\n\n") {
		if strings.HasPrefix(block, "  ") {
			block = "```sh\n" + strings.ReplaceAll("\n"+block, "\n  ", "\n")[1:] + "\n```"
		}
		out = append(out, strings.ReplaceAll(block, output.Reference, "[JSON](json.md)"))
	}
	return strings.Join(out, "\n\n") + "\n"
}

func flagTable(flags []Flag) string {
	var b strings.Builder
	b.WriteString("| flag | default | |\n| --- | --- | --- |\n")
	for _, f := range flags {
		name := "`--" + f.Name
		if f.Value != "" {
			name += " " + f.Value
		}
		name += "`"
		if f.Letter != "" {
			name += ", `-" + f.Letter + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, code(f.Default), cell(f.Usage))
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// cell escapes text for a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}

// The description of the configuration file, in any format.
const (
	configurationText = `A value comes from a flag, else from an environment variable, else from the
configuration file, else it is the default. --config or TAMTAM_CONFIG names the file;
otherwise it is the first that exists of tamtam/tamtam.yaml in the user's configuration
directory, $HOME/.tamtam.yaml and /etc/tamtam/tamtam.yaml. The file is YAML, with the names
of flags as keys; a list stands for a repeated flag. All programs can share one file: each
takes its own keys, and refuses keys that no program knows.`
	configurationExample = `bind: 192.0.2.10
join:
  - seed-1.example
  - seed-2.example:9999
log-format: json
`
)

// Configuration makes the page of the environment variables and keys of the configuration
// file, for programs that share them.
func Configuration(envName func(flag string) string, programs ...Command) Page {
	type row struct{ flag, def, programs string }
	rows := map[string]*row{}
	for _, p := range programs {
		for _, f := range p.Flags {
			if r := rows[f.Name]; r != nil {
				r.programs += ", " + p.Path
				continue
			}
			rows[f.Name] = &row{f.Name, f.Default, p.Path}
		}
	}
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)

	var b strings.Builder
	b.WriteString(generated + "# Configuration\n\n" + strings.NewReplacer("--config", "`--config`", "TAMTAM_CONFIG", "`TAMTAM_CONFIG`",
		"tamtam/tamtam.yaml in", "`tamtam/tamtam.yaml` in", "$HOME/.tamtam.yaml", "`$HOME/.tamtam.yaml`", "/etc/tamtam/tamtam.yaml", "`/etc/tamtam/tamtam.yaml`").Replace(configurationText) + "\n\n```yaml\n" + configurationExample + "```\n" + `
| key and flag | variable | default | of |
| --- | --- | --- | --- |
`)
	for _, name := range names {
		key := "`" + name + "`"
		if name == "config" {
			key = "`--config`" // a file names no other
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", key, envName(name), code(rows[name].def), rows[name].programs)
	}
	return Page{"configuration.md", b.String()}
}

// Index makes the page that lists the others, in their order.
func Index(pages []Page) Page {
	var b strings.Builder
	b.WriteString(generated + "# Reference\n\n")
	for _, p := range pages {
		title := p.Name
		for line := range strings.Lines(p.Text) {
			if t, ok := strings.CutPrefix(line, "# "); ok {
				title = strings.TrimSpace(t)
				break
			}
		}
		indent := strings.Repeat("  ", max(0, strings.Count(title, " ")))
		if !strings.HasPrefix(title, "tamtam") {
			indent = ""
		}
		fmt.Fprintf(&b, "%s- [%s](%s)\n", indent, title, p.Name)
	}
	return Page{"README.md", b.String()}
}
