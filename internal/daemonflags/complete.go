// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"

	"github.com/eelcocramer/tamtam/internal/completion"
)

// Complete returns what may stand at the cursor of a command line of tamtamd; words are those
// after the program, up to the cursor.
func Complete(words []string) completion.Reply {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	Register(fs)
	f := completion.ValueOf(fs, words, Short())
	if f == nil {
		return completion.Reply{Candidates: completion.Flags(fs)}
	}
	if v, ok := f.Value.(choiceValue); ok {
		return completion.Reply{Candidates: completion.Words(v.words...)}
	}
	return completion.Reply{Files: completion.IsFile(f)}
}
