// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/escape"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// messageNoun is what the command of stream --exec is run for.
const messageNoun = "message"

// messageVariables are the variables about one message.
var messageVariables = []string{
	"TAMTAM_MESSAGE_TOPIC", "TAMTAM_MESSAGE_ORIGIN", "TAMTAM_MESSAGE_SESSION", "TAMTAM_MESSAGE_SEQUENCE",
	"TAMTAM_MESSAGE_SENT", "TAMTAM_MESSAGE_RECEIVED", "TAMTAM_MESSAGE_RETAINED",
}

// startHook starts what runs the command for messages. run queues a message for it, and has done called
// when it was handled. stop is that of hook.Flags.
func (s *stream) startHook(ctx context.Context) (run func(m *tamtamv1.Message, done func()) error, stop func(), err error) {
	add, stop, err := s.exec.Start(ctx, hook.Config{
		Keep: s.resumeFile != "", Noun: messageNoun, Env: hook.Environ(os.Environ(), s.client().Flags.Connection(), messageVariables), Out: s.Out, Err: s.Err,
	})
	if err != nil {
		return nil, nil, arg.Usage("stream", "--exec: %v: pipe the output of stream -o json into a program", err)
	}
	return func(m *tamtamv1.Message, done func()) error {
		input, err := s.input(m)
		if err == nil {
			input.Done = done
			add(input)
		}
		return err
	}, stop, nil
}

// input returns what the command gets of a message. All variables are set, some to nothing.
func (s *stream) input(m *tamtamv1.Message) (hook.Change, error) {
	j := toMessage(m)
	if s.exec.Coalesce > 0 {
		line, err := escape.Marshal(j)
		return hook.Change{Line: append(line, '\n')}, err
	}
	sequence, retained := strconv.FormatUint(j.Sequence, 10), ""
	if j.Retained { // it has no number
		sequence, retained = "", "true"
	}
	return hook.Change{Line: m.GetPayload(), Env: hook.Variables(messageVariables, []string{
		j.Topic, j.Origin, j.Session, sequence, at(j.Sent), at(j.Received), retained,
	})}, nil
}

// at returns a time as variables have it; "" if it is not known.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
