// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"

	"google.golang.org/grpc/health/grpc_health_v1"
)

// warnUnready says on stderr when the daemon holds itself not ready: what it lists is true,
// but may be itself alone. A daemon that does not tell is taken to be ready.
func (a *app) warnUnready(ctx context.Context, c *api) {
	r, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err == nil && r.GetStatus() == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		fmt.Fprintln(a.Err, "tamtamctl: the daemon is not ready: it has joined none of its seeds yet, or is leaving")
	}
}
