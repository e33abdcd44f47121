// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Tamtam-gendoc writes the reference documentation, as Markdown or as manual pages,
// or reports which of its pages are stale.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/refdoc"
	"github.com/eelcocramer/tamtam/internal/restapi"
	"github.com/eelcocramer/tamtam/internal/templating"
	"github.com/eelcocramer/tamtam/proto"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

type flags struct {
	out    string
	format string
	date   string
	check  bool
}

// Formats, and their default directories.
const (
	markdown = "markdown"
	man      = "man"
)

var outs = map[string]string{markdown: "docs/reference", man: "bin/man"}

func register(fs *flag.FlagSet) *flags {
	f := &flags{}
	fs.StringVar(&f.out, "out", "", "`directory` of the pages (default: docs/reference, or bin/man for manual pages)")
	fs.StringVar(&f.format, "format", markdown, "`format` of the pages: markdown or man")
	fs.StringVar(&f.date, "date", "", "`date` to print on manual pages, as 2006-01-02 (default: none)")
	fs.BoolVar(&f.check, "check", false, "write nothing; exit with 1 and name the pages that are stale, missing or superfluous")
	return f
}

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("tamtam-gendoc", flag.ContinueOnError)
	fs.SetOutput(stderr)
	f := register(fs)
	fs.Usage = func() {} // below
	if config.Asks(fs, args, "version") {
		fmt.Fprintln(stdout, buildinfo.Read().Line("tamtam-gendoc"))
		return exitDone
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(stdout)
		fmt.Fprintln(stdout, "Write the reference documentation of TamTam.\n\nUSAGE\n  tamtam-gendoc [flags]\n\nFLAGS")
		fs.PrintDefaults()
		return exitDone
	case err != nil:
		return exitUsage // Parse has printed it
	case fs.NArg() > 0:
		fmt.Fprintf(stderr, "tamtam-gendoc: unexpected argument %q\n", fs.Arg(0))
		return exitUsage
	}
	if err := f.complete(); err != nil {
		fmt.Fprintf(stderr, "tamtam-gendoc: %v\n", err)
		return exitFailed
	}
	pages, err := f.pages()
	if err == nil && f.check {
		err = check(f.out, pages)
		if err != nil && f.format == markdown {
			err = fmt.Errorf("%w; run make docs", err)
		}
	} else if err == nil {
		err = write(f.out, pages)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tamtam-gendoc: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// complete checks the values, and sets those that depend on others.
func (f *flags) complete() error {
	if _, known := outs[f.format]; !known {
		return fmt.Errorf("invalid value %q for -format: want markdown or man", f.format)
	}
	if f.out == "" {
		f.out = outs[f.format]
	}
	if _, err := time.Parse(time.DateOnly, f.date); f.date != "" && err != nil {
		return fmt.Errorf("invalid value %q for -date: want a date as 2006-01-02", f.date)
	}
	return nil
}

// pages returns all pages in the requested format.
func (f *flags) pages() ([]refdoc.Page, error) {
	daemon, client, others := commands()
	if f.format == man {
		return manual(f.date, daemon, client, others), nil
	}
	return reference(daemon, client, others)
}

// commands returns the commands to document; others are the small programs.
func commands() (daemon, client refdoc.Command, others []refdoc.Command) {
	dfs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	daemonflags.Register(dfs)
	daemon = refdoc.Command{
		Path:  "tamtamd",
		Usage: "tamtamd [flags]",
		Short: "Join this machine to a cluster, and serve its programs by gRPC.",
		Long:  daemonflags.Long,
		Flags: refdoc.FromFlags(dfs, daemonflags.Short()),
	}
	gfs := flag.NewFlagSet("tamtam-gendoc", flag.ContinueOnError)
	register(gfs)
	tfs := flag.NewFlagSet("tamtam-template", flag.ContinueOnError)
	templating.Register(tfs)
	template := refdoc.Command{
		Path: "tamtam-template", Usage: templating.Usage, Short: templating.Short, Long: templating.Long,
		Flags: refdoc.FromFlags(tfs, nil),
	}
	gendoc := refdoc.Command{
		Path:  "tamtam-gendoc",
		Usage: "tamtam-gendoc [flags]",
		Short: "Write the reference documentation of TamTam.",
		Flags: refdoc.FromFlags(gfs, nil),
	}
	return daemon, refdoc.FromTree(ctl.Command(), ctlflags.Short()), []refdoc.Command{template, gendoc}
}

// manual are the manual pages.
func manual(date string, daemon, client refdoc.Command, others []refdoc.Command) []refdoc.Page {
	m := refdoc.Manual{Date: date}
	tamtamd, tamtamctl, file := refdoc.Reference("tamtamd", 8), refdoc.Reference("tamtamctl", 1), refdoc.Reference("tamtam.yaml", 5)
	pages := m.Pages(daemon, 8, tamtamctl, file)
	pages = append(pages, m.Pages(client, 1, tamtamd, file)...)
	for _, c := range others {
		pages = append(pages, m.Pages(c, 1, tamtamd, tamtamctl)...)
	}
	pages = append(pages, m.JSON(tamtamctl))
	return append(pages, m.File(config.EnvName, []string{tamtamd, tamtamctl}, daemon, client))
}

// reference are the pages of the reference in Markdown, the index first.
func reference(daemon, client refdoc.Command, others []refdoc.Command) ([]refdoc.Page, error) {
	all := refdoc.Markdown(daemon)
	all = append(all, refdoc.Markdown(client)...)
	for _, c := range others {
		all = append(all, refdoc.Markdown(c)...)
	}
	all = append(all, refdoc.Configuration(config.EnvName, daemon, client))
	api, err := refdoc.API(proto.DescriptorSet, "tamtam.v1", "service")
	if err != nil {
		return nil, err
	}
	all = append(all, api)
	all = append(all, refdoc.JSON())
	http, err := refdoc.OpenAPI(proto.DescriptorSet, restapi.Routes)
	if err != nil {
		return nil, err
	}
	all = append(all, http)
	return append([]refdoc.Page{refdoc.Index(all)}, all...), nil
}

// write writes the pages, and removes those that are none any more.
func write(dir string, pages []refdoc.Page) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range pages {
		if err := os.WriteFile(filepath.Join(dir, p.Name), []byte(p.Text), 0o644); err != nil {
			return err
		}
	}
	surplus, err := surplus(dir, pages)
	for _, path := range surplus {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// surplus are the pages in dir that nobody writes. Any Markdown there is one; of
// manual pages, which may stand among others', those that are named as ours.
func surplus(dir string, pages []refdoc.Page) ([]string, error) {
	wanted, sections := map[string]bool{}, map[string]bool{}
	for _, p := range pages {
		wanted[p.Name] = true
		sections[filepath.Ext(p.Name)] = true
	}
	ours := func(name string) bool {
		ext := filepath.Ext(name)
		return sections[ext] && (ext == ".md" || strings.HasPrefix(name, "tamtam"))
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if ours(e.Name()) && !wanted[e.Name()] {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

func check(dir string, pages []refdoc.Page) error {
	var errs []string
	for _, p := range pages {
		path := filepath.Join(dir, p.Name)
		switch have, err := os.ReadFile(path); {
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, path+" is missing")
		case err != nil:
			errs = append(errs, err.Error())
		case string(have) != p.Text:
			errs = append(errs, path+" is stale")
		}
	}
	surplus, err := surplus(dir, pages)
	if err != nil {
		return err
	}
	for _, path := range surplus {
		errs = append(errs, path+" is not written any more")
	}
	if len(errs) > 0 {
		return errors.New(strings.Join(errs, ", "))
	}
	return nil
}
