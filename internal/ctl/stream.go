// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctl/resume"
	"github.com/eelcocramer/tamtam/internal/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// encodings has the values of --encoding.
var encodings = []string{"string", "base64", "bytes"}

type encoding string

func (e *encoding) String() string { return string(*e) }

func (e *encoding) Set(s string) error {
	if !slices.Contains(encodings, s) {
		return fmt.Errorf("want %s", strings.Join(encodings, ", "))
	}
	*e = encoding(s)
	return nil
}

func streamCommand(a *app) *ffcli.Command {
	s := &stream{app: a, form: "string"}
	fs := flag.NewFlagSet("stream", flag.ContinueOnError)
	fs.Var(&s.form, "encoding", "`form` of a message: string (a line each), base64 (a line each), or bytes (unchanged, without separators)")
	s.wanted.register(fs)
	s.exec.Register(fs, messageNoun)
	fs.StringVar(&s.resumeFile, "resume-file", "", "keep in this `file` how far it is, and go on there at the next start")
	fs.BoolVar(&s.retry, "retry", false, "wait for a daemon that is not there at the start, too")
	return a.command(&ffcli.Command{
		Name:       "stream",
		ShortUsage: "tamtamctl stream [--topic TOPIC] [--origin MEMBER] [--name PATTERN] [--tag KEY[!]=PATTERN] [--last N] [--since WHEN] [--retained] [--encoding FORM | --exec CMD] [--resume-file FILE] [--retry]",
		ShortHelp:  "Print each message that is broadcast, or run a command for it, across restarts of the daemon.",
		LongHelp: `Prints each message once, and the messages of one node in the order in which they were
sent. With --last or --since, earlier messages come first; the daemon keeps a limited
number. stderr reports messages that no node still has.

Ends with Ctrl-C, or when its output is closed. If the daemon ends, it reconnects, as
watch does, and goes on after the last message that came: those that were sent meanwhile
follow, as long as the daemon or a member keeps them. Without --retry, exit status 4 if
there is no daemon at the start.

With --resume-file, that also holds for its own end, by kill -9, too: it goes on after
the last message that was printed, or whose command has ended. Such a message may come
again, but none is left out. Without the file, it begins now, or with --last or --since,
which have no effect later. Other filters apply from where the file is. In another cluster,
it begins with what is kept there since the file was made.

On a terminal,
control characters of a message are escaped; elsewhere only its line ends are, so that
a message is one line. In JSON, a message is a line with its payload in base64, and as
text if it is valid UTF-8; missing messages are a line with the event "gap" instead of
"message", and there are the events disconnected and resumed.

With --retained, the present values of the retained topics that match come first, and then
each new one: the last line about a topic is its value, an empty one if it was deleted. The
present values come again when the daemon was restarted.
Without it, retained messages are printed when they are new, as any message. A topic may be
a pattern: * stands for any text without a slash.

--exec runs CMD by sh -c for each message, instead of printing it, with the payload on
stdin and TAMTAM_MESSAGE_TOPIC, TAMTAM_MESSAGE_ORIGIN, TAMTAM_MESSAGE_SESSION,
TAMTAM_MESSAGE_SEQUENCE, TAMTAM_MESSAGE_SENT, TAMTAM_MESSAGE_RECEIVED, TAMTAM_MESSAGE_RETAINED,
TAMTAM_MESSAGES and TAMTAM_DROPPED set. Values come from other machines: quote them. There is one run at a time.
Up to 1,024 messages wait; of more, the oldest are dropped, and counted on stderr; with
--resume-file, none is dropped: more wait in the daemon, as long as it keeps them. At
--exec-timeout and at the end, CMD and all that it started get SIGTERM, and SIGKILL 5 s
later. With --coalesce, one run gets all messages, in order, each as a line of JSON, when
there was none for that time; the variables about one message are not set. Not available
on Windows.

` + arg.MemberHelp + `

  tamtamctl stream
  tamtamctl stream --topic deploy,alert --last 10
  tamtamctl stream --tag role=web
  tamtamctl stream --origin db-1 --since 5m
  tamtamctl stream --topic deploy --exec 'xargs ./deploy.sh'
  tamtamctl stream --topic deploy --retry --resume-file ~/.deploy --exec ./deploy.sh
  tamtamctl stream --retained --topic 'config/*' --exec ./flags.sh
  tamtamctl stream -o json | jq -r 'select(.event == "message").text'`,
		FlagSet: fs,
		Exec:    func(ctx context.Context, args []string) error { return s.run(ctx, fs, args) },
	})
}

// stream has the flags of the command.
type stream struct {
	*app
	form   encoding
	wanted messages
	exec   hook.Flags

	resumeFile string
	retry      bool
}

func (s *stream) run(ctx context.Context, fs *flag.FlagSet, args []string) error {
	if err := arg.None("stream", args); err != nil {
		return err
	}
	err := s.exec.Check("stream", fs)
	fs.Visit(func(set *flag.Flag) {
		if set.Name == "encoding" && s.exec.Command != "" {
			err = arg.Usage("stream", "--encoding is about printing: the command of --exec gets a message unchanged")
		}
	})
	if err != nil {
		return err
	}
	return s.follow(ctx)
}

// follow prints messages, or runs a command for them, over restarts of the daemon.
func (s *stream) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &messageFollower{stream: s, client: s.client(), done: func([]byte) func() { return nil }, alone: func([]byte) {}}
	if s.resumeFile != "" {
		file, after, err := resume.Open(s.resumeFile, func(err error) { cancel(&unsavedError{err}) })
		if err != nil {
			return err
		}
		defer file.Close()
		f.after, f.alone = after, file.Later
		if s.exec.Command != "" {
			progress := resume.NewProgress(file.Save)
			f.done, f.alone = progress.Add, progress.Alone
		}
	}
	if s.exec.Command != "" {
		f.client.Visible = false // a program reads it
		run, stop, err := s.startHook(ctx)
		if err != nil {
			return err
		}
		defer stop()
		f.run = run
	}
	err := follow.Messages(ctx, follow.MessagesConfig{Open: f.open, Again: client.OverRestarts, Patient: s.retry, After: f.after}, f.event)
	var unsaved *unsavedError
	if errors.As(context.Cause(ctx), &unsaved) {
		return unsaved.error
	}
	if st, ok := status.FromError(err); ok && st.Code() == codes.InvalidArgument && strings.HasPrefix(st.Message(), "bad cursor") {
		return status.Errorf(st.Code(), "--resume-file %s: %s: delete it for a new start", s.resumeFile, st.Message())
	}
	return err
}

// unsavedError: the file of --resume-file could not be written.
type unsavedError struct{ error }

// printGap reports missing messages: on stderr, where they do not look like a message, or in JSON.
func (s *stream) printGap(g *tamtamv1.Gap) error {
	if s.printer().JSON && s.exec.Command == "" {
		return s.print(output.Gap{Event: "gap", Origin: g.GetOrigin(), Session: output.ID(g.GetSession()), From: g.GetFrom(), To: g.GetTo()}, nil)
	}
	what := fmt.Sprintf("messages %d to %d", g.GetFrom(), g.GetTo())
	if g.GetFrom() == g.GetTo() {
		what = fmt.Sprintf("message %d", g.GetFrom())
	}
	fmt.Fprintf(s.Err, "tamtamctl: lost: %s of %s\n", what, render.Escape(g.GetOrigin()))
	return nil
}

// toMessage returns a message as JSON has it.
func toMessage(m *tamtamv1.Message) output.Message {
	j := output.Message{
		Event: "message", Origin: m.GetOrigin(), Session: output.ID(m.GetSession()), Sequence: m.GetSequence(), Topic: m.GetTopic(),
		Sent: output.Time(m.GetSent()), Received: output.Time(m.GetReceived()), Payload: output.Slice(m.GetPayload()), Retained: m.GetRetained(),
	}
	if utf8.Valid(m.GetPayload()) {
		text := string(m.GetPayload())
		j.Text = &text
	}
	return j
}

func printMessage(p render.Printer, m *tamtamv1.Message, form encoding) error {
	if p.JSON {
		return p.Print(toMessage(m), nil)
	}
	var text string
	switch form {
	case "bytes":
		text = string(m.GetPayload())
	case "base64":
		text = base64.StdEncoding.EncodeToString(m.GetPayload()) + "\n"
	default:
		text = render.OneLine(string(m.GetPayload())) + "\n"
		if render.IsTerminal(p.Out) {
			text = render.Escape(string(m.GetPayload())) + "\n"
		}
	}
	_, err := io.WriteString(p.Out, text)
	return err
}
