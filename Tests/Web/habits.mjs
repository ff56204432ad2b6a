// What users of js-libp2p expect, and what they are told when they expect too much.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { check, equal, eventOf, fails, pattern, readAll, test, until } from './cases.mjs'
import { Peer } from './peer.mjs'

const stranger = '12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw'
const LIMITED = { runOnLimitedConnection: true }
const bytes = (words) => new TextEncoder().encode(words), text = (data) => new TextDecoder().decode(data)

/** What is written on the console meanwhile, by these of its functions. */
async function written(names, act) {
  const before = names.map((name) => console[name]), lines = []
  for (const name of names) console[name] = (...words) => lines.push(words.join(' '))
  try { await act() } finally { names.forEach((name, index) => { console[name] = before[index] }) }
  return lines
}

/** A server of HTTP on a port of its own. */
async function serve(after, answer, upgrade) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  if (upgrade) server.on('upgrade', upgrade)
  after(() => server.closeAllConnections?.() ?? server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${server.address().port}`
}

export async function habits(causeway, dist, testpeer) {
  const { createNode, createLibp2p } = causeway
  const node = async (after, options = {}, create = createNode) => {
    const made = await create(options)
    after(() => made.stop())
    return made
  }
  const relay = async (after, more = {}) => {
    const listen = ['/ip4/127.0.0.1/tcp/0/ws']
    const peer = await Peer.start([testpeer], { listen, relay: { limited: false }, pubsub: { enabled: true }, ...more })
    after(() => peer.stop())
    return Object.assign(peer, { address: peer.addresses[0] })
  }
  /** Two nodes behind a relay, one of which serves `protocol`. */
  const pair = async (after, protocol, handler, options = LIMITED, more = {}) => {
    const at = await relay(after, more), one = await node(after), two = await node(after, { relays: at.address })
    await two.handle(protocol, handler, options)
    const [address] = await two.ready()
    return { at, one, two, address, open: () => one.dialProtocol(address, protocol, LIMITED) }
  }

  for (const [name, expected] of [
    ['echo', ['hello world', undefined, false]], ['chunks', ['10000000', true]], ['pubsub', ['room: hello', true]],
  ]) {
    await test(`js-libp2p's habits: ${name}.mjs runs with its import changed`, async (after) => {
      const at = await relay(after), folder = await mkdtemp(join(tmpdir(), 'causeway-'))
      after(() => rm(folder, { recursive: true }))
      if (name === 'pubsub') await at.call('subscribe', { topic: 'room' })
      const builtIn = 'noise yamux circuitRelayTransport identify webRTC webSockets gossipsub ping'.split(' ')
      await writeFile(join(folder, 'builtin.mjs'), builtIn.map((one) => `export const ${one} = () => () => ({})\n`).join(''))
      const source = await readFile(new URL(`snippets/${name}.mjs`, import.meta.url), 'utf8'), file = join(folder, `${name}.mjs`)
      await writeFile(file, source.replace("'libp2p'", `'${pathToFileURL(`${dist}/causeway.js`)}'`)
        .replace(/'@(libp2p|chainsafe)\/.*'/g, "'./builtin.mjs'"))
      const { run } = await import(pathToFileURL(file))
      let result
      await written(['warn', 'info'], async () => { result = await run(at.address) })
      equal(result, expected)
    })
  }

  await test('a handler takes a stream and its connection, or both in one', async (after) => {
    const seen = []
    const { two, one, address } = await pair(after, '/two/1.0.0', (stream, connection) => { seen.push([stream.protocol, connection]) })
    await two.handle('/one/1.0.0', ({ stream, connection }) => { seen.push([stream.protocol, connection]) }, LIMITED)
    for (const protocol of ['/two/1.0.0', '/one/1.0.0']) await one.dialProtocol(address, protocol, LIMITED)
    await until(() => seen.length === 2, 'both handlers')
    for (const [protocol, connection] of seen) equal([/two|one/.test(protocol), String(connection.remotePeer)], [true, String(one.peerId)])
  })

  await test('send says when to wait, and messages are told in order, then the end', async (after) => {
    const told = [], whole = pattern(3_000_000)
    let count = 0
    const { open } = await pair(after, '/messages/1.0.0', (stream) => {
      stream.addEventListener('message', ({ data }) => {
        if (data.some((byte, index) => byte !== whole[count + index])) told.push('another byte')
        count += data.length
      })
      for (const type of ['remoteCloseWrite', 'close']) {
        stream.addEventListener(type, ({ error, local }) => told.push(`${type} ${count} ${error?.code ?? ''}${local ?? ''}`))
      }
      stream.addEventListener('remoteCloseWrite', () => stream.close())
    })
    const stream = await open()
    await stream.onDrain()
    let drains = 0
    stream.addEventListener('drain', () => { drains += 1 })
    for (let at = 0; at < whole.length; at += 100_000) {
      if (!stream.send(whole.slice(at, at + 100_000))) await stream.onDrain()
    }
    await stream.close()
    await fails('ERR_CLOSED', () => stream.send(bytes('more')))
    await until(() => told.length === 2, 'the end')
    equal(told, ['remoteCloseWrite 3000000 ', 'close 3000000 false'])
    check(drains > 0, 'it drained')
  })

  await test('what is iterated can be left and taken up again; a close leaves the rest to be read', async (after) => {
    const { open } = await pair(after, '/answers/1.0.0', async (stream) => {
      const asked = text(await readAll(stream.readable))
      for (const word of ['one ', 'two ', asked]) {
        stream.send(bytes(word))
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await stream.close()
    })
    const stream = await open()
    stream.send(bytes('three'))
    await stream.close()
    let first = '', rest = ''
    for await (const chunk of stream) {
      first = text(chunk)
      break
    }
    for await (const chunk of stream) rest += text(chunk)
    equal(first + rest, 'one two three')
    // What is not wanted does not stop the remote.
    const other = await open()
    other.send(bytes('!'))
    await other.close()
    await other.closeRead()
    await until(() => other.status === 'closed', 'its end')
  })

  await test('a stream that is aborted tells both sides, and who waits to send', async (after) => {
    const ended = []
    const { open } = await pair(after, '/abort/1.0.0', (stream) => {
      stream.addEventListener('close', ({ error, local }) => ended.push([error.code, local, error.message.includes('/abort/1.0.0')]))
    })
    const stream = await open(), told = new Promise((resolve) => stream.addEventListener('close', resolve))
    while (stream.send(pattern(1 << 20)));
    const waiting = fails('ERR_ABORTED_LOCALLY', stream.onDrain())
    await fails('ABORT_ERR', stream.onDrain({ signal: AbortSignal.timeout(50) }))
    stream.abort(new Error('enough'))
    const { error, local } = await told
    equal([error.code, local, (await waiting).message], ['ERR_ABORTED_LOCALLY', true, 'this side aborted the stream /abort/1.0.0'])
    await until(() => ended.length, 'the other side')
    equal(ended, [['ERR_RESET', false, true]])
  })

  await test('ready waits for a place at a relay, and says why there is none', async (after) => {
    const at = await relay(after), one = await node(after, { relays: at.address })
    equal((await one.ready()).map(String), one.getMultiaddrs().map(String))
    check(one.getMultiaddrs().length, 'a place')
    equal(await (await node(after)).ready(), [])
    // The commonest mistake: a relay that has a new id since the address was copied.
    const stale = at.address.replace(at.id, stranger), lost = await node(after, { relays: [stale] })
    const failed = eventOf(lost, 'reservation', ({ state }) => state === 'failed')
    const told = [await fails('ERR_WRONG_PEER', lost.ready()), (await failed).error, await fails('ERR_WRONG_PEER', one.reserve(stale))]
    for (const error of told) {
      equal(error.outcomes.map(({ address, code }) => [String(address), code]), [[stale.replace(/\/p2p\/.*/, ''), 'ERR_WRONG_PEER']])
      check(error.message.includes(stranger) && error.message.includes('keep its key'), error.message)
    }
    await fails('ABORT_ERR', (await node(after, { relays: [stale] })).ready({ signal: AbortSignal.abort() }))
    const stopped = await node(after, { relays: [stale], start: false })
    await fails('ERR_STOPPED', stopped.ready())
  })

  await test('ready waits for subscribers of a topic', async (after) => {
    const at = await relay(after), one = await node(after, { relays: at.address }), { pubsub } = one.services
    await one.ready()
    const none = await fails('ERR_NO_SUBSCRIBERS', pubsub.publish('room', bytes('hello')))
    check(/publish to room.*pubsub\.ready/.test(none.message), none.message)
    const waiting = pubsub.ready('room')
    await at.call('subscribe', { topic: 'room' })
    equal((await waiting).map(String), [at.id])
    equal((await pubsub.publish('room', bytes('hello'))).recipients, 1)
    const late = await fails('ABORT_ERR', pubsub.ready('nobody', { signal: AbortSignal.timeout(50) }))
    check(late.message.includes('nobody'), late.message)
  })

  await test('errors say what, with whom and what to do', async (after) => {
    const { at, one, two, address, open } = await pair(after, '/open/1.0.0', () => {}, LIMITED,
      { relay: { limited: true, data: 65536, duration: 60 } })
    const says = async (code, act, ...patterns) => {
      const { message } = await fails(code, act)
      for (const one of patterns) check(message.includes(one), `${message}: without ${one}`)
    }
    await says('ERR_UNSUPPORTED_PROTOCOL', one.dialProtocol(at.address, ['/none/1.0.0', '/nor/1.0.0']), '/none/1.0.0 or /nor/1.0.0', at.id)
    await says('ERR_INVALID_ARGUMENT', one.dialProtocol(at.address), 'a protocol')
    await open()
    await says('ERR_LIMITED_CONNECTION', one.dialProtocol(two.peerId, '/open/1.0.0'), String(two.peerId), 'runOnLimitedConnection')
    const refused = await fails('ERR_REFUSED_BY_RELAY', one.dial(`${at.address}/p2p-circuit/p2p/${stranger}`))
    check(/status 204: the peer has no place there/.test(refused.message), refused.message)
    equal(refused.outcomes[0].result, 'the relay refused with status 204: the peer has no place there')
    await says('ERR_CONNECTION_LOST', one.dial(`/ip4/127.0.0.1/tcp/1/ws/p2p/${stranger}`), stranger, 'nothing answers there as a peer')
    await says('ERR_NOT_CONNECTED', one.ping(stranger), stranger, 'none of its addresses is known')
    await says('ERR_INVALID_ADDRESS', one.dial('wss://relay.example'), '/dns4/relay.example/tcp/443/wss/p2p/')
    await says('ERR_MESSAGE_TOO_LARGE', one.services.pubsub.publish('room', new Uint8Array(3 << 20)), 'room', 'bytes')
    const stream = await open(), failing = fails('ERR_CIRCUIT_BYTES', readAll(stream.readable))
    stream.send(pattern(1 << 20))
    const { message } = await failing
    check(message.includes('/open/1.0.0') && message.includes(String(two.peerId)) && message.includes('65536 bytes'), message)
    check(address.toString().includes(at.id), 'by the relay')
  })

  await test('a limit that is reached has its name', async (after) => {
    const at = await relay(after), one = await node(after), { remotePeer } = await one.dial(at.address)
    const all = await Promise.allSettled(Array.from({ length: 300 }, () => one.dialProtocol(remotePeer, '/causeway-test/echo/1.0.0')))
    const { reason } = all.find(({ status }) => status === 'rejected')
    equal([reason.code, reason.value], ['ERR_LIMIT', 256])
    check(reason.message.endsWith('a limit of this node was reached: 256 (streams awaiting accept)'), reason.message)
  })

  await test('what a handler throws is reported, be it one of our own errors', async (after) => {
    const { open } = await pair(after, '/throws/1.0.0', (stream) => stream.send('text'))
    const reported = new Promise((resolve) => { globalThis.reportError = resolve })
    after(() => { delete globalThis.reportError })
    await open()
    const error = await reported
    equal(error.code, 'ERR_INVALID_ARGUMENT')
    check(error.message.includes('not string'), error.message)
  })

  await test('options that do not exist are named, once', async (after) => {
    const lines = await written(['warn'], async () => {
      for (let times = 0; times < 2; times++) await node(after, { relay: 'x', bootstrap: [], pubsub: true })
    })
    equal(lines.length, 1)
    check(/relay, bootstrap;.*relays/.test(lines[0]), lines[0])
    const passed = await written(['warn'], async () => {
      const configuration = { datastore: {}, metrics: 1, services: { dcutr: () => {} }, addresses: { listen: [], announce: [] } }
      await node(after, configuration, createLibp2p)
    })
    for (const name of ['datastore', 'metrics', 'services.dcutr', 'addresses.announce']) check(passed[0].includes(name), passed[0])
  })

  await test('a js-libp2p key is the same peer', async (after) => {
    const raw = new Uint8Array(64)
    raw.set(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes('7'))))
    const made = await node(after, { privateKey: { type: 'Ed25519', raw } }, createLibp2p)
    equal(String(made.peerId), '12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr')
    await fails('ERR_INVALID_KEY', createLibp2p({ privateKey: { type: 'secp256k1', raw: raw.slice(0, 32) } }))
  })

  await test('relays are text, or the URL at which a relay says who it is', async (after) => {
    const at = await relay(after), port = Number(/tcp\/(\d+)/.exec(at.address)[1])
    const answer = ({ url }, response) => url === '/relay.json'
      ? response.setHeader('content-type', 'application/json').end(JSON.stringify({ peerId: at.id })) : response.writeHead(404).end()
    const home = await serve(after, answer, (request, socket, head) => {
      const to = connect(port, '127.0.0.1', () => {
        to.write(`GET / HTTP/1.1\r\n${Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
        to.write(head)
        socket.pipe(to).pipe(socket)
      })
      for (const each of [to, socket]) each.on('error', () => each.destroy())
      socket.on('close', () => to.destroy())
      to.on('close', () => socket.destroy())
    })
    for (const relays of [home, [`${home}/status`]]) {
      const one = await node(after, { relays })
      await one.ready()
      equal(one.getConnections().map((each) => String(each.remoteAddr)), [`/ip4/127.0.0.1/tcp/${new URL(home).port}/ws/p2p/${at.id}`])
    }
    const page = await serve(after, (request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'))
    const words = `no relay says at ${page}/relay.json who it is: status 200, text/html`
    equal((await fails('ERR_UNREACHABLE', createNode({ relays: page }))).message, words)
    await fails('ERR_UNREACHABLE', createNode({ relays: 'https://' }))
    // One of two is enough.
    const lines = await written(['warn'], async () => { await (await node(after, { relays: [page, home] })).ready() })
    equal(lines, [words])
  })

  await test('a module that does not come is named, with what came instead', async (after) => {
    const home = await serve(after, ({ url }, response) => {
      if (url === '/missing.wasm') response.writeHead(404, { 'content-type': 'text/plain' }).end('no')
      else response.setHeader('content-type', 'text/html').end('<!doctype html>')
    })
    for (const [name, came] of [['missing.wasm', 'status 404, text/plain came instead'], ['app', 'status 200, text/html came instead']]) {
      const { message } = await fails('ERR_WASM', createNode({ wasm: `${home}/${name}` }))
      check(message.includes(`${home}/${name}`) && message.includes(came) && message.includes('option wasm'), message)
    }
  })
}
