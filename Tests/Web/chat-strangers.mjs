// The chat page among strangers: nodes of this process that take what they can get.   chat-strangers.mjs CAUSEWAY DIST
import { spawn } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FrameReader, concat, decodeResponse, encodeRequest, frame, utf8, uvarint } from '../../Web/pages/chat-codec.js'
import { endOfID } from '../../Web/pages/peer-face.js'
import { check, close, equal, test, until } from './cases.mjs'
import { fetchFile, hear, lastFile, openTalk, ready, say } from './chat-flow.mjs'
import { Chromium } from './chromium.mjs'
import { pause } from './page.mjs'
import { sendMessage, serveSockets } from './websocket.mjs'

const [causeway, dist] = process.argv.slice(2)
const { createNode } = await import(pathToFileURL(`${dist}/causeway.js`))
const ROOM = 'universal-connectivity', FILES = 'universal-connectivity-file', DISCOVERY = '_peer-discovery._p2p._pubsub'
const DM = '/universal-connectivity/dm/1.0.0', FILE = '/universal-connectivity-file/1'
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))
const port = 20000 + Math.floor(Math.random() * 20000), url = `http://127.0.0.1:${port}/chat.html`

const relay = spawn(causeway, ['relay', '--listen', `/ip4/127.0.0.1/tcp/${port}/ws`, '--key', join(folder, 'key'), '--pages', dist,
  '--topic', ROOM, '--topic', FILES, '--circuit-data', 'unlimited', '--circuit-time', 'unlimited'], { stdio: 'ignore' })
await until(() => fetch(url).then((answer) => answer.ok, () => false), 'the relay to answer')
const { peerId } = await (await fetch(`http://127.0.0.1:${port}/status.json`)).json()
const address = `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peerId}`
const browser = await Chromium.start()

/** A node of a stranger's. */
async function stranger(after, options = {}) {
  const node = await createNode({ discovery: false, ...options })
  after(() => node.stop())
  return node
}

/** A page of the chat, and its peer's address over the relay. */
async function chatPage(after, options) {
  const page = await browser.open(url, options)
  after(() => page.close())
  await ready(page)
  page.circuit = `${address}/p2p-circuit/p2p/${page.id}`
  return page
}

// Signed messages of authors who are nothing but a key.

const field = (number, bytes) => concat(uvarint(number << 3 | 2), frame(bytes))

function author() {
  const { privateKey } = generateKeyPairSync('ed25519'), key = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32)
  return { privateKey, id: concat([0, 36, 8, 1, 18, 32], key) }
}

/** A message as gossip has it. */
function signed({ privateKey, id }, topic, data) {
  const body = concat(field(1, id), field(2, data), field(3, randomBytes(8)), field(4, utf8(topic)))
  return concat(body, field(5, sign(null, concat(utf8('libp2p-pubsub:'), body), privateKey)))
}

/** What writes messages to the relay, as the gossip of one neighbour. */
async function gossip(after) {
  const node = await stranger(after, { pubsub: false }), { writable } = await node.dialProtocol(address, '/meshsub/1.1.0')
  const writer = writable.getWriter()
  return (messages) => writer.write(frame(concat(...messages.map((one) => field(2, one)))))
}

/** A direct message by hand; the status that it is answered with. */
async function tell(node, page, content) {
  const stream = await node.dialProtocol(page.circuit, DM, { runOnLimitedConnection: true })
  await stream.writable.getWriter().write(frame(encodeRequest({ clientVersion: '1', timestamp: Date.now(), content })))
  const { status } = decodeResponse(await new FrameReader(stream.readable).frame(4096))
  stream.close().catch(() => {})
  return status
}

await test('chat: 600 messages of 600 authors at once hold nothing up', async (after) => {
  const page = await chatPage(after), friend = await chatPage(after)
  const flood = Array.from({ length: 600 }, (_, index) => signed(author(), ROOM, utf8(`flood ${index}`))), write = await gossip(after)
  let worst = 0, isOver = false
  const asking = (async () => {
    for (; !isOver; await pause(20)) {
      const began = Date.now()
      await page.evaluate('1')
      worst = Math.max(worst, Date.now() - began)
    }
  })()
  await pause(1000)
  const quiet = worst
  await write(flood)
  const all = `document.querySelectorAll('#message-list .message').length
    + (Number(document.querySelector('#hidden-count').textContent.split(' ')[0]) || 0)`
  await page.until(`${all} >= 600 || ${all} === 300`, { seconds: 30, what: 'all are drawn or counted', show: all })
  isOver = true
  await asking
  const drawn = await page.evaluate('document.querySelectorAll("#message-list .message").length')
  console.log(`      the page answered within ${worst} ms, before within ${quiet} ms; ${drawn} drawn`)
  check(worst < 1500 + 10 * quiet, `no answer for ${worst} ms`)
  check(drawn >= 30 && drawn < 300, `${drawn} drawn`)
  await say(friend, 'after the flood')
  await hear(page, 'after the flood')
}, 90_000)

await test('chat: a hundred strangers leave room for one more, and for a friend', async (after) => {
  const page = await chatPage(after), friend = await stranger(after), late = await stranger(after)
  equal(await tell(friend, page, 'hello'), 200)
  await page.until(`document.querySelector('#people-list .badge:not([hidden])')`)
  await openTalk(page, { nick: endOfID(friend.peerId) })
  await say(page, 'hello yourself')
  await openTalk(page)
  for (let count = 0; count < 105; count++) {
    const one = await createNode({ discovery: false, pubsub: false })
    equal(await tell(one, page, 'one word'), 200, `stranger ${count}`)
    await one.stop()
    // Below the rate at which all authors together may speak (chat-bounds.js): the test is about room.
    await pause(50)
  }
  equal([await tell(late, page, 'a further person'), await tell(friend, page, 'me again')], [200, 200])
  await openTalk(page, { nick: endOfID(friend.peerId) })
  await hear(page, 'hello yourself')
  await hear(page, 'me again')
}, 120_000)

await test('chat: people are met while strangers announce what does not answer', async (after) => {
  const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  after(() => silent.close())
  const page = await chatPage(after)
  const { port: number } = silent.address(), write = await gossip(after)
  const silence = concat([4, 127, 0, 0, 1], [6, number >> 8, number & 255], [0xdd, 3]) // /ip4/127.0.0.1/tcp/…/ws
  const many = Array.from({ length: 60 }, author)
  let isOver = false
  const announcing = (async () => {
    for (let next = 0; !isOver; next++) {
      const one = many[next % many.length]
      await write([signed(one, DISCOVERY, concat(field(1, one.id.subarray(2)), field(2, silence)))])
      await pause(100)
    }
  })()
  after(() => {
    isOver = true
    return announcing.catch(() => {})
  })
  await page.until('document.querySelector("#people-count").textContent > 20', { what: 'the strangers are known' })
  const began = Date.now(), honest = await createNode({ relays: [address] })
  after(() => honest.stop())
  await until(() => honest.getConnections(page.id).length, 'the honest one to be met', 20_000)
  console.log(`      after ${Date.now() - began} ms`)
}, 90_000)

/** A file of so many bytes that the page shares with the room; its id. */
async function shared(page, size) {
  const path = join(folder, `${size}.bin`)
  await writeFile(path, randomBytes(size))
  const heard = await stranger((act) => page.after(act))
  heard.services.pubsub.subscribe(FILES)
  await heard.dial(page.circuit)
  await pause(1500)
  const told = new Promise((resolve) => heard.services.pubsub.addEventListener('message', ({ detail }) => resolve(detail.data)))
  await page.choose('#file', path)
  return await told
}

/** Asks for a file; resolves with what the page answers first: its size, or how it refuses. */
async function ask(node, page, id) {
  const stream = await node.dialProtocol(page.circuit, FILE, { runOnLimitedConnection: true })
  await stream.writable.getWriter().write(frame(id))
  const reader = new FrameReader(stream.readable)
  return { stream, reader, size: await reader.length(64 << 20).catch(({ code }) => code) }
}

await test('chat: readers who stand still hold a place for a quarter of a minute, and one holds one', async (after) => {
  const page = await chatPage(after)
  page.after = after
  const size = 40 << 20, id = await shared(page, size), greedy = []
  for (let count = 0; count < 4; count++) {
    const node = await stranger(after)
    greedy.push(await ask(node, page, id))
    if (!count) equal((await ask(node, page, id)).size, 'ERR_RESET', 'a second place of one')
  }
  equal(greedy.map((one) => one.size), Array(4).fill(size))
  const honest = await stranger(after), began = Date.now()
  equal((await ask(honest, page, id)).size, 'ERR_RESET', 'all places are taken')
  let served
  await until(async () => (served = await ask(honest, page, id)).size === size, 'a place to be free', 30_000)
  console.log(`      after ${Date.now() - began} ms`)
  let count = 0
  for await (const block of served.reader.blocks(size)) count += block.length
  equal(count, size)
}, 90_000)

await test('chat: a file in pieces of a byte takes no more than others', async (after) => {
  // The page dials it, and so finds out soon that there is no other way than the relay.
  const page = await chatPage(after), node = await stranger(after, { relays: [address], discovery: true }), size = 300_000
  await node.handle(FILE, async ({ stream }) => {
    await new FrameReader(stream.readable).frame(64)
    const writer = stream.writable.getWriter()
    await writer.write(uvarint(size))
    for (let at = 0; at < size; at++) {
      await writer.write(Uint8Array.of(at % 251))
      // Each in a frame of its own: what waits in the writer would be joined there.
      if (at % 1000 === 0) await new Promise(setImmediate)
    }
    await writer.close()
  }, { runOnLimitedConnection: true })
  node.services.pubsub.subscribe(FILES)
  await until(() => node.getConnections(page.id).length, 'the page to come', 20_000)
  await until(() => node.services.pubsub.getMeshPeers(FILES).length, 'someone to tell')
  await node.services.pubsub.publish(FILES, utf8('small-pieces'))
  await page.until(lastFile, { what: 'the file is offered' })
  const heap = async () => {
    await page.call('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 } = await page.call('Runtime.getHeapUsage')
    return usedSize + backingStorageSize + embedderHeapUsedSize
  }
  const before = await heap()
  let most = 0, isOver = false
  const watching = (async () => {
    for (; !isOver; await pause(500)) most = Math.max(most, await heap() - before)
  })()
  const { isHere, text } = await fetchFile(page, 80)
  isOver = true
  await watching
  console.log(`      ${(most / (1 << 20)).toFixed(1)} MiB at most`)
  check(isHere, text)
  check(most < 16 << 20, `${most} bytes more`)
}, 120_000)

await test('chat: a message of 200 MiB from a server that is dialled ends that link alone', async (after) => {
  const page = await chatPage(after), server = await serveSockets((socket) => sendMessage(socket, 200 << 20))
  after(() => server.close())
  await page.click('#state')
  await page.focus('#address')
  await page.type(`/ip4/127.0.0.1/tcp/${server.address().port}/ws/p2p/12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw`)
  await page.press('Enter')
  await page.until('document.querySelector("#dial-result").hasAttribute("data-bad")', { seconds: 40 })
  const text = await page.text('#dial-result')
  check(/this page reached one of its limits/.test(text), text)
  equal(await page.evaluate('document.querySelector("#state").dataset.state'), 'reserved')
}, 90_000)

await browser.close()
relay.kill('SIGKILL')
await rm(folder, { recursive: true, force: true })
close()
