#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Fails if the generated code does not match the API. Changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
.bin/buf generate --output "$fresh"
.bin/buf build --as-file-descriptor-set -o "$fresh/proto/tamtam.binpb"
mkdir -p "$fresh/clients/python/tamtam"
.bin/buf build --as-file-descriptor-set --exclude-source-info --path proto/tamtam/v1 -o "$fresh/clients/python/tamtam/tamtam.binpb"

stale=0
for file in $(cd "$fresh" && find proto clients -type f) $(git ls-files 'proto/*.pb.go' proto/tamtam.binpb); do
	cmp -s "$file" "$fresh/$file" || {
		echo "stale: $file" >&2
		stale=1
	}
done
((stale == 0)) || {
	echo "run make generate" >&2
	exit 1
}
