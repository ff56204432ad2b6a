// "Check my connection" in the chat page, with relays that do not all work, behind servers that do not let all through.
//   chat-check.mjs CAUSEWAY DIST [--shots DIR]
// CAUSEWAY: the command; DIST: Web/dist; with --shots pictures of the panel are put into DIR.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, close, equal, test } from './cases.mjs'
import { checked, misfits, openTalk, ready, unnamed, untilPath } from './chat-flow.mjs'
import { Shots, desktop, phone } from './chat-shots.mjs'
import { Chromium } from './chromium.mjs'
import { pause } from './page.mjs'

const [causeway, dist, ...options] = process.argv.slice(2)
const option = (name) => options.includes(name) ? options[options.indexOf(name) + 1] : undefined
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))
const relays = []

async function startRelay({ udp = 2, more = [] } = {}) {
  const port = 20000 + Math.floor(Math.random() * 20000)
  const direct = [port, port + 1].slice(0, udp).map((one) => `/ip4/127.0.0.1/udp/${one}/webrtc-direct`)
  const listen = [`/ip4/127.0.0.1/tcp/${port}/ws`, ...direct].flatMap((one) => ['--listen', one])
  const relay = spawn(causeway, ['relay', ...listen, '--key', join(folder, `key-${port}`), '--pages', dist,
    '--topic', 'universal-connectivity', '--topic', 'universal-connectivity-file', ...more], { stdio: 'ignore' })
  relays.push(relay)
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/chat.html`).then((answer) => answer.ok, () => false)) return { port, relay }
    await pause(100)
  }
  throw new Error('the relay does not answer')
}

const loginPage = '<!doctype html><title>Welcome to our hotel</title>'

/** A server between a page and the relay, which `set` changes: `clock` in seconds, `sockets: false`, `login: true`. */
async function startServer(relayPort) {
  const set = {}
  const server = createServer((incoming, answer) => {
    if (set.login) return answer.writeHead(200, { 'content-type': 'text/html' }).end(loginPage)
    const headers = { ...incoming.headers, host: `127.0.0.1:${relayPort}` }
    const asked = request({ host: '127.0.0.1', port: relayPort, path: incoming.url, headers })
    asked.on('response', async (response) => {
      let body = Buffer.concat(await response.toArray())
      const date = new Date(Date.parse(response.headers.date) + (set.clock ?? 0) * 1000).toUTCString()
      // The relay is to be reached through this server alone.
      if (incoming.url === '/status.json') body = JSON.stringify({ ...JSON.parse(body), addresses: [] })
      answer.writeHead(response.statusCode, { ...response.headers, date, 'content-length': Buffer.byteLength(body) }).end(body)
    })
    asked.on('error', () => answer.destroy())
    asked.end()
  })
  server.on('upgrade', (incoming, socket) => {
    if (set.sockets === false || set.login) return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    const other = connect(relayPort, '127.0.0.1')
    const fields = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    other.write(`GET ${incoming.url} HTTP/1.1\r\n${fields}\r\n`)
    for (const [one, two] of [[socket, other], [other, socket]]) one.pipe(two).on('error', () => one.destroy())
    set.end = () => { socket.destroy() }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { set, url: `http://127.0.0.1:${server.address().port}/chat.html`, end: () => server.close() }
}

const closePanel = (page) => page.click('#check [data-close]')

const browser = await Chromium.start()
const shots = new Shots(option('--shots'))
const { port, relay } = await startRelay()
const url = `http://127.0.0.1:${port}/chat.html`
const a = await browser.open(url)

await test('check: alone in one network, everything is found', async () => {
  await ready(a)
  const { finding, summary, text, lines } = await checked(a)
  equal([finding, summary], ['localOnly', 'orange'])
  check(/^Orange The relay is in this machine's own network/.test(text), text)
  const expected = [/IPv4 \| UDP: 2 of 2 servers answered, the fastest in [\d.]+\sms/, /Direct, WebSocket, ping [\d.]+\sms/,
    /WebSocket opens in [\d.]+\sms at \/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws/, /causeway\/\d/,
    /place granted; each circuit may have 128\sKiB and 120\ss/,
    /51[012] of 512 places are free/, /Clock \| agrees with the relay's/, /People \| 0 connected/, /Took \| [\d.]+\sms/]
  for (const one of expected) check(one.test(lines), `${one} in ${lines}`)
  await shots.take(a, 'check-orange')
  equal(await unnamed(a), [])
  await a.click('#check-facts summary')
  await shots.take(a, 'check-facts')
  await a.look(phone)
  equal(await misfits(a), [])
  await a.look(desktop)
  await closePanel(a)
})

await test('check: by the keyboard alone, and Escape closes it', async () => {
  if (!await a.evaluate('document.body.hasAttribute("data-node")')) await a.click('#state')
  await a.focus('#open-check')
  await a.press('Enter')
  await a.until('document.querySelector("#check").open && document.querySelector("#check-verdict").dataset.summary')
  check(await a.evaluate('document.activeElement.id === "check-title"'), 'the focus is in the panel')
  await a.tabTo('#check-facts summary', 10)
  await a.press('Escape')
  await a.until('!document.querySelector("#check").open')
})

const b = await browser.open(url)
await test('check: what is seen to work is green, and so is a direct peer', async () => {
  await ready(b)
  await untilPath(a, b, 'direct')
  equal((await checked(a)).finding, 'directSeen')
  await shots.take(a, 'check-green')
  await closePanel(a)
  await openTalk(a, b)
  const { finding, lines } = await checked(a, '#act-check')
  equal(finding, 'peerDirect')
  check(/Peer \| \w+, Direct, WebRTC \| causeway-chat/.test(lines), lines)
  await closePanel(a)
})

// A page that offers no address of its own, as where nothing by UDP gets out.
const walled = `{
  const { RTCPeerConnection: Free } = globalThis
  globalThis.RTCPeerConnection = class extends Free { constructor(one) { super({ ...one, iceTransportPolicy: 'relay' }) } }
}`
await test('check: where no UDP comes back, and why a peer is not direct', async () => {
  const c = await browser.open(url, { before: walled })
  await ready(c)
  const { finding, summary, lines } = await checked(c)
  equal([finding, summary], ['udpBlocked', 'orange'])
  check(/UDP: 0 of 2 servers answered/.test(lines), lines)
  await closePanel(c)
  await untilPath(a, c, 'relayed')
  await openTalk(c, a)
  equal((await checked(c, '#act-check')).finding, 'peerBlockedHere')
  await closePanel(c)
  await openTalk(a, c)
  // As soon as an attempt has ended, or within five seconds.
  const told = await checked(a, '#act-check')
  check(/^(peerNamesNoAddress|peerStillRelayed)$/.test(told.finding), told.finding)
  await closePanel(a)
  await a.until('document.querySelector("#peer-failure").textContent', { seconds: 45 })
  const last = await checked(a, '#act-check')
  check(/^peer(NamesNoAddress|StillRelayed|Blocked)$/.test(last.finding), last.finding)
  check(/Peer \| \w+, Relayed through \w+/.test(last.lines), last.lines)
  await shots.take(a, 'check-peer')
  await c.close()
}, 90_000)

await test('check: a browser without WebRTC', async () => {
  const page = await browser.open(url, { before: 'delete globalThis.RTCPeerConnection' })
  await ready(page)
  equal((await checked(page)).finding, 'noWebRTC')
  await page.close()
})

await test('check: a relay that tells nothing of UDP', async () => {
  const { port } = await startRelay({ udp: 0 }), page = await browser.open(`http://127.0.0.1:${port}/chat.html`)
  await ready(page)
  equal((await checked(page)).finding, 'udpUnasked')
  await page.close()
})

await test('check: a relay without a free place', async () => {
  const { port } = await startRelay({ more: ['--reservations', '1'] }), full = `http://127.0.0.1:${port}/chat.html`
  const first = await browser.open(full)
  await ready(first)
  const page = await browser.open(full)
  await page.until('/gives no place/.test(document.querySelector("#state-text").textContent)', { seconds: 20 })
  const { finding, summary, text, lines } = await checked(page)
  equal([finding, summary], ['noPlace', 'red'])
  check(/no place \(.*room/.test(text), text)
  check(/no place \| 0 of 1 places are free/.test(lines), lines)
  for (const one of [first, page]) await one.close()
}, 60_000)

const server = await startServer(port)
await test('check: a clock that is wrong', async () => {
  server.set.clock = -3 * 3600 - 61
  const page = await browser.open(server.url)
  await ready(page)
  const { finding, summary, text, lines } = await checked(page)
  equal([finding, summary], ['clockWrong', 'orange'])
  check(/differ by 3\sh 1\smin\. Set this machine’s clock/.test(text), text)
  check(/Clock \| 3\sh 1\smin ahead of the relay's/.test(lines), lines)
  await page.close()
  server.set.clock = 0
})

await test('check: a network that lets no WebSockets through, and one with a log-in page', async () => {
  server.set.sockets = false
  const page = await browser.open(server.url)
  await page.until('document.querySelector("#state").dataset.state === "connecting"', { seconds: 20 })
  const blocked = await checked(page)
  equal([blocked.finding, blocked.summary], ['relayUnreachable', 'red'])
  check(/no WebSocket opens: a proxy or a firewall lets none through/.test(blocked.text), blocked.text)
  await shots.take(page, 'check-red')
  await closePanel(page)
  server.set.login = true
  const caught = await checked(page)
  check(/^Red No relay can be reached\. Something else answers in its place, such as the log-in page/.test(caught.text), caught.text)
  Object.assign(server.set, { sockets: true, login: false })
  await page.close()
}, 60_000)

await test('check: the relay is gone, and people stay', async () => {
  relay.kill('SIGKILL')
  await a.until('document.querySelector("#state").dataset.state === "recovering"', { seconds: 20 })
  const { finding, text, lines } = await checked(a)
  equal(finding, 'relayUnreachable')
  check(/Nothing answers at its address/.test(text), text)
  check(/its server does not answer/.test(lines) && /People \| 1 connected, 1 of/.test(lines), lines)
  await closePanel(a)
}, 60_000)

await test('check: the page complained of nothing else', () => {
  const known = /WebSocket|ERR_CONNECTION_REFUSED|can.t establish a connection|ICE failed/
  equal([...a.errors, ...b.errors].filter((one) => !known.test(one)), [])
})

await browser.close()
server.end()
for (const one of relays) one.kill('SIGKILL')
await rm(folder, { recursive: true, force: true })
close()
