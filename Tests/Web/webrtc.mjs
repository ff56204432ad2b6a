// WebRTC between nodes of one page, behind native relays.
//   browser.mjs DIST TESTPEER chromium webrtc.html                                              all, a minute
//   browser.mjs DIST TESTPEER firefox-esr webrtc.html only=basics,signalling,losing,moving            these
//   browser.mjs DIST TESTPEER chromium webrtc.html only=churn count=600 seconds=900             600 connections one after another
//   browser.mjs DIST TESTPEER chromium webrtc.html only=idle hours=1 seconds=200                an hour of nothing, at 60 times the pace
//   browser.mjs DIST PEER chromium webrtc.html only=direct version=1                            of a server PEER's /webrtc-direct
import { createNode } from './causeway.js'
import { check, equal, eventOf, fails, pattern, printTo, test, until } from './cases.mjs'
import {
  counts, ECHO, echo, gossips, heapBytes, LIMITED, live, moduleBytes, NATIVE_ECHO, node, note, post, relay, report, reserved, sleep,
  upgraded, WHICH
} from './nodes.mjs'
import { moving } from './moving.mjs'
import { signalling } from './signalling.mjs'

const isWebRTC = (connection) => /\/webrtc\//.test(`${connection.remoteAddr}/`)
const others = (list, other) => list.filter(({ remotePeer }) => remotePeer.equals(other.peerId))

/** What a direct connection is. */
function checkDirect(connection) {
  equal([connection.direct, connection.limited, connection.limits, connection.encryption, connection.multiplexer, connection.status],
    [true, false, undefined, 'dtls', 'webrtc', 'open'], String(connection.remoteAddr))
  check(/\/webrtc(-direct)?\//.test(connection.remoteAddr), String(connection.remoteAddr))
}

async function meeting() {
  await test('two nodes behind a limited relay go direct, and on when it stops', async (after) => {
    const at = await relay(after, LIMITED), one = await reserved(after, at), two = await reserved(after, at)
    for (const each of [one, two]) {
      equal(each.getMultiaddrs().map(String).sort(), [each.circuit, each.webrtc].sort())
      each.services.pubsub.subscribe('room')
    }
    const letGo = [[one, two], [two, one]].map(([each, other]) => eventOf(
      each, 'connection:close', (connection) => !connection.direct && connection.remotePeer.equals(other.peerId), 30_000))
    letGo.forEach((each) => each.catch(() => {}))
    const began = performance.now(), connections = await upgraded(one, two), took = performance.now() - began
    connections.forEach(checkDirect)
    equal([connections[0].direction, connections[1].direction], ['outbound', 'inbound'])

    // New streams run there, as both sides see it: this protocol is not served on a limited connection.
    for (const [from, to, connection] of [[one, two, connections[0]], [two, one, connections[1]]]) {
      const stream = await from.dialProtocol(to.peerId, WHICH)
      check(stream.connection === connection, `the stream runs on ${stream.connection.remoteAddr}`)
      await echo(stream, pattern(300_000))
      checkDirect(to.ranOn.at(-1))
    }
    await Promise.all(letGo)
    const gone = performance.now() - began - took
    check(gone < 25_000, `the relayed connection was let go after ${gone} ms`)
    for (const [each, other] of [[one, two], [two, one]]) equal(others(each.getConnections(), other).map(isWebRTC), [true])

    await at.kill()
    for (const each of [one, two]) await until(() => each.getPeers().length === 1, 'the relay to be gone', 30_000)
    await gossips(one, two, 'room', 'one says')
    await gossips(two, one, 'room', 'two says')
    for (const [from, to] of [[one, two], [two, one]]) {
      await echo(await from.dialProtocol(to.peerId, WHICH), pattern(1 << 20))
      check(await from.ping(to.peerId) < 5000, 'ping')
    }
    for (const [index, each] of [one, two].entries()) {
      equal([connections[index].status, each.peerConnections().length], ['open', 1])
    }
    note(`direct after ${Math.round(took)} ms, the relayed one let go ${Math.round(gone)} ms later`)
  }, 60_000)

  await test('an address with /webrtc is answered by the direct connection', async (after) => {
    const at = await relay(after, LIMITED), one = await reserved(after, at), two = await reserved(after, at)
    const connection = await one.dial(two.webrtc)
    checkDirect(connection)
    equal(String(connection.remoteAddr), two.webrtc)
    await echo(await connection.newStream(WHICH), pattern(1000))
    // Asked again, and by name alone, it is the same.
    check(await one.dial(two.webrtc) === connection && await one.dial(two.peerId) === connection, 'another connection')
    await one.release(at.id)
    await until(() => !one.getMultiaddrs().length, 'no address to be advertised')
    equal(two.getMultiaddrs().length, 2)
  })
}

async function closing() {
  await test('a node that stops closes what it had, and the other notices', async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at)
    const [connection] = await upgraded(one, two)
    const stream = await one.dialProtocol(two.peerId, WHICH), reading = stream.readable.getReader().read()
    reading.catch(() => {})
    const told = eventOf(one, 'connection:close', (each) => each === connection), began = performance.now()
    await two.stop()
    equal(two.peerConnections().length, 0)
    await told
    const took = performance.now() - began
    check(took < 15_000, `noticed after ${took} ms`)
    await reading.then(() => check(false, 'the stream goes on'), ({ code }) => check(/LOST|CLOSED|RESET/.test(code), code))
    await until(() => !one.getConnections(two.peerId).length && !one.peerConnections().length, 'nothing to be left')
    await two.start()
    await until(() => two.getMultiaddrs().length, 'its place again')
    checkDirect(await one.dial(two.webrtc))
    await one.stop()
    equal(one.peerConnections().length, 0)
    note(`the end of a node noticed in ${Math.round(took)} ms`)
  })

  await test('what was written before the end arrives, also if the node stops then', async (after) => {
    const at = await relay(after), two = await reserved(after, at), whole = pattern(3_000_000)
    let read
    await two.handle('/sink/1.0.0', async ({ stream }) => {
      for await (const chunk of stream.readable) read.push(...chunk)
      read.isWhole = read.every((byte, at) => byte === whole[at])
    })
    for (const isClosed of [true, false]) {
      read = []
      const one = await reserved(after, at)
      await one.dial(two.webrtc)
      const writer = (await one.dialProtocol(two.peerId, '/sink/1.0.0')).writable.getWriter()
      await writer.write(whole)
      const closing = writer.close()
      if (isClosed) await closing
      await one.stop()
      await closing
      await until(() => read.isWhole, `all to arrive, and not ${read.length} bytes`, 5000)
      equal(read.length, whole.length)
    }
  })

  await test('a tab that goes away is noticed, and comes back', async (after) => {
    const at = await relay(after), one = await reserved(after, at)
    const first = await frame(after, at)
    checkDirect(await one.dial(first.address))
    await until(() => one.getConnections(first.peer).some(isWebRTC), 'a direct connection')
    const told = eventOf(one, 'peer:disconnect', (peer) => peer.equals(first.peer), 15_000), began = performance.now()
    first.remove()
    await told
    note(`the end of a tab noticed in ${Math.round(performance.now() - began)} ms`)
    await until(() => !one.peerConnections().length, 'its peer connection to be closed')
    const again = await frame(after, at)
    equal(again.peer, first.peer)
    checkDirect(await one.dial(again.address))
    await echo(await one.dialProtocol(again.peer, ECHO), pattern(1000))
  })
}

/** Another tab: a page of its own with a node. */
async function frame(after, at) {
  const element = document.createElement('iframe')
  const told = new Promise((resolve, reject) => addEventListener('message', function listener({ source, data }) {
    if (source !== element.contentWindow) return
    removeEventListener('message', listener)
    data.error ? reject(new Error(data.error)) : resolve(data)
  }))
  element.src = `webrtc.html?${new URLSearchParams({ tab: at.address })}`
  document.body.append(element)
  after(() => element.remove())
  return { ...await told, remove: () => element.remove() }
}

export async function tab(relayAddress) {
  try {
    const made = await reserved(() => {}, { address: relayAddress }, { key: new Uint8Array(32).fill(7) })
    parent.postMessage({ address: made.webrtc, peer: String(made.peerId) })
  } catch (error) { parent.postMessage({ error: String(error) }) }
}

/** No candidate leaves this one. */
const firewall = { iceTransportPolicy: 'relay', iceServers: [] }

async function failing() {
  await test('where WebRTC finds no path the relayed connection stays', async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at, { rtc: firewall })
    const connection = await one.dial(two.circuit), began = performance.now()
    let most = 0
    const answered = eventOf(two, 'dial:attempt', ({ webrtc }) => webrtc, 40_000)
    answered.catch(() => {})
    const outcome = eventOf(one, 'dial:attempt', ({ webrtc }) => webrtc, 35_000)
    outcome.catch(() => {})
    for (; performance.now() - began < 42_000; await sleep(250)) {
      most = Math.max(most, one.peerConnections().length, two.peerConnections().length)
    }
    const { code, webrtc, address, direction } = await outcome
    check(/TIMEOUT|PEER_FAULT/.test(code), code)
    equal([String(address), direction], [two.webrtc, 'outbound'])
    const theirs = await answered
    equal([String(theirs.address), theirs.direction, theirs.peer.equals(one.peerId)], [`/webrtc/p2p/${one.peerId}`, 'inbound', true])
    // Without a candidate of its own, Firefox may give up before the first of the remote's has come.
    const { candidates, ice } = theirs.webrtc
    check(candidates.local === 0 && (candidates.remote > 0 || ice === 'failed'), JSON.stringify(theirs))
    check(webrtc.candidates.local > 0 && webrtc.candidates.remote === 0 && webrtc.milliseconds > 0, JSON.stringify(webrtc))
    check(typeof webrtc.ice === 'string' && typeof webrtc.state === 'string', JSON.stringify(webrtc))
    check(most <= 1, `${most} peer connections at once`)
    for (const [each, other] of [[one, two], [two, one]]) {
      const told = each.log.filter(({ type, detail }) => /^connection/.test(type) && detail.remotePeer.equals(other.peerId))
      equal(told.map(({ type }) => type), ['connection:open'])
      check(!each.log.some(({ type, detail }) => type === 'path:change' && detail.peer.equals(other.peerId) && detail.connection?.direct),
        'the path changed')
    }
    check(connection.status === 'open' && !connection.direct, 'the relayed connection is gone')
    await echo(await one.dialProtocol(two.peerId, ECHO, { runOnLimitedConnection: true }), pattern(100_000))
    note(`no path: ${code} ${JSON.stringify(webrtc)}`)
  }, 60_000)

  await test('tries that fail come after 10 and 20 s', async (after) => {
    const at = await relay(after), two = await reserved(after, at)
    const one = await reserved(after, at, { rtc: () => { throw new Error('forbidden here') } })
    await one.dial(two.circuit)
    await sleep(38_000)
    const tries = one.log.filter(({ type, detail }) => type === 'dial:attempt' && detail.webrtc)
    equal(tries.length, 3)
    const waits = tries.slice(1).map(({ at }, index) => at - tries[index].at)
    check(waits[0] > 9500 && waits[0] < 12_000 && waits[1] > 19_500 && waits[1] < 22_000, `tries after ${waits.map(Math.round)} ms`)
    equal(String(tries[0].detail.webrtc.cause?.message), 'forbidden here')
    equal([tries[0].detail.webrtc.state, one.peerConnections().length, two.peerConnections().length], ['new', 0, 0])
    equal(one.getConnections(two.peerId).map(({ status, direct }) => [status, direct]), [['open', false]])
  }, 60_000)
}

async function recovery() {
  await test('a peer connection that is lost is replaced', async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at)
    await upgraded(one, two)
    for (const each of [one, two]) {
      // Under the node's feet: it is not told.
      const [broken] = each.peerConnections(), began = performance.now()
      broken.close()
      const connection = await again(one, two, 30_000)
      checkDirect(connection)
      await echo(await one.dialProtocol(two.peerId, WHICH), pattern(1000))
      note(`replaced in ${Math.round(performance.now() - began)} ms`)
    }
    await until(() => one.peerConnections().length === 1 && two.peerConnections().length === 1, 'the old ones to be closed')
  }, 90_000)
}

/** Two nodes that dial whom they discover, as pages do; once they have nothing but a direct connection. */
async function settled(after) {
  const at = await relay(after, LIMITED, { pubsub: { enabled: true }, discovery: { topic: 'p2p-discovery', format: 'json' } })
  const pair = []
  for (let i = 0; i < 2; i++) {
    const each = await reserved(after, at, { discovery: { topics: [{ topic: 'p2p-discovery', format: 'json' }], interval: 3000 } })
    each.addEventListener('peer:discovery', ({ detail: { multiaddrs } }) => each.dial(multiaddrs).catch(() => {}))
    pair.push(each)
  }
  await alone(...pair)
  return pair
}

/** Waits until each has one connection to the other, a direct one that is not `but`. */
const alone = (one, two, but = []) => until(() => [[one, two], [two, one]].every(([each, other]) => {
  const open = each.getConnections(other.peerId)
  return open.length === 1 && isWebRTC(open[0]) && !but.includes(open[0])
}), 'nothing but a direct connection', 30_000)

/** How long it is until both have another direct connection, after `act`; nobody but the nodes does anything about it. */
async function timeToRecover(one, two, act) {
  const before = [one, two].flatMap((each) => each.getConnections()), began = performance.now()
  await act()
  await until(() => [[one, two], [two, one]].every(([each, other]) =>
    each.getConnections(other.peerId).some((open) => isWebRTC(open) && !before.includes(open))), 'another direct connection', 30_000)
  const took = performance.now() - began
  await echo(await one.dialProtocol(two.peerId, WHICH), pattern(1000))
  await echo(await two.dialProtocol(one.peerId, WHICH), pattern(1000))
  return Math.round(took)
}

/** The browser says this of a peer connection from now on. */
function turn(peerConnection, connectionState) {
  Object.defineProperty(peerConnection, 'connectionState', { value: connectionState, configurable: true })
  // Not by an event: Firefox tells handlers of its own alone.
  peerConnection.onconnectionstatechange()
}

async function losing() {
  await test('two nodes that have lost each other find each other again over the relay', async (after) => {
    const [one, two] = await settled(after)
    note(`found again in ${await timeToRecover(one, two, () => one.peerConnections()[0].close())} ms`)
    await alone(one, two)
    equal([one, two].map((each) => each.peerConnections().length), [1, 1])
  }, 90_000)

  await test('a path that fails, or is away for long, is replaced; one that comes back is kept', async (after) => {
    const [one, two] = await settled(after), [pc] = one.peerConnections(), [connection] = one.getConnections(two.peerId)
    turn(pc, 'disconnected')
    await sleep(3000)
    turn(pc, 'connected')
    await sleep(9000)
    equal(connection.status, 'open')
    const away = await timeToRecover(one, two, () => turn(pc, 'disconnected'))
    check(away > 10_000, `given up after ${away} ms`)
    await alone(one, two)
    const failed = await timeToRecover(two, one, () => turn(two.peerConnections()[0], 'failed'))
    note(`a path that was away replaced in ${away} ms, one that failed in ${failed} ms`)
  }, 120_000)
}

/** Dials until a stream works on a direct connection. */
async function again(one, two, milliseconds) {
  let answer
  await until(async () => {
    try {
      const connection = await one.dial(two.circuit, { signal: AbortSignal.timeout(5000) })
      const stream = await one.dialProtocol(two.peerId, WHICH, { signal: AbortSignal.timeout(3000) })
      await echo(stream, pattern(10))
      answer = stream.connection
      await sleep(200)
      return answer.direct && answer.status === 'open'
    } catch { return false }
  }, 'a direct connection again', milliseconds)
  return answer
}

async function churn(count) {
  await test(`${count} connections by WebRTC one after another, and some at once`, async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at)
    const connect = async () => {
      checkDirect(await one.dial(two.webrtc))
      await one.hangUp(two.peerId)
      await until(() => !two.getConnections(one.peerId).length, 'the other side to close')
    }
    await connect()
    const before = { ...counts, heap: await heapBytes(), module: moduleBytes() }, began = performance.now()
    for (let i = 0; i < count; i++) await connect()
    const milliseconds = (performance.now() - began) / count
    await until(() => !one.peerConnections().length && !two.peerConnections().length, 'every peer connection to be closed')
    equal(counts.made - before.made, counts.closed - before.closed, 'made and closed')
    check(counts.made - before.made >= 2 * count, `${counts.made - before.made} were made`)
    const heap = await heapBytes() - before.heap, module = moduleBytes() - before.module
    check(heap < 4 << 20, `the heap grew by ${heap} bytes`)
    check(module < 2 << 20, `the modules grew by ${module} bytes`)
    const crowd = await Promise.all(Array.from({ length: 6 }, () => reserved(after, at)))
    await Promise.all(crowd.map(async (each) => checkDirect(await each.dial(two.webrtc))))
    equal(two.peerConnections().length, crowd.length)
    note(`${count} connections: ${Math.round(milliseconds)} ms each, heap ${heap >> 10} KiB more, modules ${module >> 10} KiB more`)
  }, 1_000_000)
}

/** Data channels that are open, of all peer connections. */
async function openChannels() {
  let count = 0
  for (const each of live) {
    for (const one of (await each.getStats()).values()) if (one.type === 'data-channel' && one.state === 'open') count += 1
  }
  return count
}

async function streams(count) {
  await test(`${count} streams by WebRTC`, async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at)
    await one.dial(two.webrtc)
    const use = async () => echo(await one.dialProtocol(two.peerId, WHICH), pattern(1000))
    const settle = async (before) => until(async () => {
      two.ranOn = []
      return [one, two].every((each) => each.getConnections().every((connection) => !connection.streams.length))
        && await openChannels() <= before
    }, 'streams and channels to be gone')
    for (let i = 0; i < 50; i++) await use()
    await Promise.all(Array.from({ length: 100 }, use))
    await sleep(1000)
    const channels = await openChannels()
    check(channels < 20, `${channels} channels are open`)
    const before = { heap: await heapBytes(), module: moduleBytes() }, began = performance.now()
    for (let i = 0; i < count; i += 1) await use()
    const milliseconds = (performance.now() - began) / count
    await Promise.all(Array.from({ length: 100 }, use))
    await settle(channels)
    const heap = await heapBytes() - before.heap, module = moduleBytes() - before.module
    check(heap < 2 << 20, `the heap grew by ${heap} bytes`)
    check(module < 1 << 20, `the modules grew by ${module} bytes`)
    note(`${count} streams: ${milliseconds.toFixed(1)} ms each, heap ${heap >> 10} KiB more, modules ${module >> 10} KiB more`)
  }, 120_000)
}

const PACE = 60

/** The page's clock and timers at 60 times the pace. */
function hasten(after) {
  const { performance, Date, setTimeout } = globalThis, now = performance.now.bind(performance), today = Date.now
  const from = now(), start = today()
  performance.now = () => from + (now() - from) * PACE
  Date.now = () => start + (now() - from) * PACE
  globalThis.setTimeout = (act, milliseconds = 0, ...more) => setTimeout(act, milliseconds / PACE, ...more)
  after(() => {
    delete performance.now
    Date.now = today
    globalThis.setTimeout = setTimeout
  })
}

async function idle(hours) {
  await test(`${hours} h of doing nothing`, async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at)
    for (const each of [one, two]) each.services.pubsub.subscribe('room')
    await upgraded(one, two)
    for (const each of [one, two]) await each.release(at.id)
    for (const each of [one, two]) await each.hangUp(at.id)
    await until(() => one.getConnections().length === 1 && two.getConnections().length === 1, 'only the direct connection')
    await sleep(3000)
    const undo = [], before = { heap: await heapBytes(), module: moduleBytes(), channels: await openChannels() }
    const wait = sleep(hours * 3_600_000 / PACE), began = performance.now()
    hasten((act) => undo.push(act))
    try { await wait } finally {
      check(performance.now() - began >= hours * 3_590_000, 'the clock did not run')
      undo.forEach((act) => act())
    }
    const heap = await heapBytes() - before.heap, module = moduleBytes() - before.module
    for (const [each, other] of [[one, two], [two, one]]) {
      equal(each.getConnections().map(({ status, direct }) => [status, direct]), [['open', true]])
      equal(each.log.filter(({ type }) => type === 'connection:close').length, 2, 'closed: the relayed one, the relay')
    }
    check(heap < 1 << 20 && module < 1 << 20, `the heap grew by ${heap} bytes, the modules by ${module}`)
    equal(await openChannels(), before.channels)
    await gossips(one, two, 'room', 'still there')
    await echo(await one.dialProtocol(two.peerId, WHICH), pattern(1000))
    note(`idle ${hours} h: heap ${heap >> 10} KiB more, modules ${module >> 10} KiB more`)
  }, hours * 3_600_000 / PACE + 60_000)
}

/** `version`: of how the server is told who asks; a browser that lets no page change its credentials leaves only 2. */
async function direct(version) {
  await test(`a server is dialled by version ${version} of /webrtc-direct`, async (after) => {
    const server = await post('relay', { listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] })
    after(() => post('call', { relay: server.id, cmd: 'kill' }))
    const one = await node(after), bytes = 1 << 20
    await one.handle(NATIVE_ECHO, ({ stream }) => stream.readable.pipeTo(stream.writable))
    const connection = await one.dial(server.address)
    checkDirect(connection)
    const [, said] = /^a=ice-ufrag:libp2p\+webrtc\+v(\d+)\//m.exec(one.peerConnections()[0].remoteDescription.sdp)
    equal(said, version)
    await echo(await connection.newStream(NATIVE_ECHO), pattern(bytes))
    const { matched } = await post('call', { relay: server.id, cmd: 'echo', peerId: String(one.peerId), bytes })
    check(matched, "the server's own echo")
  })
}

async function basics() {
  await Promise.all([meeting(), closing(), failing()])
}

/** `only`: names of `parts`, separated by commas; they run together. */
export async function run({ only, count, hours = 0.05, version = '1' }) {
  printTo(report)
  const parts = {
    basics, signalling, recovery, losing, moving, meeting, closing, failing,
    churn: () => churn(Number(count ?? 30)), streams: () => streams(Number(count ?? 200)), idle: () => idle(Number(hours)),
    direct: () => direct(version),
  }
  const chosen = only?.split(',')
  if (chosen) await Promise.all(chosen.map((name) => parts[name]()))
  else {
    // Most of these is waiting, so they wait together.
    await Promise.all([meeting(), failing(), signalling(), recovery(), losing(), moving(), closing()])
    await churn(30)
    await streams(200)
    await idle(0.05)
  }
  equal(live.size, 0)
  await report('end')
}
