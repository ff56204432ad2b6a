#!/usr/bin/env bash
# Scripts/build-web.sh [BUILD_DIR]: the browser's package in Web/dist: module, JavaScript, types, pages and licences; prints their sizes.
# The JavaScript is there three times: causeway.js with its source map, causeway.readable.js, and causeway.global.js, which is no module.
# CAUSEWAY_SIZE_LIMIT=BYTES makes it fail when module and JavaScript, each by gzip -9, are bigger together.
# esbuild makes one file of Web/causeway.js and what it imports.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath -m "${1:-$here/.build/wasm}")
out=$here/Web/dist
command -v esbuild >/dev/null || { echo 'build-web: esbuild is not installed (Scripts/install.sh web)' >&2; exit 1; }
"$here/Scripts/boundary.py" --check || { echo 'build-web: Scripts/boundary.py makes them again' >&2; exit 1; }
"$here/Scripts/build-wasm.sh" "$build"

rm -rf "$out"
mkdir -p "$out"
cp "$build/causeway.wasm" "$here"/Web/{causeway.d.ts,package.json,README.md,NOTICE} "$here"/LICENSE{,-MIT,-APACHE} "$out"
# Numbers first, then names: esbuild finds shorter names for one file than for what it has yet to join.
flags=(--log-level=warning --format=esm --target=es2022 --legal-comments=none)
# Loaded when a page asks for it; the name is as it lies in the package.
later='--external:*/causeway.more.js'
esbuild "${flags[@]}" --bundle "$later" --minify-syntax --sourcemap=inline "$here/Web/causeway.js" --outfile="$out/causeway.joined.js"
esbuild "${flags[@]}" --minify --sourcemap "$out/causeway.joined.js" --outfile="$out/causeway.js"
rm "$out/causeway.joined.js"
esbuild "${flags[@]}" --bundle "$later" "$here/Web/causeway.js" --outfile="$out/causeway.readable.js"
esbuild "${flags[@]}" --format=iife --global-name=causeway --bundle "$later" --minify "$here/Web/causeway.js" --outfile="$out/causeway.global.js"
esbuild "${flags[@]}" --bundle "$later" --minify "$here/Web/causeway.more.js" --outfile="$out/causeway.more.js"
[ ! -d "$here/Web/pages" ] || cp -r "$here/Web/pages/." "$out"

# The module holds code of AWS-LC, whose licence goes with it.
pin=$(sed -n 's/.*--hash=sha256:\(.\{16\}\).*/\1/p' "$here/Scripts/crypto.txt")
for cache in "${XDG_CACHE_HOME:-$HOME/.cache}/causeway" "$build/cache"; do
  source=$cache/aws-lc-$pin
  [ ! -f "$source/LICENSE" ] || break
done
cp "$source/LICENSE" "$out/LICENSE-AWS-LC"
cp "$source/NOTICE" "$out/NOTICE-AWS-LC"

total=0
for file in causeway.wasm causeway.js; do
  small=$(gzip -9c "$out/$file" | wc -c)
  total=$((total + small))
  printf '%-14s %7d bytes, gzip -9 %7d\n' "$file" "$(wc -c <"$out/$file")" "$small"
done
printf '%-14s               gzip -9 %7d\n' together $total
if [ -n "${CAUSEWAY_SIZE_LIMIT:-}" ] && [ $total -gt "$CAUSEWAY_SIZE_LIMIT" ]; then
  echo "build-web: more than $CAUSEWAY_SIZE_LIMIT bytes" >&2
  exit 1
fi
