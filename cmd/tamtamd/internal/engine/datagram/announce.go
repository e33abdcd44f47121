// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import "github.com/eelcocramer/tamtam/internal/limits"

// MaxClusterName is the size in bytes of the longest cluster name in an announcement.
const MaxClusterName = limits.MaxCluster

// AppendAnnouncement appends the packet that Smudge multicasts to be discovered: the
// length of the cluster's name in one byte, the name, and a bare Ping. The name must have
// 1 to MaxClusterName bytes.
func AppendAnnouncement(dst []byte, cluster string, port uint16, heartbeat uint32) []byte {
	dst = append(dst, byte(len(cluster)))
	dst = append(dst, cluster...)
	return AppendBare(dst, Ping, port, heartbeat)
}

// FaultAnnouncement: a multicast packet is too short for an announcement.
const FaultAnnouncement Fault = "announcement"

// ParseAnnouncement returns the cluster's name and the checked datagram of an
// announcement.
func ParseAnnouncement(b []byte, f Family) (cluster string, d Datagram, fault Fault) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", Datagram{}, FaultAnnouncement
	}
	d, fault = Parse(b[1+int(b[0]):], f)
	return string(b[1 : 1+int(b[0])]), d, fault
}
