// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package logging has the daemon's logger: go-kit/log with a threshold that can change
// while the daemon runs.
package logging

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/internal/escape"
)

// Level is a threshold: less severe lines are not written.
type Level uint8

// The thresholds, from the one that writes all lines to the one that writes none.
const (
	Trace Level = iota // as Debug, and the Smudge library's own lines
	Debug              // one line for each message on the network
	Info               // life cycle and membership
	Warn               // something was dropped or degraded
	Error              // something gave up
	Off
)

// String returns the name of the level, as flags and users write it.
func (l Level) String() string {
	return [...]string{"trace", "debug", "info", "warn", "error", "off"}[l]
}

// Control changes the threshold of a logger.
type Control struct {
	writer   *writer
	base     log.Logger
	audit    log.Logger
	swap     log.SwapLogger
	onChange func(Level)

	mu    sync.Mutex // guards level, and keeps the calls of onChange in order
	level Level
}

// New returns a logger that writes lines to w, and its control. format is "logfmt" or
// "json". A line that w does not take is lost; it delays or fails nobody who logs.
func New(w io.Writer, format string, l Level) (log.Logger, *Control, error) {
	var to func(io.Writer) log.Logger
	switch format {
	case "logfmt":
		to = log.NewLogfmtLogger
	case "json":
		to = log.NewJSONLogger
	default:
		return nil, nil, fmt.Errorf("log format %q: want logfmt or json", format)
	}
	// In UTC with milliseconds, since people compare the logs of several machines.
	utc := func() time.Time { return time.Now().UTC() }
	lines := func(w io.Writer) log.Logger {
		return log.With(visible{to(w)}, "ts", log.TimestampFormat(utc, "2006-01-02T15:04:05.000Z"))
	}
	c := &Control{}
	c.writer = newWriter(w, func(lost uint64) []byte {
		var b bytes.Buffer
		_ = level.Warn(lines(&b)).Log("msg", "log lines were lost", "lines", lost)
		return b.Bytes()
	})
	c.base, c.audit = lines(c.writer), lines(waiting{c.writer})
	c.SetLevel(l)
	return &c.swap, c, nil
}

// Counters adds the number of lines that were lost to m.
func (c *Control) Counters(m map[string]uint64) { c.writer.counts.Counters(m) }

// Audit returns a logger that the level does not silence. Its lines are written when they are logged,
// so that none is lost if the program is killed after what it reports.
func (c *Control) Audit() log.Logger { return log.With(c.audit, "level", "info") }

// Flush waits until the lines are written that were logged before, for 100 ms at most. Nothing that
// is logged is lost if the program ends after it.
func (c *Control) Flush() { c.writer.flush() }

// visible escapes hidden characters in values: names and errors come from other machines. The
// formats escape C0 and quotes. Keys are the program's own.
type visible struct{ log.Logger }

func (v visible) Log(keyvals ...any) error {
	for i := 1; i < len(keyvals); i += 2 {
		var text string
		switch value := keyvals[i].(type) {
		case string:
			text = value
		case error, fmt.Stringer:
			text = fmt.Sprint(value) // also of a nil pointer
		}
		if safe := escape.Line(text); safe != text {
			keyvals = slices.Clone(keyvals) // the caller's
			keyvals[i] = safe
		}
	}
	return v.Logger.Log(keyvals...)
}

// Level returns the threshold.
func (c *Control) Level() Level {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.level
}

// SetLevel changes the threshold.
func (c *Control) SetLevel(l Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.level = l
	c.swap.Swap(level.NewFilter(c.base, allow(l)))
	if c.onChange != nil {
		c.onChange(l)
	}
}

// OnChange calls f with the present level, and later with every new one. f must not call
// the Control.
func (c *Control) OnChange(f func(Level)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onChange = f
	f(c.level)
}

func allow(l Level) level.Option {
	switch l {
	case Trace, Debug:
		return level.AllowDebug()
	case Info:
		return level.AllowInfo()
	case Warn:
		return level.AllowWarn()
	case Error:
		return level.AllowError()
	default:
		return level.AllowNone()
	}
}
