#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# A program beside tamtamd, in shell. It prints members that come and go, and answers each
# message with the topic "ask" by one with the topic "answer". It survives restarts of the daemon.
# It needs jq and grpcurl, which reads the API from tamtamd itself (GRPCURL names one outside the
# PATH).
set -euo pipefail

target=${1:-localhost:6262}
service=tamtam.v1.TamTamService

for program in "${GRPCURL:-grpcurl}" jq; do
	command -v "$program" >/dev/null || { echo "there is no $program" >&2; exit 1; }
done

call() { # call METHOD REQUEST
	"${GRPCURL:-grpcurl}" -plaintext -d "$2" "$target" "$service/$1"
}

# Prints the present members, and then each change; null is the synced mark.
watch() {
	call WatchMembers '{}' |
		jq --unbuffered -r '.present // .change.member // empty | "member \(.name | @json) \(.address) \(.status)"'
}

# Answers each question. In JSON, bytes are base64. An event without a message is a gap.
answer() {
	call StreamMessages '{"topics": ["ask"], "last": 1}' |
		jq --unbuffered -r '.message // empty | [.origin, .payload] | @tsv' |
		while IFS=$'\t' read -r origin payload; do
			text=$(base64 -d <<<"$payload")
			printf 'asked by %s: "%s"\n' "$origin" "$text"
			call Broadcast "$(jq -n --arg payload "$(printf 'heard %s' "$text" | base64 -w 0)" '{topic: "answer", $payload}')" >/dev/null
		done
}

# again FUNCTION: a stream ends when the daemon does; it is opened again after a second.
again() {
	while :; do
		"$1" || echo "trying again: $1" >&2
		sleep 1
	done
}

# Each job is a process group, which ends as a whole.
set -m
trap 'kill %1 %2 2>/dev/null || true' EXIT
trap exit INT TERM
again watch &
again answer &
wait -n
