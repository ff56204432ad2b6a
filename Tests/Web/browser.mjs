// The package in a page.   browser.mjs DIST TESTPEER BROWSER [PAGE] [NAME=VALUE…] [--FLAG…]
//   BROWSER: chromium, firefox-esr, or another of these two kinds
//   PAGE: page.html, or another page beside this file; it is told the NAMEs, and `seconds` is how long it may take (90)
//   FLAGs are the browser's own
// The page posts a line for each case to /result and 'end' at the end. Relays are native test peers: posting a configuration to /relay
// starts one, posting {relay, cmd, …} to /call drives it; cmd `kill` ends it.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { Peer } from './peer.mjs'

const [dist, testpeer, browser, pageName = 'page.html', ...more] = process.argv.slice(2)
const isFirefox = /firefox/.test(browser), isFlag = (text) => text.startsWith('--')
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' }
let passed = 0, failed = 0, end
const ended = new Promise((resolve) => { end = resolve })
const relays = new Map()

async function startRelay(config) {
  const relay = await Peer.start([testpeer], { listen: ['/ip4/127.0.0.1/tcp/0/ws'], maxSeconds: 3600, ...config })
  relays.set(relay.id, relay)
  return { id: relay.id, address: relay.addresses[0] }
}

async function call({ relay, cmd, ...fields }) {
  if (cmd !== 'kill') return relays.get(relay).call(cmd, fields)
  await relays.get(relay).stop('SIGKILL')
  relays.delete(relay)
  return {}
}

const server = createServer(async (request, response) => {
  const name = basename(new URL(request.url, 'http://localhost').pathname)
  if (request.method === 'POST') {
    let body = ''
    for await (const chunk of request) body += chunk
    if (name !== 'result') {
      const answer = (name === 'relay' ? startRelay : call)(JSON.parse(body)).catch((error) => ({ error: String(error) }))
      return response.end(JSON.stringify(await answer))
    }
    response.end()
    if (body === 'end') return end()
    if (!body.startsWith('note')) body.startsWith('ok') ? passed += 1 : failed += 1
    return console.log(body)
  }
  try {
    const body = await readFile(name === pageName || name.endsWith('.mjs') ? new URL(name, import.meta.url) : join(dist, name))
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(body)
  } catch { response.writeHead(404).end() }
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

const first = await startRelay({ relay: { limited: false }, pubsub: { enabled: true } })
const profile = await mkdtemp(join(tmpdir(), 'causeway-'))
const query = new URLSearchParams([['relay', first.address], ['browser', isFirefox ? 'firefox' : 'chromium'],
  ...more.filter((one) => !isFlag(one)).map((one) => one.split('='))])
const page = `http://127.0.0.1:${server.address().port}/${pageName}?${query}`
// Of a machine with no network but itself: its own addresses, unhidden and the loopback one with them.
const preferences = {
  'media.peerconnection.ice.obfuscate_host_addresses': false, 'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.default_address_only': false, 'media.peerconnection.ice.no_host': false,
  'dom.min_background_timeout_value': 4, 'dom.disable_open_during_load': false,
}
await writeFile(join(profile, 'user.js'),
  Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});\n`).join(''))
const flags = isFirefox ? ['--headless', '--no-remote', '--profile', profile, ...more.filter(isFlag), page]
  : ['--headless=new', '--no-sandbox', '--disable-gpu', '--allow-loopback-in-peer-connection', '--enable-precise-memory-info',
    '--disable-features=WebRtcHideLocalIpsWithMdns', '--js-flags=--expose-gc', '--disable-background-timer-throttling',
    '--disable-popup-blocking', `--user-data-dir=${profile}`, ...more.filter(isFlag), page]
// A browser is several processes: they are ended as a group.
const child = spawn(browser, flags, { stdio: process.env.PEER_LOG ? 'inherit' : 'ignore', detached: true })
const seconds = Number(query.get('seconds') ?? 90)
const late = setTimeout(() => {
  console.log(`FAIL  ${browser}: not done in ${seconds} s`)
  failed += 1
  end()
}, seconds * 1000)
await ended
clearTimeout(late)
process.kill(-child.pid, 'SIGKILL')
await Promise.all([...relays.values()].map((relay) => relay.stop()))
await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
