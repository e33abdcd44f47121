// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package counter

// Metrics whose counters several packages declare.
var (
	Dropped          = &Metric{Name: "tamtam_dropped_total", Label: "reason", Help: "Packets and frames that were dropped on receipt."}
	ReceiveOverflows = &Metric{Name: "tamtam_network_receive_overflows_total", Label: "socket", Help: "UDP packets that the kernel dropped because the receive buffer of the socket was full. Always 0 on systems other than Linux."}
	Refused          = &Metric{Name: "tamtam_refused_total", Label: "what", Help: "What was refused because of a limit or a rule."}
)
