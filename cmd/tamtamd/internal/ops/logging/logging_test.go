// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package logging

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-kit/log/level"
)

func TestThreshold(t *testing.T) {
	for l, want := range map[Level]string{
		Trace: "debug info warn error", Debug: "debug info warn error", Info: "info warn error",
		Warn: "warn error", Error: "error", Off: "",
	} {
		var b strings.Builder
		logger, control, err := New(&b, "logfmt", Off)
		if err != nil {
			t.Fatal(err)
		}
		control.SetLevel(l)
		if control.Level() != l {
			t.Errorf("level %v, want %v", control.Level(), l)
		}
		_ = level.Debug(logger).Log("msg", "x")
		_ = level.Info(logger).Log("msg", "x")
		_ = level.Warn(logger).Log("msg", "x")
		_ = level.Error(logger).Log("msg", "x")
		control.Flush()
		var got []string
		for line := range strings.Lines(b.String()) {
			got = append(got, strings.TrimPrefix(strings.Fields(line)[1], "level="))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v lets through %v, want %v", l, got, want)
		}
	}
}

func TestOnChange(t *testing.T) {
	_, control, _ := New(&strings.Builder{}, "json", Info)
	var reported []Level
	control.OnChange(func(l Level) { reported = append(reported, l) })
	control.SetLevel(Trace)
	if len(reported) != 2 || reported[0] != Info || reported[1] != Trace {
		t.Errorf("reported %v", reported)
	}
}

func TestFormats(t *testing.T) {
	var b strings.Builder
	logger, control, err := New(&b, "json", Info)
	if err != nil {
		t.Fatal(err)
	}
	_ = level.Info(logger).Log("msg", "a b")
	control.Flush()
	var line map[string]string
	if err := json.Unmarshal([]byte(b.String()), &line); err != nil || line["msg"] != "a b" || !strings.HasSuffix(line["ts"], "Z") {
		t.Errorf("%q: %v", b.String(), err)
	}
	if _, _, err := New(&b, "xml", Info); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("error %v", err)
	}
}

// TestHidden: no value, of whatever type, brings a hidden character into a line.
func TestHidden(t *testing.T) {
	for _, format := range []string{"logfmt", "json"} {
		var b strings.Builder
		logger, control, _ := New(&b, format, Info)
		const bad = "a\u202eb\u009bc\u200bd\x7f\x1b[2Je\nf"
		_ = level.Info(logger).Log("name", bad, "err", errors.New(bad), "addr", (*strings.Builder)(nil), "n", 1)
		control.Flush()
		if strings.ContainsAny(b.String(), "\u202e\u009b\u200b\x7f\x1b") || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%s: %q", format, b.String())
		}
		if strings.Count(b.String(), "u202e") != 2 {
			t.Errorf("%s: not escaped visibly: %q", format, b.String())
		}
	}
}
