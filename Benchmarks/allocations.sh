#!/usr/bin/env bash
# What usual work costs: allocations, each with its bound, and processor time.   allocations.sh [--check] [WORDS OF A WORK'S NAME]
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --product AllocationBench >&2
.build/release/AllocationBench "$@"
