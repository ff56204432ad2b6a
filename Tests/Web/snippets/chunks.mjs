import { createLibp2p } from 'libp2p'
import { webSockets } from '@libp2p/websockets'

const SUM = '/sum/1.0.0'

/** An async handler that reads by iteration, and a sender that minds back-pressure. */
export async function run(relay) {
  const listener = await createLibp2p({ addresses: { listen: [`${relay}/p2p-circuit`] }, transports: [webSockets()] })
  await listener.handle(SUM, async (stream) => {
    let count = 0
    for await (const chunk of stream) count += chunk.byteLength
    stream.send(new TextEncoder().encode(String(count)))
    await stream.close()
  }, { runOnLimitedConnection: true })
  while (!listener.getMultiaddrs().length) await new Promise((resolve) => setTimeout(resolve, 20))

  const dialer = await createLibp2p({ transports: [webSockets()], nodeInfo: { userAgent: 'chunks' } })
  const connection = await dialer.dial(listener.getMultiaddrs()[0])
  const stream = await connection.newStream(SUM, { runOnLimitedConnection: true })
  let waited = 0
  for (let sent = 0; sent < 100; sent++) {
    if (!stream.send(new Uint8Array(100_000))) {
      waited += 1
      await stream.onDrain({ signal: AbortSignal.timeout(10_000) })
    }
  }
  await stream.close()
  let answer = ''
  for await (const chunk of stream) answer += new TextDecoder().decode(chunk.subarray())
  await Promise.all([listener.stop(), dialer.stop()])
  return [answer, waited > 0]
}
