#!/usr/bin/env bash
# The toolchain's formatter over every Swift file.   format.sh: rewrites      format.sh --check: only tells
set -euo pipefail
cd "$(dirname "$0")/.."
folders=()
for folder in Sources Tests Examples Benchmarks Fuzz; do [ -d "$folder" ] && folders+=("$folder"); done
if [ "${1:-}" = --check ]; then
  swift format lint --strict --parallel --recursive "${folders[@]}" Package.swift
else
  swift format --in-place --parallel --recursive "${folders[@]}" Package.swift
fi
