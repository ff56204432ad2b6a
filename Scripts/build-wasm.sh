#!/bin/bash
# Scripts/build-wasm.sh [BUILD_DIR]: builds BUILD_DIR/causeway.wasm, the node for the browser, and BUILD_DIR/self-test.wasm, the core with
# its self-tests, which nobody ships. BUILD_DIR is .build/wasm by default. causeway.names.wasm is the first with the functions' names.
# Needs the Swift toolchain (its clang and wasm-ld are all the C tools there are), python3 with pip, and wasm-opt
# (Debian: binaryen). No wasm SDK, no libc, no headers of one.
# The crypto's source is kept in $XDG_CACHE_HOME/causeway; AWSCRT_SDIST=FILE takes its package from there instead of fetching it.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath -m "${1:-$here/.build/wasm}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/causeway

missing=0
need() {
  command -v "$1" >/dev/null && return
  echo "build-wasm: $1 is missing ($2)" >&2
  missing=1
}
need swiftc 'the Swift toolchain'
need python3 'apt-get install python3'
need wasm-opt 'apt-get install binaryen, brew install binaryen'
[ $missing = 0 ] || exit 1
swiftc=$(command -v swiftc)
toolchain=$(dirname "$(dirname "$(readlink -f "$swiftc")")")
unicode=$toolchain/lib/swift/embedded/wasm32-unknown-none-wasm/libswiftUnicodeDataTables.a
if [ ! -f "$unicode" ]; then
  unicode=$(dirname "$(dirname "$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')")")/lib/swift/embedded/wasm32-unknown-none-wasm/libswiftUnicodeDataTables.a
fi
[ -f "$unicode" ] || { echo "build-wasm: this Swift toolchain has no Embedded Swift for wasm32 ($unicode)" >&2; exit 1; }
mkdir -p "$build" 2>/dev/null || { echo "build-wasm: cannot write to $build" >&2; exit 1; }
mkdir -p "$cache" 2>/dev/null || { cache=$build/cache; mkdir -p "$cache"; }

# 1. AWS-LC's source out of a PyPI source package of fixed hash: fetched once, only what wasm.c includes is unpacked.
pin=$(sed -n 's/.*==\(.*\) --hash=sha256:\(.*\)/\2  awscrt-\1.tar.gz/p' "$here/Scripts/crypto.txt")
name=${pin#*  }
source=$cache/aws-lc-${pin:0:16}
if [ ! -f "$source/pin" ]; then
  # Unpacked beside the place and moved there whole, so that builds side by side and broken ones leave nothing half done.
  work=$(TMPDIR=$cache mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ -n "${AWSCRT_SDIST:-}" ]; then cp "$AWSCRT_SDIST" "$work/$name"
  else
    python3 -m pip --version >/dev/null 2>&1 || { echo 'build-wasm: pip is missing (apt-get install python3-pip)' >&2; exit 1; }
    python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary awscrt --require-hashes \
      -r "$here/Scripts/crypto.txt" -d "$work" || { echo "build-wasm: could not fetch $name; AWSCRT_SDIST=FILE names a copy" >&2; exit 1; }
  fi
  (cd "$work" && sha256sum --check --quiet <<<"$pin")
  inside=${name%.tar.gz}/crt/aws-lc
  files=()
  for f in LICENSE NOTICE include/openssl crypto/internal.h crypto/chacha crypto/poly1305 third_party/fiat \
    crypto/fipsmodule/{curve25519,sha,cpucap,digest,service_indicator,delocate.h}; do files+=("$inside/$f"); done
  tar xzf "$work/$name" -C "$work" --strip-components=2 "${files[@]}"
  echo "$pin" >"$work/aws-lc/pin"
  mv -T "$work/aws-lc" "$source" 2>/dev/null || [ -f "$source/pin" ]
fi

# 2. The C sources, small, but fast where bytes are encrypted (wasm.c says where; elsewhere it asks for small code itself).
mkdir -p "$build/objects" "$build/modules"
target=(-target wasm32-unknown-none-wasm)
c=(-ffreestanding -fno-builtin -fno-stack-protector -mbulk-memory)
for file in CCrypto/common CCrypto/wasm CWasmRT/wasmrt; do
  level=-Oz
  [ $file != CCrypto/wasm ] || level=-O2
  "$toolchain/bin/clang" "${target[@]}" "${c[@]}" $level -I "$source" -I "$source/include" -I "$here/Scripts/libc" \
    -I "$here"/Sources/CCrypto/include -I "$here"/Sources/CWasmRT/include \
    -c "$here/Sources/$file.c" -o "$build/objects/$(basename $file).o"
done

# 3. The Swift sources of a product as one module, in Embedded mode: what nobody calls goes, also what is public. That leaves the imports of
# each other without anything to bring, so modules without anything are what they find. The linker optimises everything once more (LTO).
# What it must not do is write out swift_retain at each of a thousand places (12 % of the module, 2 % of it by gzip). Neither inlining before
# that, nor rotating loops, specialising closures, moving releases or moving retains makes a module smaller by 2, 1, 0.4, 0.9 and 0.2 % by
# gzip. Functions of five instructions are merged, too, if they differ in constants only (1 %). Nothing here runs in parallel or is
# re-entered, so no access is checked for being exclusive.
swift=("${target[@]}" -swift-version 6 -parse-as-library -wmo -Osize -lto=llvm-full -enforce-exclusivity=unchecked
  -enable-experimental-feature Embedded -enable-experimental-feature Extern -Xfrontend -disable-stack-protector
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility
  -module-cache-path "$build/modules" -I "$build/modules" -I "$here/Sources/CCrypto/include" -I "$here/Sources/CWasmRT/include")
swift+=(-Xllvm -force-attribute=swift_retain:noinline -Xllvm -swiftmergefunc-threshold=5)
for pass in inline loop-rotate closure-specialize release-hoisting retain-sinking; do swift+=(-Xllvm "-sil-disable-pass=$pass"); done
: >"$build/modules/nothing.swift"
for module in CausewayIdentity CausewayConnection CausewayNode CausewayWebRTC CausewayTrace; do
  swiftc "${swift[@]}" -module-name $module -emit-module -o "$build/modules/$module.swiftmodule" "$build/modules/nothing.swift"
done
core=("$here"/Sources/{CausewayIdentity,CausewayConnection,CausewayNode})
link() { # NAME SOURCES...
  local name=$1 files
  shift
  mapfile -t files < <(find "$@" -name '*.swift' | LC_ALL=C sort)
  # A warning is an error, but for the one that the modules without anything bring about.
  swiftc "${swift[@]}" -module-name "$name" -c "${files[@]}" -o "$build/objects/$name.bc" 2>"$build/$name.log" &&
    ! grep ' warning: ' "$build/$name.log" | grep -v 'warning: public import of' || { cat "$build/$name.log" >&2; return 1; }
  # The linker's optimiser inlines only what makes code smaller, and computes nothing early on one way so that it is there on another (0.3 %).
  "$toolchain/bin/wasm-ld" "$build/objects/$name.bc" "$build"/objects/{common,wasm,wasmrt}.o "$unicode" -o "$build/$name.linked.wasm" \
    --no-entry --gc-sections --strip-debug --stack-first -z stack-size=1048576 --mllvm=-inline-threshold=0 --mllvm=-enable-pre=false
}
# Native peers alone use CausewayWebRTC; here it only shows that it keeps to the subset.
link CausewayWebSelfTest "${core[@]}" "$here/Sources/CausewayWebRTC" "$here/Tests/Trace" "$here/Sources/CausewayWebSelfTest" &
tests=$!
link CausewayWeb "${core[@]}" "$here/Sources/CausewayWeb"
wait $tests

# 4. Shrink. Debian's wasm-opt has to be told what every browser of these years knows. Twice over flat code takes off 1 % more than once;
# locals shared once more, at the end, 1.5 % by gzip. The lowest 1,024 bytes are the stack's end, which nothing addresses (--stack-first).
# In another order gzip finds 4.5 % more to share.
smallest=(--low-memory-unused --flatten --rereloop -Oz --flatten --rereloop -Oz --optimize-instructions --coalesce-locals --reorder-locals)
shrink() {
  wasm-opt "$@" --enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int --enable-mutable-globals \
    --enable-multivalue --enable-reference-types
}
shrink "$build/CausewayWeb.linked.wasm" "${smallest[@]}" -g -o "$build/causeway.names.wasm"
shrink "$build/causeway.names.wasm" --strip-debug --strip-producers --strip-target-features -o "$build/causeway.unordered.wasm"
python3 "$here/Scripts/wasm-order.py" "$build/causeway.unordered.wasm" "$build/causeway.wasm"
shrink "$build/CausewayWebSelfTest.linked.wasm" "${smallest[@]}" -o "$build/self-test.wasm"
python3 "$here/Scripts/wasm-sizes.py" "$build/causeway.names.wasm"
printf '%s: %d bytes, gzip -9 %d\n' "$build/causeway.wasm" "$(wc -c <"$build/causeway.wasm")" "$(gzip -9c "$build/causeway.wasm" | wc -c)"
