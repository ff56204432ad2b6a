import { createLibp2p } from 'libp2p'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'

const ECHO = '/echo/1.0.0'

const make = () => createLibp2p({
  addresses: { listen: ['/p2p-circuit'] },
  transports: [webSockets(), webRTC(), circuitRelayTransport()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: { identify: identify() },
})

/** Two peers meet over a relay, and one answers the other with what it sends. */
export async function run(relay) {
  const listener = await make(), dialer = await make()

  await listener.handle(ECHO, (stream, connection) => {
    console.info(`echo for ${connection.remotePeer.toString()}`)
    stream.addEventListener('message', (event) => {
      stream.send(event.data.subarray())
    })
    stream.addEventListener('remoteCloseWrite', () => {
      stream.close()
    })
  }, { runOnLimitedConnection: true })

  const reachable = new Promise((resolve) => listener.addEventListener('self:peer:update', () => {
    const address = listener.getMultiaddrs().find((one) => one.toString().includes('/p2p-circuit'))
    if (address) resolve(address)
  }))
  await listener.dial(relay)

  const stream = await dialer.dialProtocol(await reachable, ECHO, {
    runOnLimitedConnection: true, signal: AbortSignal.timeout(10_000),
  })
  const answers = []
  const over = new Promise((resolve) => stream.addEventListener('close', resolve))
  stream.addEventListener('message', (event) => answers.push(new TextDecoder().decode(event.data.subarray())))
  stream.send(new TextEncoder().encode('hello '))
  stream.send(new TextEncoder().encode('world'))
  await stream.close()
  const { error, local } = await over

  await Promise.all([listener.stop(), dialer.stop()])
  return [answers.join(''), error, local]
}
