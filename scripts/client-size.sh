#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Prints the size of the client for several builds, and the size of its parts, as tables in
# Markdown. docs/client-size.md has the results.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0 GOOS=linux GOARCH=${GOARCH:-amd64} GOFLAGS=-buildvcs=false

row() { # row WORDS FLAG...
	local words=$1
	shift
	go build -o "$work/tamtamctl" "$@" ./cmd/tamtamctl
	printf '| %s | %s | %s |\n' "$words" "$(wc -c <"$work/tamtamctl")" "$(gzip -9 <"$work/tamtamctl" | wc -c)"
}

echo "$(go env GOVERSION), $GOOS/$GOARCH"
printf '\n| built with | bytes | gzip -9 |\n| --- | ---: | ---: |\n'
row 'nothing'
row '`-trimpath`' -trimpath
row 'and `-tags grpcnotrace` (`make build`)' -trimpath -tags grpcnotrace
row 'and `-ldflags "-s -w -buildid="` (`make release`)' -trimpath -tags grpcnotrace -ldflags '-s -w -buildid='
row 'and `-tags nethttpomithttp2`' -trimpath -tags grpcnotrace,nethttpomithttp2 -ldflags '-s -w -buildid='
row 'and `-gcflags=all=-l`, nothing inlined' -trimpath -tags grpcnotrace -ldflags '-s -w -buildid=' -gcflags=all=-l

# Groups symbols by their prefix. Symbols without bytes in the file (b, B, and one pool of
# randomness that is declared as data) do not count.
go build -trimpath -tags grpcnotrace -o "$work/tamtamctl" ./cmd/tamtamctl
printf '\n| code and data of | KiB |\n| --- | ---: |\n'
go tool nm -size "$work/tamtamctl" | awk '
	$3 !~ /^[tTrRdD]$/ || $2 > 16777216 { next }
	$4 ~ /^runtime\.(text|etext|rodata|erodata|pclntab|epclntab|types|etypes|noptrdata|data|findfunctab)$/ { next }
	{
		name = $4
		if (name ~ /^(type|go):/) group = "types and tables of the compiler"
		else if (name ~ /^google.golang.org\/protobuf/) group = "google.golang.org/protobuf"
		else if (name ~ /^google.golang.org\/(grpc|genproto)/) group = "google.golang.org/grpc"
		else if (name ~ /^(vendor\/)?golang.org\/x\//) group = "golang.org/x: net, text, sys, crypto"
		else if (name ~ /^go.yaml.in|^github.com\/peterbourgon/) group = "yaml, ff"
		else if (name ~ /^github.com\/eelcocramer/) group = "TamTam itself"
		else if (name ~ /^(runtime|internal\/(runtime|abi|cpu|bytealg))|^(sync|reflect)/) group = "Go: runtime, sync, reflect"
		else if (name ~ /^crypto|^encoding\/(asn1|pem)|^math\/big/) group = "Go: crypto, for TLS"
		else if (name ~ /^net|^mime|^compress/) group = "Go: net, net/http"
		else group = "Go: the rest"
		size[group] += $2
	}
	END { for (g in size) printf "| %s | %d |\n", g, size[g] / 1024 }' | sort -t '|' -k 3 -n -r
