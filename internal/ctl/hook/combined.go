// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"errors"
	"fmt"
)

// Combined runs the command once, and returns what it prints to both standard streams: of more than Most bytes, the first
// ones, and a note. Err is not used. Fails as Output does, but never for what the command prints; what it
// printed before is returned then, too.
func (c *Command) Combined(ctx context.Context) (printed string, err error) {
	if !supported {
		return "", ErrUnsupported
	}
	out := &bounded{most: c.Most}
	why := supervise(ctx, start, run{command: c.Shell, env: c.Env, out: out, err: out}, c.Timeout)
	printed = string(out.kept)
	if out.size > c.Most {
		printed += fmt.Sprintf("... (%d bytes in all)", out.size)
	}
	switch {
	case ctx.Err() != nil:
		return printed, ctx.Err()
	case why != "":
		return printed, errors.New(why)
	}
	return printed, nil
}
