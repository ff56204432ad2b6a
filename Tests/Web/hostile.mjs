// Remotes that keep to nothing, and callbacks of a page that throw.
import { check, equal, eventOf, fails, test } from './cases.mjs'
import { sendMessage, serveSockets } from './websocket.mjs'

const stranger = '12D3KooWLzQXGnfECF3uJcSDTM15e7h6xR9gfboHjhMnGKecAejw'

export async function hostile({ createNode }) {
  /** A node that has dialled a server of sockets: the dial, and how much its module's memory has grown. */
  const dialling = async (after, talk) => {
    const server = await serveSockets(talk), { instantiate } = WebAssembly
    after(() => server.close())
    let memory
    WebAssembly.instantiate = async (...given) => {
      const instance = await instantiate(...given)
      memory = instance.exports.memory
      return instance
    }
    try {
      const node = await createNode(), before = memory.buffer.byteLength
      after(() => node.stop())
      const dial = node.dial(`/ip4/127.0.0.1/tcp/${server.address().port}/ws/p2p/${stranger}`)
      return { node, dial, grown: () => memory.buffer.byteLength - before }
    } finally { WebAssembly.instantiate = instantiate }
  }

  await test('a message too long ends its link, and is not copied', async (after) => {
    const { node, dial, grown } = await dialling(after, (socket) => sendMessage(socket, 100 << 20))
    const { value, message } = await fails('ERR_LIMIT', dial)
    equal([value, node.status], [1 << 20, 'started'])
    check(message.endsWith('a limit of this node was reached: 1048576 (message size)'), message)
    check(grown() < 1 << 20, `the module grew by ${grown()} bytes`)
  })

  await test('a message below that is handed over in pieces', async (after) => {
    const { node, dial, grown } = await dialling(after, (socket) => sendMessage(socket, 1 << 20))
    await fails('ERR_PEER_FAULT', dial)
    equal(node.status, 'started')
    check(grown() < 1 << 20, `the module grew by ${grown()} bytes`)
  })

  await test('text ends its link', async (after) => {
    const { node, dial } = await dialling(after, (socket) => sendMessage(socket, 1000, { isText: true }))
    await fails('ERR_CONNECTION_LOST', dial)
    equal(node.status, 'started')
  })

  await test('bytes that the module has no room for are refused, and the node goes on', async (after) => {
    const node = await createNode()
    after(() => node.stop())
    await fails('ERR_LIMIT', node.services.pubsub.publish('topic', new Uint8Array((1 << 30) + 1)))
    equal(node.status, 'started')
    await fails('ERR_NO_SUBSCRIBERS', node.services.pubsub.publish('topic', new Uint8Array(1)))
  })

  await test('a socket that throws loses its link, and nothing else', async (after) => {
    class Throwing {
      readyState = 1
      bufferedAmount = 0
      constructor() { setTimeout(() => this.onopen()) }
      send() { throw new Error('send') }
      close() { throw new Error('close') }
    }
    const node = await createNode({ WebSocket: Throwing })
    after(() => node.stop())
    const attempts = []
    node.addEventListener('dial:attempt', ({ detail }) => attempts.push(detail.code))
    const addresses = [1, 2, 3].map((port) => `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${stranger}`), told = []
    globalThis.reportError = ({ message }) => told.push(message)
    after(() => { delete globalThis.reportError })
    await fails('ERR_CONNECTION_LOST', node.dial(addresses, { signal: AbortSignal.timeout(5000) }))
    equal(attempts, addresses.map(() => 'ERR_CONNECTION_LOST'))
    equal([...new Set(told)].sort(), ['close', 'send'])
  })

  await test('an event that cannot be told keeps none behind it', async (after) => {
    const node = await createNode(), told = []
    after(() => node.stop())
    globalThis.reportError = ({ message }) => told.push(message)
    after(() => { delete globalThis.reportError })
    node.dispatchEvent = () => { throw new Error('by intent') }
    await fails('ERR_CONNECTION_LOST', node.dial(`/ip4/127.0.0.1/tcp/1/ws/p2p/${stranger}`, { signal: AbortSignal.timeout(5000) }))
    equal(told, ['by intent'])
    delete node.dispatchEvent
  })

  await test('a listener that throws keeps no event from the others', async (after) => {
    const node = await createNode()
    after(() => node.stop())
    const told = new Promise((resolve) => process.once('uncaughtException', resolve))
    node.addEventListener('dial:attempt', () => { throw new Error('by intent') })
    const attempt = eventOf(node, 'dial:attempt')
    await fails('ERR_CONNECTION_LOST', node.dial(`/ip4/127.0.0.1/tcp/1/ws/p2p/${stranger}`))
    equal([(await attempt).code, (await told).message], ['ERR_CONNECTION_LOST', 'by intent'])
  })
}
