// The resumable streams of a node: those that it opened, and those that peers opened here.

import { Acceptor } from './acceptor.js'
import { Carrier } from './carrier.js'
import { carriedBy, carrierOf, isCarrier, newToken } from './frames.js'
import { Opener } from './opener.js'
import { ResumableStream } from './resumable-stream.js'

/** How long a peer has for a sign of life, and a node that stops for what was written, in milliseconds. */
const PROBE_TIME = 3000
const DRAIN_TIME = 2000

/** `parts` of causeway.js: `makeStream`, `failure` and `CausewayError`. */
export function makeResumables(node, parts) {
  const probing = new Set(), opened = new Set()
  const tools = {
    ...parts,
    /** Asks a peer for a sign of life. A connection without one is closed, as the stream is to go on over one that lives. */
    async probe({ remotePeer }) {
      const peer = String(remotePeer)
      if (probing.has(peer)) return
      probing.add(peer)
      const open = node.getConnections(remotePeer), asked = open.find((one) => one.direct) ?? open[0]
      try {
        await node.ping(remotePeer, { signal: AbortSignal.timeout(PROBE_TIME) })
      } catch {
        asked?.close()
      } finally { probing.delete(peer) }
    },
  }
  const acceptor = new Acceptor(tools), all = () => [...opened, ...acceptor.streams]
  node.addEventListener('stop', () => { for (const one of all()) one.stopped() })

  return {
    async open(to, protocols, { resumable, ...options }) {
      const names = [protocols].flat(), first = await node.dialProtocol(to, [...names.map(carrierOf), ...names], options)
      if (!isCarrier(first.protocol)) return first
      const carrier = new Carrier(first), protocol = carriedBy(first.protocol)
      const stream = new ResumableStream(tools, newToken(), protocol, 'outbound', carrier, () => opened.delete(stream))
      opened.add(stream)
      new Opener(node, stream, first.protocol, to, options).run(carrier)
      return stream.stream
    },
    serve: (names, handler, { resumable, ...options }) =>
      node.handle(names.map(carrierOf), (carrier) => acceptor.serve(carrier, handler), options),
    drain: () => Promise.race([
      new Promise((resolve) => setTimeout(resolve, DRAIN_TIME)), Promise.allSettled(all().map(({ arrival }) => arrival)),
    ]),
  }
}
