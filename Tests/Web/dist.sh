#!/bin/bash
# Tests/Web/dist.sh: the archive of Web/dist (Scripts/dist.sh): two have the same bytes, and what is in it works by itself.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$here/Scripts/dist.sh" "$folder/one"
"$here/Scripts/dist.sh" "$folder/two" >/dev/null
cmp "$folder"/one/*.tar.gz "$folder"/two/*.tar.gz
mkdir -p "$folder/node_modules/causeway"
tar -xzf "$folder"/one/*.tar.gz --strip-components=1 -C "$folder/node_modules/causeway"
for name in examples/board.html causeway.js.map causeway.global.js causeway.more.js LICENSE NOTICE-AWS-LC; do
  [ -s "$folder/node_modules/causeway/$name" ] || { echo "FAIL  $name is missing"; exit 1; }
done
[ -z "$(find "$folder/node_modules" -name 'testpeer*' -o -name 'chat*')" ] || { echo 'FAIL  what is no part of the package is in it'; exit 1; }
cat >"$folder/app.mjs" <<'END'
import { createNode } from 'causeway'
const node = await createNode()
console.log(`ok    a node of the archive: ${node.peerId}`)
await node.stop()
END
node --no-warnings --experimental-websocket "$folder/app.mjs"
