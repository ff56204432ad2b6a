#!/usr/bin/env bash
# Prints the folder of the foreign peers: CAUSEWAY_PEERS, else Tests/Peers if `make peers` has built them there, else the shared ones.
set -euo pipefail
cd "$(dirname "$0")/.."
built=$PWD/Tests/Peers
if [ -n "${CAUSEWAY_PEERS:-}" ]; then
  echo "$CAUSEWAY_PEERS"
elif [ -x "$built/go/bin/go-peer-linux-amd64" ] && [ -e "$built/js/dist/node-peer.mjs" ]; then
  echo "$built"
else
  echo "${CAUSEWAY_SHARED:-../shared}/peers"
fi
