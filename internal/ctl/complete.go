// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/completion"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/services"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// completeWithin is how long a shell waits for the daemon: a person waits, too.
var completeWithin = time.Second

// source finds words of the daemon. An error leaves them out: a shell has no place for it.
type source func(context.Context, *client.Conn) []completion.Candidate

// arguments has the words that commands take as their argument.
var arguments = map[string][]string{
	"tamtamctl completion":          completion.Shells,
	"tamtamctl configure threshold": thresholds,
}

// live has the commands whose arguments the daemon knows.
var live = map[string]source{
	"tamtamctl nodes":       memberWords,
	"tamtamctl ping":        memberWords,
	"tamtamctl remove":      memberWords,
	"tamtamctl rtt":         memberWords,
	"tamtamctl topics":      retainedWords,
	"tamtamctl why":         memberWords,
	"tamtamctl keys use":    keyWords,
	"tamtamctl keys remove": keyWords,
}

// mostArguments has the commands that take more than one argument of which the daemon knows all.
var mostArguments = map[string]int{"tamtamctl rtt": 2}

// fileArguments are the commands whose argument is a file.
var fileArguments = []string{"tamtamctl keys install"}

// flagValues has the words that flags take as values.
var flagValues = map[string][]string{
	"check":    {"tcp", "http://localhost:"},
	"output":   ctlflags.Outputs,
	"encoding": encodings,
	"status":   arg.StatusNames,
	"wait":     waits,
}

// liveValues has the flags whose values the daemon knows.
var liveValues = map[string]source{
	"member":  memberWords,
	"gone":    memberWords,
	"to":      memberWords,
	"near":    memberWords,
	"name":    nameWords,
	"origin":  memberWords,
	"topic":   topicWords,
	"service": serviceWords,
}

// complete answers the script of a shell: args are those after completion.Command.
func (a *app) complete(ctx context.Context, args []string) error {
	words := completion.Typed(args)
	cursor := words[len(words)-1]
	return a.reply(ctx, words).Write(a.Out, cursor)
}

func (a *app) reply(ctx context.Context, words []string) completion.Reply {
	root := a.tree()
	path, command, given := walk(root, words[:len(words)-1])
	cursor := words[len(words)-1]
	if f := completion.ValueOf(command.FlagSet, words, ctlflags.Short()); f != nil {
		switch {
		case completion.IsFile(f):
			return completion.Reply{Files: true}
		case liveValues[f.Name] != nil:
			return a.ask(ctx, words, liveValues[f.Name])
		}
		return completion.Reply{Candidates: completion.Words(flagValues[f.Name]...)}
	}
	switch {
	case strings.HasPrefix(cursor, "-"):
		return completion.Reply{Candidates: completion.Flags(command.FlagSet)}
	case len(command.Subcommands) > 0:
		var all []completion.Candidate
		for _, sub := range command.Subcommands {
			all = append(all, completion.Candidate{Word: sub.Name, Help: sub.ShortHelp})
		}
		return completion.Reply{Candidates: all}
	case given >= max(mostArguments[path], 1):
		return completion.Reply{}
	case slices.Contains(fileArguments, path):
		return completion.Reply{Files: true}
	case live[path] != nil:
		return a.ask(ctx, words, live[path])
	}
	return completion.Reply{Candidates: completion.Words(arguments[path]...)}
}

// walk finds the command that words lead to, and how many arguments it has already.
func walk(root *ffcli.Command, words []string) (path string, command *ffcli.Command, given int) {
	flags := allFlags(root)
	path, command = root.Name, root
	for len(words) > 0 {
		n := 1
		if isFlag(words[0]) {
			n = min(flagLength(flags, words[0]), len(words))
		} else if sub := subcommand(command, words[0]); sub != nil {
			path, command = path+" "+sub.Name, sub
			if sub.Name == "help" { // what follows are commands again
				path, command = root.Name, root
			}
		} else {
			given++
		}
		words = words[n:]
	}
	return path, command, given
}

// ask finds words of the daemon that the command line names, or the environment, or the file.
func (a *app) ask(ctx context.Context, words []string, find source) (r completion.Reply) {
	fs := flag.NewFlagSet("tamtamctl", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	a.flags = ctlflags.Default()
	a.flags.Register(fs)
	if config.Parse(fs, shared(fs, words[:len(words)-1]), ctlflags.Short(), daemonflags.Names()) != nil {
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	_ = a.call(ctx, func(ctx context.Context, c *client.Conn) error { // see source
		r.Candidates = find(ctx, c)
		return nil
	})
	return r
}

// shared returns those of the words that are flags of fs, with their values.
func shared(fs *flag.FlagSet, words []string) (found []string) {
	for len(words) > 0 {
		n := 1
		if isFlag(words[0]) {
			n = min(flagLength(fs, words[0]), len(words))
			name, _, _ := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
			if fs.Lookup(name) != nil {
				found = append(found, words[:n]...)
			}
		}
		words = words[n:]
	}
	return found
}

func memberWords(ctx context.Context, c *client.Conn) (all []completion.Candidate) {
	return append(nameWords(ctx, c), members(ctx, c, (*tamtamv1.Member).GetAddress)...)
}

func nameWords(ctx context.Context, c *client.Conn) []completion.Candidate {
	return members(ctx, c, (*tamtamv1.Member).GetName)
}

func members(ctx context.Context, c *client.Conn, word func(*tamtamv1.Member) string) (all []completion.Candidate) {
	r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	if err != nil {
		return nil
	}
	for _, m := range r.GetMembers() {
		if w := word(m); plainWord(w) {
			all = append(all, completion.Candidate{Word: w, Help: "member"})
		}
	}
	return all
}

// serviceWords returns the names of the services that members offer.
func serviceWords(ctx context.Context, c *client.Conn) (all []completion.Candidate) {
	r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, m := range r.GetMembers() {
		for _, s := range services.Of(m.GetTags()) {
			if !seen[s.Name] {
				seen[s.Name] = true
				all = append(all, completion.Candidate{Word: s.Name, Help: "service"})
			}
		}
	}
	return all
}

func keyWords(ctx context.Context, c *client.Conn) (all []completion.Candidate) {
	r, err := c.ListKeys(ctx, &tamtamv1.ListKeysRequest{})
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, m := range r.GetMembers() {
		for _, k := range m.GetKeys() {
			if !seen[k] {
				seen[k] = true
				all = append(all, completion.Candidate{Word: k, Help: "key"})
			}
		}
	}
	return all
}

// retainedWords returns the retained topics.
func retainedWords(ctx context.Context, c *client.Conn) (all []completion.Candidate) {
	r, err := c.ListTopics(ctx, &tamtamv1.ListTopicsRequest{})
	if err != nil {
		return nil
	}
	for _, t := range r.GetTopics() {
		if plainWord(t.GetTopic()) {
			all = append(all, completion.Candidate{Word: t.GetTopic(), Help: "topic"})
		}
	}
	return all
}

// topicWords returns the retained topics, and those of the messages that are kept.
func topicWords(ctx context.Context, c *client.Conn) (all []completion.Candidate) {
	all = retainedWords(ctx, c)
	ctx, cancel := context.WithTimeout(ctx, completeWithin/4) // nothing marks the end of the kept ones
	defer cancel()
	s, err := c.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{Last: 1000})
	if err != nil {
		return all
	}
	seen := map[string]bool{"": true}
	for _, w := range all {
		seen[w.Word] = true
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return all
		}
		if t := r.GetMessage().GetTopic(); !seen[t] && plainWord(t) {
			seen[t] = true
			all = append(all, completion.Candidate{Word: t, Help: "topic"})
		}
	}
}

// plainWord reports whether a shell may insert a word as it is: names come from other machines.
func plainWord(w string) bool {
	return w != "" && !strings.ContainsFunc(w, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-:[]/@", r))
	})
}
