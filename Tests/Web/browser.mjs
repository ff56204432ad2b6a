// The package in a page.   browser.mjs DIST TESTPEER BROWSER      BROWSER: chromium, firefox-esr, or another of these two kinds
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { Peer } from './peer.mjs'

const [dist, testpeer, browser] = process.argv.slice(2)
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' }
let passed = 0, failed = 0, end
const ended = new Promise((resolve) => { end = resolve })

const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    let line = ''
    for await (const chunk of request) line += chunk
    response.end()
    if (line === 'end') return end()
    line.startsWith('ok') ? passed += 1 : failed += 1
    return console.log(line)
  }
  const name = basename(new URL(request.url, 'http://localhost').pathname)
  try {
    const body = await readFile(name === 'page.html' ? new URL(name, import.meta.url) : join(dist, name))
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(body)
  } catch { response.writeHead(404).end() }
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

const relay = await Peer.start([testpeer], { listen: ['/ip4/127.0.0.1/tcp/0/ws'], relay: { limited: false }, pubsub: { enabled: true } })
const profile = await mkdtemp(join(tmpdir(), 'causeway-'))
const page = `http://127.0.0.1:${server.address().port}/page.html?relay=${encodeURIComponent(relay.addresses[0])}`
const flags = /firefox/.test(browser) ? ['--headless', '--no-remote', '--profile', profile, page]
  : ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, page]
// A browser is several processes: they are ended as a group.
const child = spawn(browser, flags, { stdio: 'ignore', detached: true })
const late = setTimeout(() => {
  console.log(`FAIL  ${browser}: not done in 90 s`)
  failed += 1
  end()
}, 90_000)
await ended
clearTimeout(late)
process.kill(-child.pid, 'SIGKILL')
await relay.stop()
await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
