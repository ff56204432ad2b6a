// What needs no other peer: names, options, and a module that fails.
import { check, equal, eventOf, fails, test } from './cases.mjs'

const peer = '12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr'
const cid = 'bafzaajaiaejcbcxouusasyp3btljzgvvubokhjzerqr6lul5obqibcvdtfyp7lfn'
const hashed = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
const hashedCID = 'bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe'
const seven = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('7')))

/** Sets properties of the global object while `body` runs. */
async function withGlobals(values, body) {
  const before = Object.entries(values).map(([name]) => [name, Object.getOwnPropertyDescriptor(globalThis, name)])
  for (const name in values) Object.defineProperty(globalThis, name, { value: values[name], configurable: true, writable: true })
  try { return await body() } finally {
    for (const [name, one] of before) one ? Object.defineProperty(globalThis, name, one) : delete globalThis[name]
  }
}

export async function local({ createNode, multiaddr, peerIdFromString }) {
  await test('peer ids are values', async () => {
    const one = peerIdFromString(peer)
    equal([String(one), one.equals(peer), one.equals(peerIdFromString(peer))], [peer, true, true])
    equal([one.equals('12D3'), one.equals(null)], [false, false])
    equal({ one }, { one: peer })
    equal(String(peerIdFromString(cid)), peer)
    equal(String(peerIdFromString(hashedCID)), hashed)
    for (const bad of ['', 'x', 'bafzaaj', peer.slice(1), peer + '/p2p', peer.slice(0, 30), undefined, null, 7, {}]) {
      await fails('ERR_INVALID_PEER', () => peerIdFromString(bad))
    }
  })

  await test('addresses are read, and bad ones refused', async () => {
    for (const good of [`/dns4/relay.example/tcp/443/wss/p2p/${peer}`, '/ip6/::1/tcp/1/tls/sni/a.b/ws', `/p2p/${peer}/p2p-circuit`,
      '/ip4/1.2.3.4/udp/1/quic-v1/webtransport']) equal(String(multiaddr(good)), good)
    equal(multiaddr(`/ip4/1.2.3.4/tcp/1/p2p/${peer}`).getPeerId(), peer)
    // A CID becomes base58, wherever in an address it stands.
    equal(String(multiaddr(`/ip4/1.2.3.4/tcp/1/ws/p2p/${cid}/p2p-circuit/p2p/${hashedCID}`)),
      `/ip4/1.2.3.4/tcp/1/ws/p2p/${peer}/p2p-circuit/p2p/${hashed}`)
    equal(multiaddr(`/p2p/${hashedCID}`).getPeerId(), hashed)
    equal(multiaddr(`/p2p/${hashed}`).getPeerId(), hashed)
    equal(multiaddr('/ip4/1.2.3.4/tcp/1').getPeerId(), null)
    for (const bad of ['', '/', 'ip4/1.2.3.4', '/ip4', '/ip4/256.1.1.1', '/ip4/1.2.3', '/ip6/1.2.3.4', '/tcp/65536', '/tcp/-1', '/tcp/x',
      '/nonsense/1', '/p2p/x', `/p2p/${cid}7`, '/ip4/1.2.3.4/tcp/1/', null, undefined, 7, {}]) {
      await fails('ERR_INVALID_ADDRESS', () => multiaddr(bad))
    }
  })

  await test('a seed gives the peer id that it gives elsewhere', async (after) => {
    const node = await createNode({ key: seven })
    after(() => node.stop())
    equal([String(node.peerId), node.status, node.getMultiaddrs()], [peer, 'started', []])
  })

  await test('options that cannot be are refused, each with its code', async () => {
    await fails('ERR_INVALID_KEY', createNode({ key: new Uint8Array(31) }))
    await fails('ERR_INVALID_KEY', createNode({ key: 'x' }))
    for (const messageSize of [0, -1, 2 ** 24 + 1, 'large', NaN]) await fails('ERR_INVALID_ARGUMENT', createNode({ pubsub: { messageSize } }))
    await fails('ERR_UNSUPPORTED_LISTEN', createNode({ addresses: { listen: ['/ip4/0.0.0.0/tcp/1/ws'] } }))
    await fails('ERR_INVALID_ARGUMENT', createNode({ addresses: { listen: ['/p2p-circuit'] } }))
    await fails('ERR_NOT_RELAY_ADDRESS', createNode({ relays: ['/ip4/1.2.3.4/tcp/1/ws'] }))
    await fails('ERR_UNSUPPORTED_TRANSPORT', createNode({ relays: [`/ip4/1.2.3.4/tcp/1/p2p/${peer}`] }))
    await fails('ERR_INVALID_ADDRESS', createNode({ relays: ['relay.example'] }))
    await fails('ERR_WASM', createNode({ wasm: new Uint8Array([0, 97, 115, 109]) }))
    await fails('ERR_WASM', createNode({ wasm: new URL('missing.wasm', import.meta.url) }))
    await fails('ERR_STORAGE', createNode({ key: 'persistent' }))
    await withGlobals({ isSecureContext: false }, () => fails('ERR_INSECURE_CONTEXT', createNode({ key: 'persistent' })))
    await withGlobals({ WebSocket: undefined }, () => fails('ERR_NO_WEBSOCKET', createNode()))
  })

  await test('a WebSocket is opened at the path and port that its address means', async (after) => {
    const opened = []
    class Closed {
      constructor(url) {
        opened.push(new URL(url).href)
        setTimeout(() => this.onerror())
      }
      close() {}
    }
    const node = await createNode({ WebSocket: Closed })
    after(() => node.stop())
    const cases = [['/dns4/a.example/wss', 'wss://a.example/'], ['/dns4/a.example/ws', 'ws://a.example/'],
      ['/ip6/2001:db8::1/tcp/1/ws', 'ws://[2001:db8::1]:1/'], ['/ip4/192.0.2.1/tcp/2/tls/sni/a.example/ws', 'wss://a.example:2/'],
      ['/dns4/a.example/tcp/3/wss/http-path/a%2Fb', 'wss://a.example:3/a/b'], ['/dns4/tls.example/tcp/4/ws/http-path/%2Fa', 'ws://tls.example:4/a']]
    for (const [address] of cases) await fails('ERR_CONNECTION_LOST', node.dial(`${address}/p2p/${peer}`))
    equal(opened, cases.map(([, url]) => url))
  })

  await test('what a page cannot dial is said at once', async (after) => {
    const node = await createNode()
    after(() => node.stop())
    await fails('ERR_INVALID_ADDRESS', node.dial('/ip4/1.2.3.4/tcp/1/ws'))
    await fails('ERR_INVALID_PEER', node.dial('nonsense/1'))
    await fails('ERR_INVALID_ARGUMENT', node.dial([]))
    await fails('ERR_UNSUPPORTED_TRANSPORT', node.dial(`/ip4/1.2.3.4/tcp/1/p2p/${peer}`))
    await fails('ERR_UNSUPPORTED_TRANSPORT', node.dial(`/ip4/1.2.3.4/udp/1/quic-v1/p2p/${peer}`))
    await fails('ERR_UNSUPPORTED_TRANSPORT', node.dial(`/ip6zone/eth0/ip6/fe80::1/tcp/1/ws/p2p/${peer}`))
    await fails('ERR_NOT_CONNECTED', node.dial(peer))
    await fails('ERR_OWN_PEER', node.dial(node.peerId))
    await fails('ERR_INVALID_ADDRESS', node.dial([`/ip4/1.2.3.4/tcp/1/ws/p2p/${cid}`, `/ip4/1.2.3.4/tcp/1/ws/p2p/${hashed}`]))
    await fails('ERR_NOT_CONNECTED', node.ping(peer))
    await fails('ERR_INVALID_PEER', node.hangUp('x'))
    await withGlobals({ origin: 'https://page.example' }, async () => {
      await fails('ERR_MIXED_CONTENT', node.dial(`/ip4/1.2.3.4/tcp/1/ws/p2p/${peer}`))
    })
    equal(await node.identify(peer), undefined)
  })

  await test('without WebRTC it is said at once', async (after) => {
    const node = await createNode({ addresses: { listen: [] } }), relayed = `/ip4/1.2.3.4/tcp/1/ws/p2p/${peer}/p2p-circuit`
    after(() => node.stop())
    const other = '12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw', hash = 'uEiAlL8Yc5wUfOAl5H2AcEwUjV8mkVUOaUaAyJU2jmJ0BqA'
    await fails('ERR_NO_WEBRTC', node.dial(`${relayed}/webrtc/p2p/${other}`))
    await fails('ERR_NO_WEBRTC', node.dial(`/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/${hash}/p2p/${other}`))
    await fails('ERR_NO_WEBRTC', createNode({ addresses: { listen: ['/webrtc'] } }))
    // Where a browser has it, it can be turned off.
    await withGlobals({ RTCPeerConnection: class {} }, async () => {
      await fails('ERR_NO_WEBRTC', createNode({ webrtc: false, addresses: { listen: ['/webrtc'] } }))
      const listening = await createNode({ addresses: { listen: ['/webrtc'] } })
      await listening.stop()
    })
  })

  await test('handlers and topics are checked', async (after) => {
    const node = await createNode()
    after(() => node.stop())
    await fails('ERR_INVALID_ARGUMENT', node.handle('/a', 7))
    await fails('ERR_INVALID_ARGUMENT', node.handle('', () => {}))
    await node.handle(['/a', '/b'], () => {})
    await fails('ERR_INVALID_ARGUMENT', node.handle('/a', () => {}))
    equal(node.getProtocols(), ['/a', '/b'])
    await node.unhandle('/a')
    equal(node.getProtocols(), ['/b'])
    const { pubsub } = node.services
    await fails('ERR_INVALID_TOPIC', () => pubsub.subscribe(''))
    await fails('ERR_INVALID_ARGUMENT', pubsub.publish('topic', 'text'))
    await fails('ERR_NO_SUBSCRIBERS', pubsub.publish('topic', new Uint8Array(1)))
    const large = await fails('ERR_MESSAGE_TOO_LARGE', pubsub.publish('topic', new Uint8Array(3 << 20)))
    check(large.value > 0, 'the limit is told')
    equal(pubsub.getSubscribers('topic'), [])
  })

  await test('without pubsub there is none', async (after) => {
    const node = await createNode({ pubsub: false })
    after(() => node.stop())
    await fails('ERR_PUBSUB_OFF', () => node.services.pubsub.subscribe('topic'))
    await fails('ERR_PUBSUB_OFF', node.services.pubsub.publish('topic', new Uint8Array(1)))
  })

  await test('a module that fails closes its node, and only that', async (after) => {
    const { instantiate } = WebAssembly
    let isBroken = false
    WebAssembly.instantiate = async (...given) => {
      const { exports } = await instantiate(...given)
      const turn = (now) => {
        if (isBroken) throw new WebAssembly.RuntimeError('unreachable')
        return exports.turn(now)
      }
      return { exports: { ...exports, turn } }
    }
    let node
    try { node = await createNode({ key: seven }) } finally { WebAssembly.instantiate = instantiate }
    const errors = []
    node.addEventListener('error', ({ detail }) => errors.push(detail.code))
    isBroken = true
    await fails('ERR_TRAP', node.dial(`/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw`))
    equal([node.status, errors], ['failed', ['ERR_TRAP']])
    await fails('ERR_TRAP', node.dial(`/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw`))
    const next = await createNode({ key: seven })
    after(() => next.stop())
    equal(next.status, 'started')
    isBroken = false
    await node.start()
    equal(node.status, 'started')
    await node.stop()
  })

  await test('a node follows its page: it goes with it, and comes back with it', async (after) => {
    const page = new EventTarget()
    const leave = () => page.dispatchEvent(new Event('pagehide'))
    const appear = (persisted) => page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }))
    let listening = 0
    const addEventListener = (type, act, options) => {
      if (!/^page/.test(type)) return
      listening += 1
      options.signal.addEventListener('abort', () => { listening -= 1 })
      page.addEventListener(type, act, options)
    }
    await withGlobals({ document: new EventTarget(), addEventListener }, async () => {
      const node = await createNode(), name = String(node.peerId)
      after(() => node.stop())
      leave()
      equal(node.status, 'stopped')
      appear(false)
      equal(node.status, 'stopped')
      const started = eventOf(node, 'start')
      appear(true)
      await started
      equal([node.status, String(node.peerId), listening], ['started', name, 2])
      await node.stop()
      appear(true)
      equal([node.status, listening], ['stopped', 0])
    })
    // Where there is no page, as in a Worker, nothing is listened for.
    await withGlobals({ addEventListener }, async () => {
      const node = await createNode()
      after(() => node.stop())
      equal(listening, 0)
    })
  })

  await test('starts and stops come in the order of asking', async (after) => {
    const node = await createNode({ start: false }), told = []
    after(() => node.stop())
    for (const type of ['start', 'stop']) node.addEventListener(type, () => told.push(type))
    for (let round = 0; round < 10; round++) {
      const starting = node.start()
      await node.stop()
      equal(node.status, 'stopped')
      await starting
      equal(node.status, 'stopped')
    }
    node.start()
    await node.start()
    equal(node.status, 'started')
    await Promise.all([node.stop(), node.start(), node.stop(), node.stop(), node.start()])
    equal([node.status, told.length], ['started', 20 + 1 + 4])
  })

  await test('a stopped node starts again under the same name', async () => {
    const node = await createNode({ start: false })
    const told = []
    for (const type of ['start', 'stop']) node.addEventListener(type, () => told.push(type))
    await fails('ERR_STOPPED', node.dial(peer))
    await node.start()
    const name = String(node.peerId)
    await node.stop()
    await node.stop()
    await fails('ERR_STOPPED', node.services.pubsub.publish('topic', new Uint8Array(1)))
    await node.start()
    equal([String(node.peerId), told], [name, ['start', 'stop', 'start']])
    await node.stop()
  })
}
