// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Tamtam-gendoc writes the reference documentation, or tells which of its pages are
// stale.
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

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/refdoc"
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
	out   string
	check bool
}

func register(fs *flag.FlagSet) *flags {
	f := &flags{}
	fs.StringVar(&f.out, "out", "docs/reference", "`directory` of the pages")
	fs.BoolVar(&f.check, "check", false, "write nothing; exit with 1 and name the pages that are stale, missing or too many")
	return f
}

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("tamtam-gendoc", flag.ContinueOnError)
	fs.SetOutput(stderr)
	f := register(fs)
	fs.Usage = func() {} // below
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(stdout)
		fmt.Fprintln(stdout, "Write the reference documentation of TamTam.\n\nUSAGE\n  tamtam-gendoc [flags]\n\nFLAGS")
		fs.PrintDefaults()
		return exitDone
	case err != nil:
		return exitUsage // told by Parse
	case fs.NArg() > 0:
		fmt.Fprintf(stderr, "tamtam-gendoc: unexpected argument %q\n", fs.Arg(0))
		return exitUsage
	}
	pages, err := pages()
	if err == nil && f.check {
		err = check(f.out, pages)
	} else if err == nil {
		err = write(f.out, pages)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tamtam-gendoc: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// pages are all pages of the reference, the index first.
func pages() ([]refdoc.Page, error) {
	dfs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	daemonflags.Register(dfs)
	daemon := refdoc.Command{
		Path:  "tamtamd",
		Usage: "tamtamd [flags]",
		Short: "Join this machine to a cluster, and serve programs on it by gRPC.",
		Long:  daemonflags.Long,
		Flags: refdoc.FromFlags(dfs, daemonflags.Short()),
	}
	gfs := flag.NewFlagSet("tamtam-gendoc", flag.ContinueOnError)
	register(gfs)
	gendoc := refdoc.Command{
		Path:  "tamtam-gendoc",
		Usage: "tamtam-gendoc [flags]",
		Short: "Write the reference documentation of TamTam.",
		Flags: refdoc.FromFlags(gfs, nil),
	}
	client := refdoc.FromTree(ctl.Command(), ctlflags.Short())

	all := refdoc.Markdown(daemon)
	all = append(all, refdoc.Markdown(client)...)
	all = append(all, refdoc.Markdown(gendoc)...)
	all = append(all, refdoc.Configuration(config.EnvName, daemon, client))
	api, err := refdoc.API(proto.DescriptorSet, "tamtam.v1", "service")
	if err != nil {
		return nil, err
	}
	all = append(all, api)
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

// surplus are the pages in dir that nobody writes.
func surplus(dir string, pages []refdoc.Page) ([]string, error) {
	wanted := map[string]bool{}
	for _, p := range pages {
		wanted[p.Name] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".md") && !wanted[e.Name()] {
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
		return fmt.Errorf("%s; run make docs", strings.Join(errs, ", "))
	}
	return nil
}
