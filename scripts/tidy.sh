#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Tidies the modules. With "check", it changes nothing, and fails if a module is not tidy. "go
# mod tidy" ignores go.work, so the daemon's module is tidied as a copy in which this
# directory replaces the root module.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-write}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOWORK=off
stale=0

# settle DIR: compares or installs the tidy go.mod and go.sum in $work.
settle() {
	for file in go.mod go.sum; do
		if cmp -s "$work/$file" "$1/$file"; then continue; fi
		if [[ $mode == check ]]; then
			echo "not tidy: $1/$file" >&2
			diff "$1/$file" "$work/$file" >&2 || true
			stale=1
		else
			cp "$work/$file" "$1/$file"
		fi
	done
}

# copy DIR: copies go.mod and go.sum to $work.
copy() {
	cp "$1/go.mod" "$work/go.mod"
	cp "$1/go.sum" "$work/go.sum"
}

for dir in . internal/tools internal/lab internal/manifests internal/release internal/webtest; do
	copy "$dir"
	(cd "$dir" && go mod tidy -modfile="$work/go.mod")
	settle "$dir"
done

copy cmd/tamtamd
go mod edit -replace "github.com/eelcocramer/tamtam=$PWD" "$work/go.mod" # quotes blanks
(cd cmd/tamtamd && go mod tidy -modfile="$work/go.mod")
go mod edit -dropreplace github.com/eelcocramer/tamtam "$work/go.mod"
settle cmd/tamtamd

((stale == 0)) || {
	echo "run make tidy" >&2
	exit 1
}
