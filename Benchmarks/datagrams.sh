#!/usr/bin/env bash
# What the datagram sockets move in a second of CPU time, with and without batches.   datagrams.sh [SECONDS [BYTES]]
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --scratch-path .build/optimised --product DatagramBench >&2
.build/optimised/release/DatagramBench "$@"
