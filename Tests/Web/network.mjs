// Against a relay, and through it.
import { createServer } from 'node:net'
import { check, equal, eventOf, fails, pattern, readAll, test, until } from './cases.mjs'
import { Peer } from './peer.mjs'

const ECHO = '/causeway-test/echo/1.0.0'
const DISCOVERY = { topic: 'p2p-discovery', format: 'json', intervalMs: 500 }
const text = (bytes) => new TextDecoder().decode(bytes), bytes = (words) => new TextEncoder().encode(words)
const signal = () => AbortSignal.timeout(15_000)

async function echo(stream, data) {
  const writer = stream.writable.getWriter()
  const [, answer] = await Promise.all([writer.write(data).then(() => stream.closeWrite()), readAll(stream.readable)])
  check(Buffer.compare(answer, data) === 0, `${answer.length} bytes came back of ${data.length}, or others`)
}

/** What a peer says next of a topic. */
async function changeOf(node, peer, topic) {
  const isOfTopic = (one) => one.topic === topic
  const { subscriptions } = await eventOf(
    node.services.pubsub, 'subscription-change', (detail) => detail.peerId.equals(peer) && detail.subscriptions.some(isOfTopic))
  return subscriptions.find(isOfTopic)
}

/** How often a timer is set while `body` runs. */
async function timersDuring(body) {
  const { setTimeout } = globalThis
  let count = 0
  globalThis.setTimeout = (...given) => { count += 1; return setTimeout(...given) }
  try { await body(setTimeout) } finally { globalThis.setTimeout = setTimeout }
  return count
}

const serveEcho = (node) => node.handle(ECHO, ({ stream }) => stream.readable.pipeTo(stream.writable), { runOnLimitedConnection: true })

export async function network(causeway, peers) {
  const { createNode } = causeway
  const node = async (after, options = {}) => {
    const made = await createNode(options)
    after(() => made.stop())
    return made
  }
  const relay = async (after, command, more = {}) => {
    const listen = ['/ip4/127.0.0.1/tcp/0/ws']
    const peer = await Peer.start(command, { listen, relay: { limited: false }, pubsub: { enabled: true }, ...more })
    after(() => peer.stop())
    return Object.assign(peer, { address: peer.addresses.find((one) => one.includes('/ws')) })
  }
  /** A node with a place at the relay. */
  const reserved = async (after, at, options = {}) => {
    const made = await node(after, { relays: [at.address], ...options })
    await until(() => made.getMultiaddrs().length, 'a reservation')
    return made
  }

  await test('a hidden page sets no timers, unless somebody waits for something', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), silent = createServer(() => {})
    await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve))
    after(() => silent.close())
    const pause = (setTimeout) => new Promise((resolve) => setTimeout(resolve, 2500))
    check(await timersDuring(pause) > 0, 'a page that is seen has timers')
    globalThis.document = { hidden: true }
    after(() => delete globalThis.document)
    await one.ping(at.id)
    equal(await timersDuring(pause), 0, 'timers')
    const stop = new AbortController()
    const address = `/ip4/127.0.0.1/tcp/${silent.address().port}/ws/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr`
    const dialled = fails('ABORT_ERR', one.dial(address, { signal: stop.signal }))
    check(await timersDuring(pause) > 0, 'a dial has its deadline')
    stop.abort()
    await dialled
    // What was set before is over.
    await timersDuring(pause)
    equal(await timersDuring(pause), 0, 'timers again')
    // The end of a stream has a deadline, too. More than the remote's window waits here, and it does not read.
    const stream = await one.dialProtocol(at.id, ECHO)
    at.process.kill('SIGSTOP')
    stream.send(new Uint8Array(1 << 20))
    const closed = stream.close().catch(() => {})
    check(await timersDuring(pause) > 0, 'the end of a stream has its deadline')
    at.process.kill('SIGCONT')
    await Promise.all([closed, readAll(stream.readable)])
  })

  for (const name of ['us', 'go', 'js'].filter((one) => peers[one])) {
    await test(`${name}: dial, identify, ping, echo`, async (after) => {
      const at = await relay(after, peers[name]), one = await node(after)
      const told = []
      for (const type of ['connection:open', 'peer:connect', 'connection:close', 'peer:disconnect']) {
        one.addEventListener(type, () => told.push(type))
      }
      const identified = eventOf(one, 'peer:identify')
      const connection = await one.dial(at.address, { signal: signal() })
      equal([String(connection.remotePeer), connection.direct, connection.limited, connection.direction, connection.limits],
        [at.id, true, false, 'outbound', undefined])
      check((await identified).protocols.includes(ECHO), 'the protocols are told')
      equal((await one.identify(at.id)).agentVersion, (await identified).agentVersion)
      check((await one.ping(at.id)) > 0, 'a round trip takes time')
      const stream = await one.dialProtocol(at.id, ['/none/1.0.0', ECHO], { signal: signal() })
      equal(stream.protocol, ECHO)
      await echo(stream, bytes('hello'))
      await echo(await connection.newStream(ECHO), pattern(4 << 20))
      equal([one.getPeers().map(String), one.getConnections(at.id).length], [[at.id], 1])
      await one.hangUp(at.id)
      equal([one.getPeers(), connection.status], [[], 'closed'])
      equal(told, ['connection:open', 'peer:connect', 'connection:close', 'peer:disconnect'])
    })

    await test(`${name}: an address with its peer id as a CID`, async (after) => {
      const at = await relay(after, peers[name], { seed: 7 }), one = await node(after)
      const address = at.address.replace(at.id, 'bafzaajaiaejcbcxouusasyp3btljzgvvubokhjzerqr6lul5obqibcvdtfyp7lfn')
      const connection = await one.dial(address, { signal: signal() })
      equal([String(connection.remotePeer), await one.dial(address) === connection], [at.id, true])
    })

    await test(`${name}: echo both ways through it`, async (after) => {
      const at = await relay(after, peers[name])
      const one = await reserved(after, at), two = await reserved(after, at)
      await serveEcho(one)
      await serveEcho(two)
      const connection = await one.dial(two.getMultiaddrs(), { signal: signal() })
      equal([connection.direct, String(connection.remotePeer)], [false, String(two.peerId)])
      await echo(await one.dialProtocol(two.peerId, ECHO, { runOnLimitedConnection: true }), pattern(1 << 20))
      await until(() => two.getConnections(one.peerId).length, 'the other side')
      equal(two.getConnections(one.peerId)[0].direction, 'inbound')
      await echo(await two.dialProtocol(one.peerId, ECHO, { runOnLimitedConnection: true }), pattern(1 << 20))
    })

    await test(`${name}: gossip`, async (after) => {
      const at = await relay(after, peers[name]), one = await node(after), two = await node(after, { pubsub: { emitSelf: true } })
      await at.call('subscribe', { topic: 'room' })
      for (const each of [one, two]) {
        const told = changeOf(each, at.id, 'room')
        each.services.pubsub.subscribe('room')
        await each.dial(at.address, { signal: signal() })
        equal([(await told).subscribe, each.services.pubsub.getSubscribers('room').map(String)], [true, [at.id]])
      }
      const heard = eventOf(one.services.pubsub, 'message'), own = eventOf(two.services.pubsub, 'message')
      await until(() => one.services.pubsub.getMeshPeers('room').length, 'a mesh')
      const { recipients } = await two.services.pubsub.publish('room', bytes('hello'))
      const message = await heard
      equal([recipients, message.topic, text(message.data), String(message.from), String(message.receivedFrom)],
        [1, 'room', 'hello', String(two.peerId), at.id])
      equal([text((await own).data), typeof message.sequenceNumber], ['hello', 'bigint'])
      two.services.pubsub.unsubscribe('room')
      equal(two.services.pubsub.getTopics(), [])
      const left = changeOf(one, at.id, 'room')
      await at.call('unsubscribe', { topic: 'room' })
      equal([(await left).subscribe, one.services.pubsub.getSubscribers('room')], [false, []])
    })
  }

  await test('peers find one another and connect', async (after) => {
    const at = await relay(after, peers.us, { discovery: DISCOVERY })
    const one = await reserved(after, at), seen = []
    one.addEventListener('peer:discovery', ({ detail }) => seen.push(detail))
    const two = await reserved(after, at), isTwo = ({ id, multiaddrs }) => id.equals(two.peerId) && multiaddrs.length
    await until(() => seen.some(isTwo), 'an announcement with addresses')
    const found = seen.find(isTwo)
    equal(String((await one.dial(found.multiaddrs, { signal: signal() })).remotePeer), String(two.peerId))
  })

  await test('an application finds its own peers on a topic of its own, each once', async (after) => {
    const at = await relay(after, peers.us, { pubsub: { enabled: true, carries: ['app/*'] }, discovery: DISCOVERY })
    for (const format of ['json', 'protobuf', undefined]) {
      const discovery = { topics: [{ topic: `app/${format}`, format }], interval: 200 }, found = []
      const one = await reserved(after, at, { discovery }), other = await reserved(after, at, { discovery: { interval: 200 } })
      one.addEventListener('peer:discovery', ({ detail }) => found.push(detail))
      const quiet = await reserved(after, at, { discovery: { ...discovery, listenOnly: true } })
      const heard = []
      quiet.addEventListener('peer:discovery', ({ detail }) => heard.push(String(detail.id)))
      const two = await reserved(after, at, { discovery })
      await until(() => heard.includes(String(two.peerId)), 'an announcement')
      await new Promise((done) => setTimeout(done, 1500))
      // It may announce itself before it has addresses, and again when it has them.
      const last = found.filter(({ multiaddrs }) => multiaddrs.length)
      equal(last.map(({ id, source }) => [String(id), source]), [[String(two.peerId), format ?? 'protobuf']], `not ${other.peerId}`)
      check(found.length <= 2, `told ${found.length} times`)
    }
  })

  await test('a message of the size that is set arrives, a larger one is refused', async (after) => {
    const messageSize = 3_000_000
    const at = await relay(after, peers.us, { pubsub: { enabled: true, params: { messageSize } } })
    await at.call('subscribe', { topic: 'room' })
    const [one, two] = await Promise.all([0, 1].map(() => reserved(after, at, { pubsub: { messageSize } })))
    one.services.pubsub.subscribe('room')
    await two.services.pubsub.ready('room')
    await until(() => one.services.pubsub.getMeshPeers('room').length, 'a mesh')
    await fails('ERR_MESSAGE_TOO_LARGE', two.services.pubsub.publish('room', new Uint8Array(messageSize + 1)))
    const heard = eventOf(one.services.pubsub, 'message')
    await two.services.pubsub.publish('room', new Uint8Array(messageSize))
    equal((await heard).data.length, messageSize)
  })

  await test('a stream that comes together with its connection knows it', async (after) => {
    /** A socket of which all that comes in a while is one message. */
    class Lumping extends WebSocket {
      #pieces = []
      get onmessage() { return super.onmessage }
      set onmessage(tell) {
        super.onmessage = tell && (({ data }) => {
          if (this.#pieces.push(new Uint8Array(data)) === 1) setTimeout(() => this.onmessage && tell({ data: new Uint8Array(Buffer.concat(this.#pieces.splice(0))).buffer }), 50)
        })
      }
    }
    const at = await relay(after, peers.us), one = await node(after), two = await reserved(after, at, { WebSocket: Lumping })
    const known = new Promise((resolve) => two.handle(ECHO, ({ stream, connection }) => resolve([stream.connection, connection].map((each) => String(each?.remotePeer)))))
    await one.dialProtocol(two.getMultiaddrs(), ECHO, { signal: signal(), runOnLimitedConnection: true })
    equal(await known, [one.peerId, one.peerId].map(String))
  })

  await test('a connection that is being closed is chosen for nothing more: the peer is dialled again', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), two = await reserved(after, at)
    await serveEcho(two)
    const identified = eventOf(one, 'peer:identify', ({ peerId }) => peerId.equals(two.peerId))
    const before = await one.dial(two.getMultiaddrs(), { signal: signal() })
    await identified
    // Neither is waited for: the page has not heard of the end yet when it is asked for a stream.
    const closed = one.hangUp(two.peerId), stream = await one.dialProtocol(two.peerId, ECHO, { signal: signal() })
    check(stream.connection !== before, 'it is another connection')
    await echo(stream, bytes('hello'))
    await closed
    equal([before.status, one.getConnections(two.peerId).length], ['closed', 1])
  })

  await test('a limited circuit says so, and ends at its limit', async (after) => {
    const at = await relay(after, peers.us, { relay: { limited: true, data: 65536, duration: 60 } })
    const one = await reserved(after, at), two = await reserved(after, at)
    await serveEcho(two)
    await two.handle('/direct/1.0.0', () => {})
    const connection = await one.dial(two.getMultiaddrs(), { signal: signal() })
    check(connection.limited && connection.limits.bytes <= 65536 && connection.limits.seconds <= 60, JSON.stringify(connection.limits))
    await fails('ERR_LIMITED_CONNECTION', one.dialProtocol(two.peerId, ECHO))
    await fails('ERR_UNSUPPORTED_PROTOCOL', one.dialProtocol(two.peerId, '/direct/1.0.0', { runOnLimitedConnection: true }))
    const stream = await one.dialProtocol(two.peerId, ECHO, { runOnLimitedConnection: true })
    const before = connection.limits.bytes
    await echo(stream, bytes('little'))
    check(connection.limits.bytes < before, `${connection.limits.bytes} bytes left of ${before}`)
    const more = await one.dialProtocol(two.peerId, ECHO, { runOnLimitedConnection: true })
    const error = await fails('ERR_CIRCUIT_BYTES', echo(more, pattern(1 << 20)))
    equal(error.value, 65536)
    await until(() => !one.getConnections(two.peerId).length, 'the circuit to be closed')
    equal(one.getPeers().map(String), [at.id])
  })

  await test('a reader that does not read stops the writer', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), two = await reserved(after, at)
    let inbound
    await two.handle('/bulk/1.0.0', ({ stream }) => { inbound = stream }, { runOnLimitedConnection: true })
    const stream = await one.dialProtocol(two.getMultiaddrs(), '/bulk/1.0.0', { runOnLimitedConnection: true })
    const whole = pattern(16 << 20), writer = stream.writable.getWriter()
    let taken = 0
    const writing = (async () => {
      for (; taken < whole.length; taken += 65536) await writer.write(whole.subarray(taken, taken + 65536))
      await writer.close()
    })()
    let before = -1
    await until(async () => {
      before = taken
      await new Promise((resolve) => setTimeout(resolve, 500))
      return before === taken
    }, 'the writer to wait')
    check(taken > 65536 && taken < 8 << 20, `${taken} bytes were taken with nobody reading`)
    check((await one.ping(two.peerId)) > 0, 'others of the connection go on')
    const read = await readAll(inbound.readable)
    await writing
    check(Buffer.compare(read, whole) === 0, 'all of it arrives')
  })

  await test('abort, at every stage', async (after) => {
    const silent = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    after(() => silent.close())
    const at = await relay(after, peers.us), one = await node(after)
    const nowhere = `/ip4/127.0.0.1/tcp/${silent.address().port}/ws/p2p/12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw`
    const error = await fails('ABORT_ERR', one.dial(nowhere, { signal: AbortSignal.abort('why') }))
    equal([error.name, error.cause], ['AbortError', 'why'])
    const began = performance.now()
    await fails('ABORT_ERR', one.dial(nowhere, { signal: AbortSignal.timeout(200) }))
    check(performance.now() - began < 2000, 'at once')
    const { remotePeer } = await one.dial(at.address)
    await fails('ABORT_ERR', one.ping(remotePeer, { signal: AbortSignal.abort() }))
    await fails('ABORT_ERR', one.dialProtocol(remotePeer, ECHO, { signal: AbortSignal.abort() }))
    const stream = await one.dialProtocol(remotePeer, ECHO), reading = stream.readable.getReader().read(), cause = new Error('enough')
    stream.abort(cause)
    equal((await fails('ERR_ABORTED_LOCALLY', reading)).cause, cause)
    await fails('ERR_ABORTED_LOCALLY', stream.writable.getWriter().write(new Uint8Array(1)))
    equal([stream.status, one.getConnections()[0].streams], ['aborted', []])
    await echo(await one.dialProtocol(remotePeer, ECHO), bytes('the connection lives'))
  })

  await test('a writer that waits for its reader can be aborted', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), two = await reserved(after, at)
    await two.handle('/silent/1.0.0', () => new Promise(() => {}), { runOnLimitedConnection: true })
    const stream = await one.dialProtocol(two.getMultiaddrs(), '/silent/1.0.0', { runOnLimitedConnection: true })
    const writer = stream.writable.getWriter(), cause = new Error('enough')
    const writing = fails('ERR_ABORTED_LOCALLY', writer.write(pattern(16 << 20)))
    await new Promise((resolve) => setTimeout(resolve, 500))
    await writer.abort(cause)
    equal((await writing).cause, cause)
    equal([stream.status, stream.connection.streams], ['aborted', []])
    check((await one.ping(two.peerId)) > 0, 'others of the connection go on')
  })

  await test('what goes wrong has a code', async (after) => {
    const at = await relay(after, peers.us), one = await node(after)
    const other = '12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw'
    const wrong = await fails('ERR_WRONG_PEER', one.dial(at.address.replace(at.id, other)))
    equal(wrong.outcomes.length, 1)
    await fails('ERR_CONNECTION_LOST', one.dial(`/ip4/127.0.0.1/tcp/1/ws/p2p/${other}`))
    await fails('ERR_REFUSED_BY_RELAY', one.dial(`${at.address}/p2p-circuit/p2p/${other}`))
    await fails('ERR_UNSUPPORTED_PROTOCOL', one.dialProtocol(at.address, '/none/1.0.0'))
    const stream = await one.dialProtocol(at.id, ECHO)
    await stream.writable.getWriter().write('text').then(() => check(false, 'text was written'), () => {})
    await at.stop('SIGKILL')
    await until(() => !one.getPeers().length, 'the peer to be gone')
  })

  await test('a handler that throws resets its stream and is told of', async (after) => {
    const at = await relay(after, peers.us), one = await node(after)
    await one.handle('/throws/1.0.0', () => { throw new Error('by intent') })
    await one.dial(at.address)
    const reported = new Promise((resolve) => { globalThis.reportError = resolve })
    after(() => { delete globalThis.reportError })
    const open = () => at.call('open', { peerId: String(one.peerId), protocol: '/throws/1.0.0' }).catch(() => {})
    // While nobody listens, the page is told.
    await open()
    equal((await reported).message, 'by intent')
    globalThis.reportError = () => check(false, 'the page is told, too')
    const told = eventOf(one, 'error')
    await open()
    equal((await told).message, 'by intent')
  })

  await test('bytes that nobody reads are joined', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), two = await reserved(after, at)
    let inbound
    await two.handle('/drops/1.0.0', ({ stream }) => { inbound = stream }, { runOnLimitedConnection: true })
    const stream = await one.dialProtocol(two.getMultiaddrs(), '/drops/1.0.0', { runOnLimitedConnection: true })
    const whole = pattern(200_000), writer = stream.writable.getWriter()
    for (let at = 0; at < whole.length; at++) {
      await writer.write(whole.subarray(at, at + 1))
      // Each in a frame of its own: what waits in the writer would be joined there.
      if (at % 1000 === 0) await new Promise(setImmediate)
    }
    const closing = writer.close()
    await one.ping(two.peerId)
    let chunks = 0, count = 0
    for await (const chunk of inbound.readable) {
      check(chunk.every((byte, index) => byte === whole[count + index]), 'another byte')
      chunks += 1
      count += chunk.length
    }
    await closing
    equal(count, whole.length)
    check(chunks < 100, `${chunks} pieces`)
  })

  const SINK = '/sink/1.0.0'
  /** Serves what counts the bytes that come, as they should; how many there were is told at their end. */
  const sink = (made) => new Promise((resolve) => made.handle(SINK, async ({ stream }) => {
    const read = await readAll(stream.readable).catch((error) => error)
    resolve(read.code ?? (Buffer.compare(read, pattern(3_000_000)) === 0 ? 'all' : `${read.length} bytes`))
  }, { runOnLimitedConnection: true }))

  await test('what was written before the end arrives, also if the node stops then', async (after) => {
    const at = await relay(after, peers.us)
    for (const isClosed of [true, false]) {
      const one = await reserved(after, at), two = await reserved(after, at), whole = sink(two)
      const stream = await one.dialProtocol(two.getMultiaddrs(), SINK, { runOnLimitedConnection: true })
      const writer = stream.writable.getWriter()
      await writer.write(pattern(3_000_000))
      // A node that stops waits for an end that is on its way.
      const closing = writer.close()
      if (isClosed) await closing
      await one.stop()
      await closing
      equal(await whole, 'all', isClosed ? 'closed, then stopped' : 'stopped while closing')
    }
    const one = await node(after), { remotePeer } = await one.dial(at.address)
    const stream = await one.dialProtocol(remotePeer, ECHO), echoed = readAll(stream.readable)
    await stream.writable.getWriter().write(bytes('to the relay itself'))
    await stream.closeWrite()
    equal(text(await echoed), 'to the relay itself')
  })

  await test('an end that never arrives is told, and no node waits for it', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), two = await reserved(after, at)
    await two.handle('/silent/1.0.0', () => new Promise(() => {}), { runOnLimitedConnection: true })
    const stream = await one.dialProtocol(two.getMultiaddrs(), '/silent/1.0.0', { runOnLimitedConnection: true })
    const writer = stream.writable.getWriter()
    // More than the remote lets in, and less than the writer waits for.
    await writer.write(pattern(400 << 10))
    const closing = fails('ERR_CLOSED', writer.close()), began = performance.now()
    await one.stop()
    const took = performance.now() - began
    await closing
    check(took > 1900 && took < 8000, `stopped after ${took} ms`)
    await one.start()
    equal(one.status, 'started')
  })

  await test('a node that stops lets nothing wait', async (after) => {
    const at = await relay(after, peers.us), one = await node(after)
    await one.dial(at.address)
    const stream = await one.dialProtocol(at.id, ECHO), reading = stream.readable.getReader().read(), told = []
    for (const type of ['connection:close', 'peer:disconnect', 'stop']) one.addEventListener(type, () => told.push(type))
    const failing = fails('ERR_CLOSED', reading)
    await one.stop()
    await failing
    equal([told, one.getConnections(), one.getPeers()], [['connection:close', 'peer:disconnect', 'stop'], [], []])
    await at.event('peer:disconnect')
  })

  await test('after the machine slept, the living connection stays and what is due is done', async (after) => {
    const at = await relay(after, peers.us), one = await reserved(after, at), { now } = Date
    after(() => { Date.now = now })
    const refreshed = eventOf(one, 'reservation', ({ state }) => state === 'refreshed')
    Date.now = () => now() + 3_000_000
    check((await one.ping(at.id)) < 10_000, 'a ping does not count the sleep')
    await refreshed
    equal([one.getPeers().map(String), one.getMultiaddrs().length], [[at.id], 1])
  })

  await test('a place at a relay can be asked for, and given up', async (after) => {
    const at = await relay(after, peers.us), one = await node(after)
    const made = await one.reserve(at.address, { signal: signal() })
    equal([made.state, String(made.relay), made.expires > new Date()], ['made', at.id, true])
    await until(() => one.getMultiaddrs().length === 1, 'an address')
    await one.release(at.id)
    await until(() => one.getMultiaddrs().length === 0, 'no address')
    const none = await relay(after, peers.us, { relay: undefined })
    const error = await fails('ERR_UNSUPPORTED_PROTOCOL', one.reserve(none.address, { signal: signal() }))
    check(error.message, 'it says what')
  })

  if (peers.js) {
    await test('js-libp2p behind the same relay, both ways', async (after) => {
      const at = await relay(after, peers.us), one = await reserved(after, at)
      await serveEcho(one)
      const js = await Peer.start(peers.js, { listen: [`${at.address}/p2p-circuit`] })
      after(() => js.stop())
      const address = (await js.call('addrs')).addrs.find((each) => each.includes('/p2p-circuit'))
      await echo(await one.dialProtocol(address, ECHO, { runOnLimitedConnection: true, signal: signal() }), pattern(300_000))
      check((await one.ping(js.id)) > 0, 'ping')
      const answer = await js.call('echo', { peerId: String(one.peerId), bytes: 300_000, allowLimited: true })
      check(answer.matched, 'its echo')
    })
  }
}
