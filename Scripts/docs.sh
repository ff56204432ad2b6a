#!/usr/bin/env bash
# Builds the documentation of the public modules with docc; a warning is an error.   docs.sh OUTPUT
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.build/docs}
scratch=$(dirname "$out")
rm -rf "$out/graphs"
mkdir -p "$out"
swift build --scratch-path "$scratch" >"$out/build.log" 2>&1 || { grep 'error:' "$out/build.log" >&2; exit 1; }
target=$(swiftc -print-target-info | sed -n 's/.*"triple": "\(.*\)".*/\1/p' | head -1)
maps=()
for map in Sources/*/include/module.modulemap Sources/System/*/module.modulemap; do maps+=(-Xcc "-fmodule-map-file=$map"); done
for module in Causeway CausewaySimulation; do
  mkdir -p "$out/graphs/$module"
  # The API re-exports values of the core. They are documented as its own.
  swift symbolgraph-extract -module-name "$module" -target "$target" -I "$(swift build --scratch-path "$scratch" --show-bin-path)/Modules" \
    "${maps[@]}" -minimum-access-level public -skip-synthesized-members \
    -experimental-allowed-reexported-modules=CausewayConnection,CausewayNode,CausewayRuntime -output-dir "$out/graphs/$module"
  catalog=()
  [ -d "Sources/$module/$module.docc" ] && catalog=("Sources/$module/$module.docc")
  docc convert "${catalog[@]}" --additional-symbol-graph-dir "$out/graphs/$module" --output-path "$out/$module.doccarchive" \
    --fallback-display-name "$module" --fallback-bundle-identifier "org.causeway.$module" --warnings-as-errors
  echo "documentation: $out/$module.doccarchive"
done
