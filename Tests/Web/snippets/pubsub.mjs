import { createLibp2p } from 'libp2p'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'

const make = () => createLibp2p({
  transports: [webSockets()],
  services: { identify: identify(), ping: ping(), pubsub: gossipsub() },
})

/** Messages of a topic that the relay carries. */
export async function run(relay) {
  const reader = await make(), writer = await make()
  const heard = new Promise((resolve) => reader.services.pubsub.addEventListener('message', (event) => {
    resolve(`${event.detail.topic}: ${new TextDecoder().decode(event.detail.data)}`)
  }))
  for (const one of [reader, writer]) {
    await one.dial(relay)
    one.services.pubsub.subscribe('room')
  }
  const latency = await writer.services.ping.ping(relay)
  while (!writer.services.pubsub.getSubscribers('room').length) await new Promise((resolve) => setTimeout(resolve, 20))
  await writer.services.pubsub.publish('room', new TextEncoder().encode('hello'))
  const words = await heard
  await Promise.all([reader.stop(), writer.stop()])
  return [words, latency > 0]
}
