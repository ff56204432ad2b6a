#!/bin/bash
# Tests/Web/run.sh TESTPEER [PEERS]: the package in Web/dist (Scripts/build-web.sh): its types by tsc, the rest by node.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist=$here/../../Web/dist
node --experimental-websocket -e 0 2>/dev/null || { echo 'Tests/Web: node 20 or newer is needed, with its WebSocket' >&2; exit 1; }
if command -v tsc >/dev/null; then
  tsc --noEmit --strict --target es2022 --module es2022 --moduleResolution node --lib es2022,dom,dom.iterable "$here/example.ts"
  echo 'ok    types'
fi
node --no-warnings "$here/chat-text.mjs"
node --no-warnings "$here/chat-codec.mjs"
node --no-warnings "$here/chat-words.mjs"
node --no-warnings "$here/chat-check-words.mjs"
node --no-warnings "$here/qr-code.mjs"
node --no-warnings "$here/status-words.mjs"
node --no-warnings "$here/words.mjs"
node --no-warnings "$here/sequence.mjs"
exec node --no-warnings --experimental-websocket "$here/run.mjs" "$dist" "$@"
