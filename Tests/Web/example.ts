// What an application in TypeScript may write; tsc reads it, nobody runs it.
import { CausewayError, createLibp2p, createNode, multiaddr, peerIdFromString } from '../../Web/dist/causeway'
import type { CausewayNode, Connection, Message, Multiaddr, PeerId, Reservation, Stream } from '../../Web/dist/causeway'

export async function chat(relay: string, seed: Uint8Array): Promise<CausewayNode> {
  const node = await createNode({ dns: async (name: string) => [`dnsaddr=/dns4/${name}`],
    key: seed, wasm: new URL('causeway.wasm', 'https://page.example'), relays: [relay], addresses: { listen: ['/p2p-circuit'] },
    discovery: { topics: [{ topic: 'example', format: 'json' }] }, pubsub: { emitSelf: true },
  })
  node.addEventListener('peer:connect', ({ detail }) => console.log(detail.toString()))
  node.addEventListener('peer:discovery', async ({ detail: { multiaddrs } }) => {
    const connection: Connection = await node.dial(multiaddrs, { signal: new AbortController().signal })
    console.log(connection.limits?.bytes, connection.direct)
  })
  node.addEventListener('reservation', ({ detail }) => show(detail))
  node.services.pubsub.subscribe('chat')
  node.services.pubsub.addEventListener('message', ({ detail }: CustomEvent<Message>) => {
    const author: PeerId | undefined = detail.from
    console.log(author?.equals(node.peerId), new TextDecoder().decode(detail.data), detail.sequenceNumber > 0n)
  })
  node.services.pubsub.addEventListener('subscription-change', ({ detail: { peerId, subscriptions } }) => {
    for (const { topic, subscribe } of subscriptions) console.log(peerId.toString(), subscribe ? 'joins' : 'leaves', topic)
  })
  node.addEventListener('dial:attempt', ({ detail }) => console.log(detail.direction, detail.webrtc?.candidates.remote))
  const { recipients } = await node.services.pubsub.publish('chat', new TextEncoder().encode('hello'))
  await node.handle('/echo/1.0.0', async ({ stream, connection }) => {
    console.log(connection.remotePeer.toString(), stream.protocol, recipients)
    await stream.readable.pipeTo(stream.writable)
  }, { runOnLimitedConnection: true, resumable: true })
  return node
}

function show({ state, relay, addresses, expires }: Reservation): void {
  const first: Multiaddr | undefined = addresses[0]
  console.log(state, relay.toString(), first?.toString(), expires?.getTime())
}

export async function ask(node: CausewayNode, to: string): Promise<Uint8Array | undefined> {
  try {
    const stream: Stream = await node.dialProtocol(to.startsWith('/') ? multiaddr(to) : peerIdFromString(to), ['/echo/1.0.0'], {
      runOnLimitedConnection: true, resumable: true,
    })
    const writer = stream.writable.getWriter()
    await writer.write(new Uint8Array([1, 2, 3]))
    await stream.closeWrite()
    return (await stream.readable.getReader().read()).value
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error
    if (error.code === 'ERR_UNREACHABLE') for (const { address, result } of error.outcomes ?? []) console.log(`${address}: ${result}`)
    return undefined
  }
}

/** As for js-libp2p 3. */
export async function habits(relay: string, seed: Uint8Array): Promise<string> {
  const node = await createLibp2p({ addresses: { listen: `${relay}/p2p-circuit` }, transports: [], privateKey: { type: 'Ed25519', raw: seed } })
  await node.handle('/two/1.0.0', async (stream, connection) => {
    stream.addEventListener('message', ({ data }) => { if (!stream.send(data)) console.log(connection.id, new Blob([data]).size) })
    stream.addEventListener('close', ({ error, local }) => console.log(error?.code, local))
  })
  await node.handle('/one/1.0.0', ({ stream, connection }) => void console.log(connection.direct, stream.status))
  const [address] = await node.ready({ signal: new AbortController().signal })
  const [subscriber] = await node.services.pubsub.ready('room')
  const stream = await node.dialProtocol(subscriber, '/two/1.0.0')
  await stream.onDrain()
  let text = ''
  for await (const chunk of stream) text += new TextDecoder().decode(chunk)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `${address} ${digest.byteLength} ${await node.services.ping.ping(subscriber)}`
}

/** What a browser's own functions take. */
export async function unpack(stream: Stream, message: Message): Promise<number> {
  const text = stream.readable.pipeThrough(new TextDecoderStream()), blob = new Blob([message.data])
  return (await text.getReader().read()).value?.length ?? blob.size
}

// @ts-expect-error: a topic is text
export const noTopic = (node: CausewayNode): Promise<PeerId[]> => node.services.pubsub.ready(7)

// @ts-expect-error: no such event
export const wrong = (node: CausewayNode): void => node.addEventListener('no:such:event', ({ detail }: CustomEvent<string>) => void detail)
