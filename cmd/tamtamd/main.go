// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Tamtamd is the daemon of TamTam: it joins this machine to a cluster and serves
// programs on the machine by gRPC.
package main

import (
	"os"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/daemon"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/timerslack"
)

func main() {
	timerslack.Raise()
	os.Exit(daemon.Main(os.Args[1:], os.Stdout, os.Stderr))
}
