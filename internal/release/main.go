// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Release makes the files of a release from a commit: archives with static programs for all
// systems, Debian and RPM packages, an SBOM, and checksums. The same commit and the same version
// of Go make the same bytes, on any machine and at any time. It publishes nothing. It is a module
// of its own, so that no other module has its dependencies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	fs := flag.NewFlagSet("release", flag.ContinueOnError)
	repository := fs.String("repository", ".", "`directory` of the repository; what is not committed there does not count")
	out := fs.String("out", "dist", "`directory` to write to; it is emptied before")
	only := fs.String("platforms", strings.Join(names(platforms), ","), "`platforms`, comma separated")
	check := fs.Bool("check", false,
		"build twice, in different directories and with an empty cache, and compare; write nothing to -out")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if *check {
		return reproduce(ctx, *repository, chosen, log)
	}
	c := config{repository: *repository, out: *out, platforms: chosen, log: log}
	if path := os.Getenv(signingKey); path != "" {
		if c.signer, err = loadSigner(path); err != nil {
			return fmt.Errorf("%s: %w", signingKey, err)
		}
	} else {
		fmt.Fprintf(log, "release: not signed: %s names no key\n", signingKey)
	}
	return release(ctx, c)
}

// platform is a target of a build.
type platform struct {
	os, arch string
	arm      string // GOARM, for arch arm
}

var platforms = []platform{
	{os: "linux", arch: "amd64"},
	{os: "linux", arch: "arm64"},
	{os: "linux", arch: "arm", arm: "7"},
	{os: "linux", arch: "386"},
	{os: "darwin", arch: "amd64"},
	{os: "darwin", arch: "arm64"},
	{os: "windows", arch: "amd64"},
}

// String returns the name of a platform in file names, such as linux_armv7.
func (p platform) String() string {
	if p.arm != "" {
		return p.os + "_" + p.arch + "v" + p.arm
	}
	return p.os + "_" + p.arch
}

func names(of []platform) []string {
	var out []string
	for _, p := range of {
		out = append(out, p.String())
	}
	return out
}

func choose(list string) ([]platform, error) {
	var chosen []platform
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(names(platforms), name)
		if i < 0 {
			return nil, fmt.Errorf("no platform %q: want some of %s", name, strings.Join(names(platforms), ","))
		}
		chosen = append(chosen, platforms[i])
	}
	return chosen, nil
}
