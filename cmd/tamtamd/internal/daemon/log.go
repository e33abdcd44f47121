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

func unknownEnv() []string {
	return config.UnknownEnv(os.Environ(), daemonflags.Names(), ctlflags.Names(), []string{daemonflags.Keyring})
}

// warnOfUnknownEnv warns of TAMTAM_* variables that neither program reads: a misspelt one
// is not applied.
func warnOfUnknownEnv(logger log.Logger) {
	for _, name := range unknownEnv() {
		_ = level.Warn(logger).Log("msg", "unknown environment variable ignored", "name", name)
	}
}
