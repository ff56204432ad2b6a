// The commands of the control protocol, but for those of streams that a test drives itself.
import { connectionFields, describe, must, reservationFields, sleep, transportOf, utf8 } from './testpeer-fields.js'
import {
  bigEndian, ECHO, echo, echoServer, PERF, perf, perfServer, round, SINK, sink, sinkServer
} from './testpeer-protocols.js'

export const deadline = (command, ms) => AbortSignal.timeout(command.timeoutMs ?? ms)

async function identify (node, peer, ms) {
  for (const end = performance.now() + ms; ; await sleep(20)) {
    const answer = await node.identify(peer)
    if (answer != null) return answer
    if (performance.now() > end) throw new Error('not identified')
  }
}

export function advertised (node) {
  const self = `/p2p/${node.peerId}`
  return [...new Set(node.getMultiaddrs().map(String).map(a => a.endsWith(self) ? a : a + self))]
}

/** `kept`: relays with a reservation that was asked for. */
export const connectionCommands = (node, kept) => ({
  addrs: () => ({ addrs: advertised(node) }),
  async dial (command) {
    const start = performance.now()
    const connection = await node.dial(must(command.addr, 'addr'), { signal: deadline(command, 30_000) })
    return { ...connectionFields(connection), ms: round(performance.now() - start) }
  },
  async hangup (command) {
    if (kept.delete(must(command.peerId, 'peerId'))) await node.release(command.peerId)
    await node.hangUp(command.peerId)
  },
  connections: () => ({
    connections: node.getConnections().map(c => ({
      ...connectionFields(c),
      localAddr: c.localAddr?.toString() ?? null,
      streams: c.streams.length,
      protocols: c.streams.map(s => s.protocol),
      security: c.encryption ?? null,
      muxer: c.multiplexer ?? null,
      transport: transportOf(c.remoteAddr.toString()),
      connId: c.id
    }))
  }),
  peers: () => ({ peers: node.getPeers().map(String) }),
  async identify (command) {
    const answer = await identify(node, must(command.peerId, 'peerId'), command.timeoutMs ?? 5000)
    return {
      agent: answer.agentVersion,
      protocolVersion: answer.protocolVersion ?? null,
      protocols: answer.protocols,
      listenAddrs: answer.listenAddrs.map(String),
      observedAddr: answer.observedAddr?.toString() ?? null
    }
  },
  async reserve (command) {
    const relay = must(command.addr, 'addr').replace(/\/p2p-circuit.*$/, '')
    const reservation = reservationFields(await node.reserve(relay, { signal: deadline(command, 15_000) }))
    kept.add(reservation.relay)
    return reservation
  },
  async release (command) {
    kept.delete(must(command.peerId, 'peerId'))
    await node.release(command.peerId)
  }
})

function payload (command, number) {
  if (command.text != null) return utf8.encode(command.text)
  const data = new Uint8Array(Math.max(8, command.bytes ?? 8))
  for (let at = 0; at < data.length; at += 65536) crypto.getRandomValues(data.subarray(at, Math.min(at + 65536, data.length)))
  data.set(bigEndian(number))
  return data
}

export const topicCommands = (pubsub, tally) => ({
  subscribe (command) {
    pubsub.subscribe(must(command.topic, 'topic'))
    tally(command.topic).silent = command.events === false
  },
  unsubscribe: command => { pubsub.unsubscribe(must(command.topic, 'topic')) },
  async publish (command) {
    let sent = 0
    let recipients = 0
    for (let i = 0; i < (command.count ?? 1); i++) {
      if (i > 0 && command.everyMs > 0) await sleep(command.everyMs)
      recipients = (await pubsub.publish(must(command.topic, 'topic'), payload(command, i))).recipients
      sent++
    }
    return { sent, recipients }
  },
  mesh: async command => ({
    mesh: (await pubsub.getMeshPeers(must(command.topic, 'topic'))).map(String),
    subscribers: (await pubsub.getSubscribers(command.topic)).map(String)
  }),
  received (command) {
    const { count, duplicates, bytes } = tally(must(command.topic, 'topic'))
    return { count, duplicates, bytes }
  }
})

/** Serves the test protocols. */
export async function serveProtocols (node) {
  for (const [protocol, handler] of [[ECHO, echoServer], [SINK, sinkServer], [PERF, perfServer]]) {
    await node.handle(protocol, ({ stream }) => handler(stream).catch(error => stream.abort(error)), { runOnLimitedConnection: true })
  }
}

/** Commands that measure by the test protocols. `newStream` opens a stream as a command wants it. */
export function measureCommands (node, newStream) {
  /** A stream of a test protocol, which the command's timeoutMs ends. */
  const testStream = async (command, protocol, use) => {
    const end = performance.now() + command.timeoutMs
    const stream = await newStream(command, protocol)
    const late = () => stream.abort(new Error(`not within ${command.timeoutMs} ms`))
    const timer = command.timeoutMs == null ? null : setTimeout(late, end - performance.now())
    try { return await use(stream) } finally { clearTimeout(timer) }
  }
  return {
    async ping (command) {
      const rttMs = []
      for (let i = 0; i < (command.count ?? 1); i++) {
        rttMs.push(round(await node.ping(command.peerId ?? must(command.addr, 'peerId'), { signal: deadline(command, 10_000) })))
      }
      return { rttMs }
    },
    echo: command => testStream(command, ECHO, stream => echo(stream, command.bytes ?? 1024, command.chunk)),
    sink: command => testStream(command, SINK, stream => sink(stream, command.bytes ?? 1024, command.chunk)),
    perf: command => testStream(command, PERF, stream => perf(stream, command.upload ?? 0, command.download ?? 0)),
    async many (command) {
      const start = performance.now()
      const results = await Promise.allSettled(Array.from({ length: command.streams ?? 10 }, async () => {
        const answer = await testStream(command, ECHO, stream => echo(stream, command.bytes ?? 1024))
        if (!answer.matched) throw new Error('the echo differs')
      }))
      const failed = results.filter(r => r.status === 'rejected')
      const why = failed.length > 0 ? { why: describe(failed[0].reason) } : {}
      return { ms: round(performance.now() - start), failed: failed.length, ...why }
    },
    /** Opens a stream, echoes `bytes` and closes it, `count` times, one after another. */
    async latency (command) {
      const times = []
      for (let i = 0; i < (command.count ?? 1); i++) {
        const start = performance.now()
        await testStream(command, ECHO, stream => echo(stream, Math.max(1, command.bytes ?? 1)))
        times.push((performance.now() - start) * 1000)
      }
      times.sort((a, b) => a - b)
      const at = q => round(times[Math.min(Math.floor(q * times.length), times.length - 1)])
      return { minUs: at(0), medianUs: at(0.5), p90Us: at(0.9), p99Us: at(0.99), maxUs: at(1) }
    }
  }
}

export const machineCommands = (node, kept) => ({
  /** Dials, waits for identify and hangs up, `count` times, one after another; counts failures. */
  async churn (command) {
    const start = performance.now()
    let failed = 0
    let why
    for (let i = 0; i < (command.count ?? 1); i++) {
      try {
        const connection = await node.dial(must(command.addr, 'addr'), { signal: deadline(command, 30_000) })
        await identify(node, connection.remotePeer, command.timeoutMs ?? 5000)
        await connection.close()
      } catch (error) {
        failed++
        why = describe(error)
      }
    }
    return { ms: round(performance.now() - start), failed, ...why == null ? {} : { why } }
  },
  /** A page cannot drop a socket without the browser closing it: only "close". */
  async kill (command) {
    const connections = node.getConnections(must(command.peerId, 'peerId'))
    if (connections.length === 0) throw new Error('not connected')
    if (kept.delete(command.peerId)) await node.release(command.peerId)
    await Promise.all(connections.map(connection => connection.close()))
    return { killed: connections.length, how: 'close' }
  },
  /** Blocks the page's thread; the browser's network threads go on. */
  freeze (command) {
    const start = performance.now()
    while (performance.now() < start + must(command.ms, 'ms'));
    return { ms: round(performance.now() - start) }
  },
  usage: () => ({ heap: performance.memory?.usedJSHeapSize ?? null, connections: node.getConnections().length }),
  stop: () => Promise.race([node.stop(), sleep(3000)])
})
