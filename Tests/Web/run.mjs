// The browser's package in node, which has a page's WebSocket by --experimental-websocket.
//   run.mjs DIST TESTPEER [PEERS]      PEERS: the folder of the go and js peers; their cases are left out without it
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { close } from './cases.mjs'
import { dnsaddr } from './dnsaddr.mjs'
import { habits } from './habits.mjs'
import { hostile } from './hostile.mjs'
import { local } from './local.mjs'
import { network } from './network.mjs'
import { packaged } from './package.mjs'
import { resumable } from './resumable.mjs'

const [dist, testpeer, peers = ''] = process.argv.slice(2)
const causeway = await import(pathToFileURL(`${dist}/causeway.js`))
await local(causeway)
await hostile(causeway)
await packaged(resolve(dist))
await habits(causeway, resolve(dist), testpeer)
await dnsaddr(causeway, testpeer)
await resumable(causeway, testpeer)
await network(causeway, {
  us: [testpeer],
  go: existsSync(`${peers}/go/bin/go-peer-linux-amd64`) && [`${peers}/go/bin/go-peer-linux-amd64`],
  js: existsSync(`${peers}/js/dist/node-peer.mjs`) && [process.execPath, `${peers}/js/dist/node-peer.mjs`],
})
close()
