#!/usr/bin/env bash
# Builds the documentation of the public modules with docc; a warning is an error.   docs.sh OUTPUT
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.build/docs}
scratch=$(dirname "$out")
mkdir -p "$out"
swift package --scratch-path "$scratch" dump-symbol-graph --minimum-access-level public --skip-synthesized-members >"$out/symbols.log" 2>&1 ||
  { cat "$out/symbols.log" >&2; exit 1; }
graphs=$(find "$scratch" -type d -name symbolgraph | head -1)
rm -rf "$out/graphs"
mkdir -p "$out/graphs"
cp "$graphs"/Causeway.symbols.json "$graphs"/Causeway@*.symbols.json "$out/graphs/" 2>/dev/null || cp "$graphs"/Causeway.symbols.json "$out/graphs/"
docc convert Sources/Causeway/Causeway.docc --additional-symbol-graph-dir "$out/graphs" --output-path "$out/Causeway.doccarchive" \
  --fallback-display-name Causeway --fallback-bundle-identifier org.causeway.Causeway --warnings-as-errors
echo "documentation: $out/Causeway.doccarchive"
