// Streams that go on over another connection: the machine by itself over lines that break, then pages and a native peer.
import { makeResumables } from '../../Web/causeway/resumable/resumables.js'
import { ResumptionFault, answer, confirmedFrame, dataFrame, endFrame, opening, readAnswer, readOpening, resetFrame }
  from '../../Web/causeway/resumable/frames.js'
import { Resumption, WINDOW } from '../../Web/causeway/resumable/resumption.js'
import { check, equal, fails, pattern, readAll, test, until } from './cases.mjs'
import { Peer } from './peer.mjs'

const ECHO = '/causeway-test/echo/1.0.0'
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const same = (one, other, what = 'the bytes') => check(Buffer.compare(one, other) === 0, `${what}: ${one.length} of ${other.length}, or others`)

/** mulberry32 */
function random(seed) {
  return (below) => {
    seed = seed + 0x6d2b79f5 | 0
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return ((t ^ t >>> 14) >>> 0) % below
  }
}

function faulty(what, act) {
  try { act() } catch (error) {
    return check(error instanceof ResumptionFault, `${what}: ${error.stack}`)
  }
  throw new Error(`${what} was taken`)
}

/** Two ends, a line between them that loses what is on its way when it breaks, and what each has to say. */
function brokenLine(seed) {
  const next = random(seed), sizes = [next(300_000), next(3) ? next(300_000) : 0]
  const ends = sizes.map((size) => ({ machine: new Resumption(), says: pattern(size), at: 0, heard: [], held: 0, line: [] }))
  const step = (one, other) => {
    if (one.at < one.says.length && one.machine.unconfirmed < WINDOW) {
      const size = 1 + next(20_000)
      one.machine.write(one.says.subarray(one.at, one.at + size))
      one.at = Math.min(one.says.length, one.at + size)
    } else if (one.at === one.says.length) one.machine.finish()
    for (let i = next(4); i > 0; i--) {
      const output = one.machine.nextOutput()
      if (output) other.line.push(output)
    }
    for (let i = next(4); i > 0 && one.line.length; i--) {
      const chunk = one.line.shift(), cut = 1 + next(chunk.length)
      for (const part of [chunk.subarray(0, cut), chunk.subarray(cut)]) {
        one.machine.receive(part, (bytes) => { one.heard.push(bytes.slice()); one.held += bytes.length })
      }
    }
    if (one.held && next(2)) {
      one.machine.consume(one.held)
      one.held = 0
    }
    if (!next(10)) one.machine.confirmNow()
  }
  const [left, right] = ends
  for (let turns = 0; turns < 20_000 && !ends.every((one) => one.machine.isComplete); turns++) {
    if (next(2)) step(left, right)
    else step(right, left)
    if (turns > 2000 || next(40)) continue
    for (const one of ends) one.line = []
    const [a, b] = ends.map((one) => one.machine.received)
    left.machine.resume(b)
    right.machine.resume(a)
  }
  for (const [one, other] of [[left, right], [right, left]]) {
    check(one.machine.isComplete, 'it did not end')
    same(Buffer.concat(one.heard), other.says)
  }
}

async function machine() {
  await test('resumable: what is said is written as docs/resumable.md has it', () => {
    const token = Uint8Array.from({ length: 16 }, (_, index) => index)
    equal(hex(opening({ isNew: true, token, received: 0 })), `00${hex(token)}${'00'.repeat(8)}`)
    const again = opening({ isNew: false, token, received: 2 ** 33 + 5 })
    equal(hex(again), `01${hex(token)}0000000200000005`)
    equal([readOpening(again).isNew, hex(readOpening(again).token), readOpening(again).received], [false, hex(token), 2 ** 33 + 5])
    equal(hex(answer(2, 7)), '020000000000000007')
    equal(readAnswer(answer(0, 70_000)), { status: 0, received: 70_000 })
    equal([confirmedFrame(258), endFrame(), resetFrame()].map(hex), ['010000080000000000000102', '02000000', '0300000400000000'])
    equal(hex(dataFrame([Uint8Array.of(1, 2), Uint8Array.of(3, 4)], 1, 2)), '000000020203')
  })

  await test('resumable: nothing is lost or said twice over lines that break', () => {
    for (let seed = 1; seed <= 60; seed++) {
      try { brokenLine(seed) } catch (error) { throw new Error(`seed ${seed}: ${error.stack}`) }
    }
  })

  await test('resumable: what a remote must not say is a fault', () => {
    for (const bad of ['', '02' + '00'.repeat(24), '00'.repeat(26)]) faulty(`the opening ${bad}`, () => readOpening(Buffer.from(bad, 'hex')))
    for (const bad of ['00', '04' + '00'.repeat(8)]) faulty(`the answer ${bad}`, () => readAnswer(Buffer.from(bad, 'hex')))
    for (const bad of ['04000000', '00000000', '0000fffd', '01000007', '02000001', '03000005', 'ff000000', '0200000000000001ff']) {
      faulty(`the frame ${bad}`, () => new Resumption().receive(Buffer.from(bad, 'hex'), () => {}))
    }
    for (const far of [1, 2 ** 60]) {
      faulty(`the position ${far}`, () => new Resumption().receive(confirmedFrame(far), () => {}))
      faulty(`the position ${far}`, () => new Resumption().resume(far))
    }
    const unread = new Resumption(), frame = dataFrame([new Uint8Array(1 << 16)], 0, 65_532)
    faulty('more than a window', () => { for (let i = 0; i < 17; i++) unread.receive(frame, () => {}) })
    const writer = new Resumption()
    writer.write(new Uint8Array(3 * WINDOW))
    let sent = 0
    for (let output; (output = writer.nextOutput());) sent += output.length - 4
    equal(sent, WINDOW, 'a window at most is sent')
  })
}

/** A stream to `to`, over which `data` goes in pieces and comes back; `between` is called after each piece. */
async function echo(stream, data, piece, between) {
  const answer = readAll(stream.readable), writer = stream.writable.getWriter()
  for (let at = 0; at < data.length; at += piece) {
    await writer.write(data.subarray(at, at + piece))
    await between?.(at / piece)
  }
  await writer.close()
  same(await answer, data)
}

export async function resumable({ createNode, CausewayError }, testpeer) {
  await machine()
  const native = async (after, more) => {
    const peer = await Peer.start([testpeer], { listen: ['/ip4/127.0.0.1/tcp/0/ws'], ...more })
    after(() => peer.stop())
    return peer
  }
  const page = async (after, options) => {
    const made = await createNode(options)
    after(() => made.stop())
    return made
  }
  const data = pattern(3_000_000)

  await test('resumable: a page opens a stream to a native peer, and loses its connection three times', async (after) => {
    const peer = await native(after), node = await page(after)
    const stream = await node.dialProtocol(peer.addresses[0], ECHO, { resumable: true }), first = stream.connection
    equal([stream.resumable, stream.protocol, stream.direction], [true, ECHO, 'outbound'])
    await echo(stream, data, 300_000, (index) => index % 3 === 1 && stream.connection.close())
    check(stream.connection !== first, 'another connection carries it')
    await until(() => stream.status === 'closed', 'its end')
  })

  await test('resumable: a native peer opens a stream to a page, over a relay, and loses its connection', async (after) => {
    const relay = await native(after, { relay: { limited: false } }), peer = await native(after), node = await page(after, { relays: relay.addresses })
    const seen = []
    await node.handle(ECHO, async ({ stream }) => {
      seen.push([stream.resumable, stream.protocol, stream.direction])
      await stream.readable.pipeTo(stream.writable)
    }, { resumable: true, runOnLimitedConnection: true })
    const [address] = (await node.ready()).map(String)
    const done = peer.call('echo', { addr: address, bytes: 30_000_000, resumable: true, allowLimited: true })
    for (let i = 0; i < 3; i++) {
      await until(() => node.getConnections(peer.id).some((one) => one.streams.length), 'a stream')
      await new Promise((resolve) => setTimeout(resolve, 30))
      await Promise.all(node.getConnections(peer.id).map((one) => one.close()))
    }
    equal([(await done).matched, seen], [true, [[true, ECHO, 'inbound']]])
  })

  await test('resumable: with a peer that serves it otherwise, the stream is an ordinary one', async (after) => {
    const relay = await native(after, { relay: { limited: false } }), one = await page(after, { relays: relay.addresses }), other = await page(after)
    await one.handle('/plain/1', ({ stream }) => stream.readable.pipeTo(stream.writable))
    const [to] = await one.ready(), stream = await other.dialProtocol(to, '/plain/1', { resumable: true })
    equal([stream.resumable, stream.protocol], [undefined, '/plain/1'])
    await echo(stream, data.subarray(0, 1000), 1000)
    await fails('ERR_UNSUPPORTED_PROTOCOL', other.dialProtocol(to, '/none/1', { resumable: true }))
    await one.unhandle('/plain/1')
    equal(one.getProtocols(), [])
  })

  await test('resumable: an abort reaches the other side, a handler that fails is told, and close waits for the reader', async (after) => {
    const relay = await native(after, { relay: { limited: false } }), one = await page(after, { relays: relay.addresses }), other = await page(after)
    const streams = [], errors = []
    one.addEventListener('error', ({ detail }) => errors.push(detail.message))
    const handler = ({ stream }) => {
      if (streams.push(stream) === 2) throw new Error('no, thanks')
    }
    await one.handle('/keep/1', handler, { resumable: true })
    const [to] = await one.ready(), open = () => other.dialProtocol(to, '/keep/1', { resumable: true })
    const first = await open()
    await until(() => streams.length === 1, 'a stream')
    first.abort(new Error('enough'))
    await fails('ERR_RESET', readAll(streams[0].readable))
    equal([first.status, streams[0].status], ['aborted', 'reset'])
    const second = await open()
    await fails('ERR_RESET', readAll(second.readable))
    await until(() => errors.length, 'the error of the handler')
    equal(errors, ['no, thanks'])
    const third = await open(), writer = third.writable.getWriter()
    writer.write(data.subarray(0, 70_000))
    let isClosed = false
    const closed = writer.close().then(() => { isClosed = true })
    await until(() => streams.length === 3, 'a stream')
    await new Promise((resolve) => setTimeout(resolve, 300))
    check(!isClosed, 'nobody has read it')
    equal((await readAll(streams[2].readable)).length, 70_000)
    await streams[2].close()
    await closed
    await until(() => [third, streams[2]].every((each) => each.status === 'closed'), 'both ends')
  })

  await test('resumable: a stopped node ends its streams, and what was finished arrives before', async (after) => {
    const relay = await native(after, { relay: { limited: false } }), one = await page(after, { relays: relay.addresses }), other = await page(after)
    const heard = []
    await one.handle('/keep/1', async ({ stream }) => { heard.push(await readAll(stream.readable)) }, { resumable: true })
    const [to] = await one.ready(), stream = await other.dialProtocol(to, '/keep/1', { resumable: true })
    const idle = await other.dialProtocol(to, '/keep/1', { resumable: true }), failure = fails('ERR_STOPPED', readAll(idle.readable))
    stream.send(data.subarray(0, 50_000))
    stream.close().catch(() => {})
    await other.stop()
    await failure
    await until(() => heard.length, 'what was written')
    same(heard[0], data.subarray(0, 50_000))
  })

  await test('resumable: a peer has so many streams, and no more', async (after) => {
    const relay = await native(after, { relay: { limited: false } }), one = await page(after, { relays: relay.addresses }), other = await page(after)
    await one.handle('/keep/1', () => {}, { resumable: true })
    const [to] = await one.ready(), streams = []
    for (let i = 0; i < 16; i++) streams.push(await other.dialProtocol(to, '/keep/1', { resumable: true }))
    await other.dialProtocol(to, '/keep/1', { resumable: true }).then(async (stream) => {
      const error = await fails('ERR_RESUMPTION', readAll(stream.readable))
      check(/as many resumable streams as it allows/.test(error.message), error.message)
    })
    equal(streams.map((stream) => stream.status), Array(16).fill('open'))
  })

  await test('resumable: a stream that nobody carries ends in time, and says what was not delivered', async (after) => {
    const { setTimeout: later } = globalThis, { now } = Date
    let time = 0
    after(() => Object.assign(globalThis, { setTimeout: later }) && Object.assign(Date, { now }))
    Date.now = () => time
    globalThis.setTimeout = (act, milliseconds = 0) => later(() => { time += milliseconds; act() })
    // A connection that ends behind the answer, and then nobody who answers.
    let dials = 0
    const connection = { remotePeer: 'somebody', direct: true }
    const node = Object.assign(new EventTarget(), {
      getConnections: () => [], ping: async () => {},
      async dialProtocol(to, [protocol]) {
        if (dials++) throw new CausewayError('ERR_UNREACHABLE')
        const closing = new AbortController()
        const readable = new ReadableStream({ start(input) { input.enqueue(answer(0)); later(() => { input.error(new Error('gone')) }, 20) } })
        return { protocol, connection, readable, writable: new WritableStream(), status: 'open', abort: () => closing.abort() }
      },
    })
    const made = (commands, forget, id, protocol) => {
      const told = { received() {}, finished() {}, writable() {}, delivered() {}, stream: { protocol } }
      told.end = (error) => { told.error = error }
      Object.assign(told, { commands })
      made.last = told
      return told
    }
    const stream = await makeResumables(node, { makeStream: made, failure: (code) => new CausewayError(code), CausewayError })
      .open('somebody', ['/file/1'], { resumable: true })
    made.last.commands.command(13, 0, 0, new Uint8Array(5000))
    await until(() => made.last.error, 'its end')
    const { code, message, undelivered } = made.last.error
    equal([code, undelivered, stream.protocol], ['ERR_RESUMPTION', 5000, '/file/1'])
    check(/no connection carried it for 30 s; 5000 bytes were not delivered/.test(message), message)
    check(dials > 20 && dials < 60, `${dials} dials`)
  })
}
