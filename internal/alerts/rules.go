// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package alerts

import "github.com/eelcocramer/tamtam/internal/doctor/sentence"

// live is PromQL for how many members each node lists as live.
const live = `sum by (job, instance) (tamtam_members{status=~"alive|suspected"})`

// Rules returns the alerts, in the order of the file.
func Rules() []Rule {
	return []Rule{
		{
			Name: "TamTamDown", Expr: `up{job=~"tamtam.*"} == 0`, For: "1m", Severity: "critical", Subject: cluster,
			Sentence: sentence.NoDaemon(node, "Prometheus cannot scrape it", "Prometheus the address of its --http"),
			Guide:    troubleshooting("daemon"),
		}, {
			Name: "TamTamStuck", Expr: `tamtam_live == 0`, For: "1m", Severity: "critical", Subject: node,
			Sentence: sentence.Sentence{
				Found: "an event loop is stalled",
				Do:    "/livez names it; kill -QUIT writes the stacks to the log; restart the daemon, which systemd's watchdog does by itself",
			},
			Guide: "monitoring.md#http",
		}, {
			Name: "TamTamNoSeed", Expr: `tamtam_state{state="joining"} == 1`, For: "5m", Severity: "warning", Subject: node,
			Sentence: sentence.NoSeed("it"), Guide: troubleshooting("reachable"),
		}, {
			Name: "TamTamSplit", Expr: live + ` < on (job) group_left () max by (job) (` + live + `)`,
			For: "5m", Severity: "warning", Subject: node,
			Sentence: sentence.Views(count, "another node more", "the address of one that it lacks"), Guide: troubleshooting("views"),
		}, {
			Name: "TamTamRemoved", Expr: `tamtam_removed == 1`, For: "2m", Severity: "warning", Subject: node,
			Sentence: sentence.Removed("a member", "the time that /readyz gives", "tamtamctl join ADDRESS"), Guide: troubleshooting("removed"),
		}, {
			Name: "TamTamMemberDead", Expr: `max by (job) (tamtam_members{status="dead"}) > 0`, For: "2m", Severity: "warning",
			Subject: "each of " + count + " members of " + cluster, Sentence: sentence.Dead("MEMBER"),
			Which: "tamtamctl nodes --status dead lists them; ", Guide: troubleshooting("reachable"),
		}, {
			Name: "TamTamMemberRemoved", Expr: `max by (job) (increase(tamtam_member_changes_total{kind="removed"}[15m])) > 0`, Severity: "info",
			Subject: cluster,
			Sentence: sentence.Sentence{
				Found: "members were removed, by a user or because they were gone for --reconnect-timeout",
				Do:    "tamtamctl why MEMBER shows which of both; a node that a user removed stays out until it joins again",
			},
			Guide: "operations.md#change",
		}, {
			Name: "TamTamAlone", Expr: `sum by (job, instance) (tamtam_members) == 1 and on (job) count by (job) (tamtam_node_info) > 1`,
			For: "2m", Severity: "warning", Subject: node,
			Sentence: sentence.Alone("the address"), Guide: troubleshooting("reachable"),
		}, {
			Name: "TamTamFlapping", Expr: `max by (job) (tamtam_members_flapping) > 0`, For: "5m", Severity: "warning",
			Subject: "each of " + count + " members of " + cluster, Sentence: sentence.Flapping("MEMBER"),
			Which: "tamtamctl nodes marks them; ", Guide: troubleshooting("flapping"),
		}, {
			Name: "TamTamLoss", Expr: `avg by (job, instance) (tamtam_peer_loss_ratio) > 0.1`, For: "10m", Severity: "warning",
			Subject: node, Sentence: sentence.Loss("", share+" of"), Guide: troubleshooting("loss"),
		}, {
			Name: "TamTamBroadcastGaps", Expr: `increase(tamtam_broadcast_gaps_total[10m]) > 0`, Severity: "warning", Subject: node,
			Sentence: sentence.Sentence{
				Found: "broadcasts were lost for good, and a gap was reported to readers",
				Do:    "raise --keep and --keep-bytes, which limit what can be repaired, or send fewer broadcasts",
			},
			Guide: "operations.md#incidents",
		}, {
			Name: "TamTamSlowReaders", Expr: `increase(tamtam_stream_overflows_total[10m]) > 0`, Severity: "info", Subject: node,
			Sentence: sentence.Sentence{
				Found: "readers of " + stream + " fell behind, and their streams ended with an error",
				Do:    "make them read faster; they can resume",
			},
			Guide: "operations.md#incidents",
		}, {
			Name: "TamTamReloadFailed", Expr: `tamtam_config_last_reload_successful == 0`, For: "1m", Severity: "warning", Subject: node,
			Sentence: sentence.Sentence{
				Found: "it could not reload its configuration; settings that could not be applied are unchanged",
				Do:    "the log gives the reason; tamtamd --check shows it, too",
			},
			Guide: "monitoring.md#reloading",
		},
	}
}
