#!/usr/bin/env bash
# A few minutes of the lab, with bounds that a small, busy machine keeps: 60 nodes join, loops take
# the processors away, and two nodes have no direct way to each other. The lab skips itself, with
# the reason, without Linux, root, ip or nft.
set -euo pipefail
cd "$(dirname "$0")/.."

probe=ttprobe-$$
if [[ $(id -u) == 0 ]] && command -v ip >/dev/null; then
	if ! why=$(ip netns add "$probe" 2>&1); then # in a container, say
		echo "lab-short: skipped: no network namespace: $why"
		exit 0
	fi
	ip netns delete "$probe"
fi

bin/lab -n 60 -run join,hog -rounds 1 -limit 30s -hogs 24 -nice -20 -hog-for 10s \
	-want "join: all see all <= 10" \
	-want "hog: busy and after: false DEAD <= 60" \
	-want "hog: free again: all see all <= 15"
bin/lab -n 10 -run mesh -rounds 1 -limit 10s -cast 2s -straggle 5s \
	-want "mesh: blocked: A and B list each other <= 5" \
	-want "mesh: blocked: messages of A that B lacks <= 0" \
	-want "mesh: blocked: --wait all was wrong <= 0" \
	-want "mesh: blocked: A restarted: messages of A that B lacks <= 0"
