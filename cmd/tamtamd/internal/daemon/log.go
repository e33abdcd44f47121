// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// levels are the values of --log-level.
var levels = map[string]logging.Level{
	daemonflags.LogDebug: logging.Debug, daemonflags.LogInfo: logging.Info,
	daemonflags.LogWarn: logging.Warn, daemonflags.LogError: logging.Error,
}

// threshold returns the level from which on lines are logged. --verbose and --trace, of 2018, ask
// for more than --log-level does.
func threshold(f *daemonflags.Flags) logging.Level {
	switch {
	case f.Trace:
		return logging.Trace
	case f.Verbose:
		return logging.Debug
	}
	return levels[f.LogLevel]
}

// unknownVariable is a TAMTAM_* variable that nothing reads.
type unknownVariable struct{ name, meant string } // meant is "" if it is like none

// unknownEnv returns the TAMTAM_* variables that neither program reads, each with the one that was
// likely meant.
func unknownEnv() (unknown []unknownVariable) {
	known := [][]string{daemonflags.Names(), ctlflags.Names(), {daemonflags.Keyring}}
	for _, name := range config.UnknownEnv(os.Environ(), known...) {
		unknown = append(unknown, unknownVariable{name, config.NearestEnv(name, known...)})
	}
	return unknown
}

// warnOfUnknownEnv warns of TAMTAM_* variables that neither program reads: a misspelt one
// is not applied.
func warnOfUnknownEnv(logger log.Logger) {
	for _, v := range unknownEnv() {
		kv := []any{"msg", "unknown environment variable ignored", "name", v.name}
		if v.meant != "" {
			kv = append(kv, "meant", v.meant)
		}
		_ = level.Warn(logger).Log(kv...)
	}
}
