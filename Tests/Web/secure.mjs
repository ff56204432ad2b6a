// Pages served over https that know a relay by nothing but its /webrtc-direct address.   secure.mjs DIST TESTPEER [firefox-esr [IP]]
//   IP: of this machine, 127.0.0.1; Firefox dials no servers there by WebRTC, so it needs another one (apart.sh)
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { check, close, equal, test } from './cases.mjs'
import { ready } from './chat-flow.mjs'
import { Chromium } from './chromium.mjs'
import { Firefox } from './firefox.mjs'
import { Peer } from './peer.mjs'

const [dist, testpeer, kind = 'chromium', ip = '127.0.0.1'] = process.argv.slice(2)
const ECHO = '/causeway-test/echo/1.0.0'
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))

/** A server with a certificate that nobody vouches for; the browser is told to take it. */
async function serve() {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${ip}`, '-addext', `subjectAltName=IP:${ip}`, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.css': 'text/css', '.html': 'text/html' }
  const server = createServer({ key: await readFile(key), cert: await readFile(cert) }, async ({ url }, response) => {
    const name = basename(new URL(url, 'https://x').pathname)
    try {
      const body = name === 'empty.html' ? '<!doctype html><title>empty</title>' : await readFile(join(dist, name))
      response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(body)
    } catch { response.writeHead(404).end() }
  }).listen(0, ip)
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

const server = await serve()
const home = `https://${ip}:${server.address().port}/`
const relay = await Peer.start([testpeer], {
  listen: [`/ip4/${ip}/tcp/0`, `/ip4/${ip}/udp/0/webrtc-direct`], relay: {}, pubsub: { enabled: true },
})
const known = relay.addresses.find((one) => one.includes('/webrtc-direct/certhash/'))
const stun = `stun:${ip}:${known.split('/')[4]}`
const native = await Peer.start([testpeer], {})
await native.call('reserve', { addr: relay.addresses.find((one) => one.includes('/tcp/')) })
const [program, binary] = kind.startsWith('firefox') ? [Firefox, kind] : [Chromium, kind]
const browser = await program.start({ binary, takesAnyCertificate: true })

/** A tab whose node takes a place at the relay; `node` and `asked`, all ICE servers that the browser got, are in its page. */
async function tab() {
  const page = await browser.open(`${home}empty.html`)
  page.id = await page.evaluate(`(async () => {
    const { RTCPeerConnection: Native } = globalThis
    globalThis.asked = []
    globalThis.RTCPeerConnection = class extends Native {
      constructor(given) {
        super(given)
        asked.push(...given.iceServers.map(({ urls }) => urls))
      }
    }
    const { createNode } = await import('/causeway.js')
    globalThis.began = performance.now()
    globalThis.node = await createNode({ relays: ['${known}'] })
    await new Promise((resolve) => node.addEventListener('reservation', ({ detail }) => detail.state === 'made' && resolve()))
    globalThis.reserved = performance.now() - began
    return String(node.peerId)
  })()`)
  return page
}

/** A new page's echo over the relay: milliseconds from the start of its node to its place, and to the echo. */
async function echoes() {
  const page = await tab()
  const times = await page.evaluate(`(async () => {
    const stream = await node.dialProtocol('${known}/p2p-circuit/p2p/${native.id}', '${ECHO}', { runOnLimitedConnection: true })
    const sent = crypto.getRandomValues(new Uint8Array(1000)), writer = stream.writable.getWriter(), back = []
    writer.write(sent).catch(() => {})
    writer.close().catch(() => {})
    for (const reader = stream.readable.getReader(); ;) {
      const { done, value } = await reader.read()
      if (done) break
      back.push(...value)
    }
    return String(back) === String(sent) && [reserved, performance.now() - began]
  })()`)
  check(times, 'other bytes came back')
  equal(await page.evaluate(`node.getConnections('${relay.id}').map((one) => String(one.remoteAddr))`), [known])
  await page.close()
  return times
}

await test('a page on https takes a place at a relay by its IP address, and reaches a peer there at once', async () => {
  const took = []
  // What a machine does besides may make one of them slow.
  do {
    const [reserved, echoed] = await echoes()
    console.log(`      a place after ${Math.round(reserved)} ms, an echo over the relay after ${Math.round(echoed)} ms`)
    took.push(echoed)
  } while (took.at(-1) > 1500 && took.length < 3)
  check(took.at(-1) < 1500, `echoes took ${took.map(Math.round)} ms`)
})

await test('it gossips over that connection', async () => {
  const page = await tab()
  await relay.call('subscribe', { topic: 'room' })
  await page.evaluate(`(() => {
    globalThis.heard = []
    node.services.pubsub.addEventListener('message', ({ detail }) => heard.push(new TextDecoder().decode(detail.data)))
    node.services.pubsub.subscribe('room')
  })()`)
  await page.until('node.services.pubsub.getSubscribers("room").length', { what: 'the relay as a subscriber' })
  await page.evaluate(`node.services.pubsub.publish('room', new TextEncoder().encode('from the page')).then(() => true)`)
  await relay.event('message', ({ text }) => text === 'from the page')
  await relay.call('publish', { topic: 'room', text: 'from the relay' })
  await page.until('heard.includes("from the relay")')
  await page.close()
})

await test('two such pages become direct, and ask nobody but the relay for their address', async () => {
  const [one, other] = [await tab(), await tab()]
  await one.evaluate(`node.dial('${known}/p2p-circuit/p2p/${other.id}').then(() => true)`)
  for (const [each, peer] of [[one, other.id], [other, one.id]]) {
    await each.until(`node.getConnections('${peer}').some((one) => one.direct)`, { seconds: 20, what: 'a direct connection' })
    const address = await each.evaluate(`String(node.getConnections('${peer}').find((one) => one.direct).remoteAddr)`)
    check(/\/webrtc(\/|$)/.test(address), address)
    equal(await each.evaluate('asked'), [stun])
  }
  for (const each of [one, other]) await each.close()
})

await test('the relay answers there', async () => {
  const socket = createSocket('udp4'), id = randomBytes(12)
  // RFC 8489: a Binding request without attributes, its length 0, and the magic cookie.
  const request = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), id])
  await new Promise((resolve) => socket.bind(0, ip, resolve))
  const answer = new Promise((resolve) => socket.once('message', resolve))
  socket.send(request, Number(stun.split(':')[2]), ip)
  const bytes = await answer
  check(bytes.readUInt16BE(0) === 0x0101 && bytes.subarray(8, 20).equals(id), bytes.toString('hex'))
  check(bytes.includes(Buffer.from([0, 0x20, 0, 8, 0, 1])), `no XOR-MAPPED-ADDRESS: ${bytes.toString('hex')}`)
  socket.close()
}, 5000)

await test('chat: such an address gives a page a place that no relay serves', async () => {
  const page = await browser.open(`${home}chat.html`)
  await page.until('/^No relay known/.test(document.querySelector("#state-text").textContent)')
  await page.focus('#address')
  await page.type(known)
  await page.press('Enter')
  await ready(page)
  await page.until('/^For direct connections, /.test(document.querySelector("#node-stun").textContent)')
  await page.close()
})

await browser.close()
for (const peer of [native, relay]) await peer.stop()
server.close()
await rm(folder, { recursive: true, force: true })
close()
