#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# A program beside tamtamd, in shell: it prints who comes and goes, and answers each
# message of the topic "ask" with one of the topic "answer". It needs jq and grpcurl,
# which asks tamtamd itself for the API (GRPCURL names another than that of the PATH).
set -euo pipefail

target=${1:-localhost:6262}
service=tamtam.v1.TamTamService

call() { # call METHOD REQUEST
	"${GRPCURL:-grpcurl}" -plaintext -d "$2" "$target" "$service/$1"
}

# The members that are there, and then each change; null is the mark between the two.
watch() {
	call WatchMembers '{}' |
		jq --unbuffered -r '.present // .change.member // empty | "member \(.name | @json) \(.address) \(.status)"'
}

# In JSON, bytes are base64. A line of a message each; what has none is a gap.
answer() {
	call StreamMessages '{"topics": ["ask"], "last": 1}' |
		jq --unbuffered -r '.message // empty | [.origin, .payload] | @tsv' |
		while IFS=$'\t' read -r origin payload; do
			text=$(base64 -d <<<"$payload")
			printf 'asked by %s: "%s"\n' "$origin" "$text"
			call Broadcast "$(jq -n --arg payload "$(printf 'heard %s' "$text" | base64 -w 0)" '{topic: "answer", $payload}')" >/dev/null
		done
}

# Each job is a group of processes, that ends as one.
set -m
trap 'kill %1 %2 2>/dev/null || true' EXIT
trap exit INT TERM
watch &
answer &
wait -n
