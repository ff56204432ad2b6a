#!/usr/bin/env bash
# The speed table: our peer beside the go peer in one run. Ratios count, never the time.   run.sh PROGRAM PEERS [measure.py's options]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1 peers=$2
shift 2
[ -e "$peers/measure.py" ] || { echo "SKIPPED bench: no peers in $peers (CAUSEWAY_PEERS says where they are)"; exit 0; }
options=("$@")
[ ${#options[@]} -gt 0 ] || options=(--only stream-tcp,stream-tcp-down,stream-ws,relay,connects,idle,gossip,latency --runs 3)
table=$(python3 "$peers/measure.py" --us "$program" --with go "${options[@]}") || status=$?
echo "$table"
{
  echo "# Results"
  echo
  echo "Our peer (\`causeway-testpeer\`) beside the go peer, both release builds, interleaved in one run: medians (range). Only the ratio in the last column means anything."
  echo
  echo "- Date: $(date -u +%Y-%m-%d). Source: $(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)."
  echo "- Machine: $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r)."
  echo "- Method: \`make bench\`, that is \`measure.py --us … --with go ${options[*]}\`. CPU time and memory are read from /proc."
  echo
  echo "$table"
} >"$here/RESULTS.md"
exit "${status:-0}"
