#!/bin/bash
# Fuzz/run.sh TARGET [SECONDS]   fuzzes one codec (Fuzz/run.sh alone lists them); new inputs go to .build/fuzz/corpus/TARGET
# Fuzz/run.sh --smoke [SECONDS]  builds all and runs each over its corpus and for 5 seconds; --all: for 60
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${FUZZ_BUILD:-$here/.build/fuzz}
# A crash would hang in the backtracer.
export SWIFT_BACKTRACE=enable=no
names=$(ls "$here/Sources")

build() {
  # Release, so that it is quick, with the internals open, and with arithmetic still checked; the library is instrumented, too.
  swift build --package-path "$here" --scratch-path "$build/spm" -c release -Xswiftc -enable-testing \
    -Xswiftc -sanitize=fuzzer,address "$@" >&2
}

run() {
  local name=$1 seconds=$2
  local corpus=$build/corpus/$name
  mkdir -p "$corpus" "$here/Corpus/$name" "$build/crashes"
  "$build/spm/release/Fuzz$name" "$corpus" "$here/Corpus/$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=16384 \
    -print_final_stats=0 -verbosity=0 -artifact_prefix="$build/crashes/$name-"
}

report() {
  if run "$1" "$2" >"$build/$1.log" 2>&1; then echo "fuzz $1: passed"
  else
    echo "fuzz $1: FAILED"
    tail -n 40 "$build/$1.log"
    return 1
  fi
}

case ${1:-} in
'') echo "targets: $(echo $names)" ;;
--smoke | --all)
  seconds=5
  [ "$1" = --smoke ] || seconds=60
  build
  failed=0
  # As many at a time as there are cores: each takes its time, whatever the others do.
  for name in $names; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || failed=$((failed + 1)); done
    report "$name" "${2:-$seconds}" &
  done
  while [ -n "$(jobs -p)" ]; do wait -n || failed=$((failed + 1)); done
  total=$(echo "$names" | wc -w)
  echo "$((total - failed)) passed, $failed failed"
  [ "$failed" = 0 ]
  ;;
*)
  [ -d "$here/Sources/$1" ] || { echo "no target $1; there are: $(echo $names)" >&2; exit 2; }
  build --product "Fuzz$1"
  run "$1" "${2:-60}"
  ;;
esac
