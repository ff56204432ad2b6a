#!/usr/bin/env bash
# Builds the documentation of the public modules with docc; a warning is an error.   docs.sh OUTPUT
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.build/docs}
scratch=$(dirname "$out")
mkdir -p "$out"
rm -rf "$out/graphs" "$scratch"/*/symbolgraph
# SwiftPM also tries its own synthesized test runners, which have no graph; any other failure counts.
if ! swift package --scratch-path "$scratch" dump-symbol-graph --minimum-access-level public --skip-synthesized-members >"$out/symbols.log" 2>&1; then
  if grep 'error:' "$out/symbols.log" | grep -vq "'[a-z]*Package[A-Za-z]*Tests'"; then
    grep 'error:' "$out/symbols.log" >&2
    exit 1
  fi
fi
graphs=$(find "$scratch" -type d -name symbolgraph | head -1)
for module in Causeway CausewaySimulation; do
  [ -e "$graphs/$module.symbols.json" ] || { echo "no symbol graph of $module; see $out/symbols.log" >&2; exit 1; }
  mkdir -p "$out/graphs/$module"
  cp "$graphs/$module.symbols.json" "$out/graphs/$module/"
  catalog=()
  [ -d "Sources/$module/$module.docc" ] && catalog=("Sources/$module/$module.docc")
  docc convert "${catalog[@]}" --additional-symbol-graph-dir "$out/graphs/$module" --output-path "$out/$module.doccarchive" \
    --fallback-display-name "$module" --fallback-bundle-identifier "org.causeway.$module" --warnings-as-errors
  echo "documentation: $out/$module.doccarchive"
done
