#!/bin/bash
# Tests/Wasm/run.sh [BUILD_DIR]: the vectors and the self-tests in the module that Scripts/build-wasm.sh put there, by node.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command -v node >/dev/null || { echo 'Tests/Wasm: node is missing (apt-get install nodejs)' >&2; exit 1; }
exec node "$here/run.mjs" "${1:-$here/../../.build/wasm}/self-test.wasm"
