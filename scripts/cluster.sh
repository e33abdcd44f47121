#!/usr/bin/env bash
# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
#
# Starts three nodes on this machine and stops them at Ctrl-C. "make cluster" builds
# the programs first. The nodes gossip on 127.0.0.1:9999 to 10001, serve gRPC on localhost:6262,
# 6272 and 6282, and the status page, probes and metrics on localhost:6263, 6273 and 6283.
# TAMTAM_CLUSTER_PORT, TAMTAM_CLUSTER_RPC and TAMTAM_CLUSTER_HTTP change the first of each.
set -euo pipefail
cd "$(dirname "$0")/.."

gossip=${TAMTAM_CLUSTER_PORT:-9999}
rpc=${TAMTAM_CLUSTER_RPC:-6262}
http=${TAMTAM_CLUSTER_HTTP:-}
step=10 # between the TCP ports of two nodes
logs=$(mktemp -d)
pids=()

# Settings for another daemon must not affect these.
for name in $(env | sed -n 's/^\(TAMTAM_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
echo '{}' >"$logs/config.yaml"

stop() {
	trap - EXIT INT TERM
	((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
	wait || true
	rm -rf "$logs"
}
trap stop EXIT
trap 'echo; echo "stopping"; exit 0' INT TERM

fail() {
	echo "cluster: $1" >&2
	exit 1
}

# number SETTING VALUE: fails unless the value is a port, with twenty more after it.
number() {
	[[ $2 =~ ^[1-9][0-9]{0,4}$ && $2 -le 65515 ]] || fail "invalid value \"$2\" for $1: want a port, 1 to 65515"
}
number TAMTAM_CLUSTER_PORT "$gossip"
number TAMTAM_CLUSTER_RPC "$rpc"
http=${http:-$((rpc + 1))}
number TAMTAM_CLUSTER_HTTP "$http"

# ended NODE: fails with the node's last log line, and the setting that changes a taken port.
ended() {
	local line hint=
	line=$(tail -n 1 "$logs/$1")
	case $line in
	*"give another --port"*) hint="; set TAMTAM_CLUSTER_PORT to another first port than $gossip" ;;
	*"give another --rpc"*) hint="; set TAMTAM_CLUSTER_RPC to another first port than $rpc" ;;
	*"give another --http"*) hint="; set TAMTAM_CLUSTER_HTTP to another first port than $http" ;;
	esac
	fail "node $(($1 + 1)) has ended: $line$hint"
}

# Fails if any node has ended.
check() {
	local n
	for n in 0 1 2; do
		kill -0 "${pids[$n]}" 2>/dev/null || ended "$n"
	done
}

# free PORT SETTING VALUE: fails if something listens. Otherwise another daemon there could be taken for
# one of these.
free() {
	if (exec 3<>"/dev/tcp/localhost/$1") 2>/dev/null; then
		fail "port $1 is taken by another process; set $2 to another first port than $3"
	fi
}

for i in 0 1 2; do
	free $((rpc + step * i)) TAMTAM_CLUSTER_RPC "$rpc"
	free $((http + step * i)) TAMTAM_CLUSTER_HTTP "$http"
done
for i in 0 1 2; do
	./bin/tamtamd --config "$logs/config.yaml" --bind 127.0.0.1 --port $((gossip + i)) \
		--name "node-$((i + 1))" --rpc "localhost:$((rpc + step * i))" --http "localhost:$((http + step * i))" \
		--join "127.0.0.1:$gossip" --nobanner 2>"$logs/$i" &
	pids+=($!)
done

# Ready means: all three serve, and each sees three members alive. That takes a fraction of a
# second; the limit of a minute is for the slowest machine.
for i in 0 1 2; do
	for ((try = 0; ; try++)); do
		check # all: another node may be the cause
		alive=$(./bin/tamtamctl --config "$logs/config.yaml" --rpc "localhost:$((rpc + step * i))" healthy 2>/dev/null | grep -c ' ALIVE ' || true)
		((alive == 3)) && break
		((try < 300)) || fail "node $((i + 1)) does not see three members: $(tail -n 1 "$logs/$i")"
		sleep 0.2
	done
done

cat <<EOF
Three nodes are up, and each sees the others:

  node 1  gossip 127.0.0.1:$gossip  gRPC localhost:$rpc  page http://localhost:$http/
  node 2  gossip 127.0.0.1:$((gossip + 1))  gRPC localhost:$((rpc + step))  page http://localhost:$((http + step))/
  node 3  gossip 127.0.0.1:$((gossip + 2))  gRPC localhost:$((rpc + 2 * step))  page http://localhost:$((http + 2 * step))/

In another terminal:

  ./bin/tamtamctl$( ((rpc == 6262)) || echo " --rpc localhost:$rpc") nodes
  ./bin/tamtamctl --rpc localhost:$((rpc + 2 * step)) stream     # on node 3
  ./bin/tamtamctl$( ((rpc == 6262)) || echo " --rpc localhost:$rpc") broadcast hello

Ctrl-C stops them.
EOF

# A node may leave, as the README has one do; if one ends in another way, end the others. "wait
# -n" would do, but the bash of macOS does not have it.
left=(no no no)
while [[ ${left[*]} == *no* ]]; do
	for n in 0 1 2; do
		[[ ${left[$n]} == no ]] || continue
		kill -0 "${pids[$n]}" 2>/dev/null && continue
		code=0
		wait "${pids[$n]}" || code=$?
		((code == 3)) || ended "$n"
		left[$n]=yes
		echo "node $((n + 1)) has left"
	done
	sleep 0.5
done
echo "all nodes have left"
