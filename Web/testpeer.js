// The browser peer behind the control protocol of the interop tests: sets window.peer = { create(config) -> controller }, where
// controller has ready, command(message) -> Promise and on(listener). It uses nothing but the public API of causeway.js.
import { createNode } from './causeway.js'
import {
  bigEndian, ECHO, echo, echoServer, PERF, perf, perfServer, round, SINK, sink, sinkServer
} from './testpeer-protocols.js'

const FIELDS = new Set(['seed', 'listen', 'relays', 'pubsub', 'discovery', 'agent', 'muxers', 'security',
  'caCert', 'wssInsecure', 'stunServers', 'maxSeconds', 'quiet'])

const utf8 = new TextEncoder()
const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('')
const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const fromBase64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0))

function toBase64 (bytes) {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text)
}

const must = (value, name) => {
  if (value == null) throw new Error(`"${name}" is missing`)
  return value
}

function describe (error) {
  if (error == null) return 'unknown error'
  let text = `${error.code != null ? `${error.code}: ` : ''}${error.message ?? error}`
  for (const { address, result, value } of error.outcomes ?? []) text += `; ${address}: ${result}${value ? ` ${value}` : ''}`
  if (error.cause != null) text += ` (${describe(error.cause)})`
  return text
}

const transportOf = text => text.includes('/webrtc-direct') ? 'webrtc-direct'
  : text.includes('/webrtc') ? 'webrtc'
    : text.includes('/p2p-circuit') ? 'p2p-circuit'
      : /\/wss|\/tls(\/sni\/[^/]*)?\/ws/.test(text) ? 'wss'
        : text.includes('/ws') ? 'ws' : 'unknown'

const connectionFields = c => ({
  peerId: c.remotePeer.toString(), remoteAddr: c.remoteAddr.toString(), direction: c.direction, limited: c.limits != null
})
const limitFields = limits => limits == null ? null : { duration: limits.seconds ?? 0, data: limits.bytes ?? 0 }
const reservationFields = r => ({
  relay: r.relay.toString(),
  addrs: r.addresses.map(String),
  expires: r.expires == null ? 0 : Math.floor(r.expires.getTime() / 1000),
  limit: limitFields(r.limits)
})
/** A page cannot listen but through relays, and by WebRTC over them. */
const canListen = address => /\/p2p-circuit$|^\/webrtc$/.test(address)
/** Without relays a bare one means those that are asked for later. */
const listenAddresses = ({ listen = [], relays = [] }) =>
  listen.filter(one => canListen(one) && (one !== '/p2p-circuit' || relays.length > 0))

function nodeOptions (config) {
  const { discovery } = config
  const json = discovery?.format === 'json'
  const pubsub = config.pubsub ?? { enabled: discovery != null }
  return {
    relays: config.relays ?? [],
    webrtc: {
      rtcConfiguration: { iceServers: (config.stunServers ?? []).map(urls => ({ urls: urls.includes(':') ? urls : `stun:${urls}` })) }
    },
    addresses: { listen: listenAddresses(config) },
    pubsub: pubsub.enabled || discovery != null ? { floodPublish: pubsub.floodPublish ?? true, allowPublishToZeroTopicPeers: true } : false,
    discovery: discovery != null && { json, protobuf: !json, interval: discovery.intervalMs },
    ...config.agent == null ? {} : { agent: config.agent },
    start: false
  }
}

export async function create (config) {
  const started = performance.now()
  const listeners = new Set()
  const early = []
  const emit = (event, fields) => {
    const value = { event, t: round(performance.now() - started), ...fields }
    if (listeners.size === 0) early.push(value)
    for (const listener of listeners) listener(value)
  }
  const log = text => emit('log', { text })

  const extra = Object.keys(config).filter(name => !FIELDS.has(name))
  for (const name of ['topic', 'listenOnly']) if (config.discovery?.[name] != null) extra.push(`discovery.${name}`)
  if (extra.length > 0) log(`configuration fields ignored: ${extra.join(', ')}`)
  const skipped = (config.listen ?? []).filter(address => !canListen(address))
  const options = nodeOptions(config)
  if (config.seed != null) options.key = await sha256(utf8.encode(String(config.seed)))
  const node = await createNode(options)
  const pubsub = node.services.pubsub

  // ---------------- events

  const on = (name, listener) => node.addEventListener(name, ({ detail }) => listener(detail))
  const onlyLimited = new Map() // peer id -> whether all its connections are limited
  const recount = peer => {
    const id = peer.toString()
    const open = node.getConnections(peer)
    const before = onlyLimited.get(id)
    if (open.length === 0) return onlyLimited.delete(id)
    const limited = open.every(c => c.limits != null)
    onlyLimited.set(id, limited)
    if (before != null && before !== limited) emit('peer:update', { peerId: id, limited })
  }
  on('peer:connect', peer => {
    recount(peer)
    emit('peer:connect', { peerId: peer.toString(), limited: onlyLimited.get(peer.toString()) ?? false })
  })
  on('peer:disconnect', peer => {
    onlyLimited.delete(peer.toString())
    emit('peer:disconnect', { peerId: peer.toString() })
  })
  for (const name of ['connection:open', 'connection:close']) {
    on(name, connection => {
      emit(name, connectionFields(connection))
      recount(connection.remotePeer)
    })
  }
  on('error', error => log(describe(error)))
  on('reservation', r => emit('reservation', {
    state: r.state, ...reservationFields(r), ...r.error == null ? {} : { error: describe(r.error) }
  }))
  on('peer:discovery', ({ id, multiaddrs, source }) => {
    const known = node.getConnections(id).length > 0
    emit('peer:discovery', { peerId: id.toString(), addrs: multiaddrs.map(String), source: source === 'json' ? 'json' : 'pubsub' })
    if (config.discovery?.dial === true && !known) node.dial(multiaddrs).catch(error => log(`discovered ${id}: ${describe(error)}`))
  })

  const tallies = new Map()
  const tally = topic => {
    if (!tallies.has(topic)) tallies.set(topic, { count: 0, duplicates: 0, bytes: 0, seen: new Set() })
    return tallies.get(topic)
  }
  let digesting = Promise.resolve() // messages are told in the order in which they came
  pubsub.addEventListener('message', ({ detail: { topic, data, from, receivedFrom, sequenceNumber } }) => {
    const t = tally(topic)
    const key = `${from}:${sequenceNumber}`
    if (from != null && t.seen.has(key)) t.duplicates++
    t.seen.add(key)
    t.count++
    t.bytes += data.length
    if (config.quiet === true || config.pubsub?.quiet === true || t.silent) return
    const message = { topic, from: from?.toString() ?? null, receivedFrom: receivedFrom.toString(), size: data.length }
    if (data.length <= 1024) {
      try { message.text = new TextDecoder('utf-8', { fatal: true }).decode(data) } catch {} // not text
    }
    const digest = sha256(data)
    digesting = digesting.then(async () => emit('message', { ...message, sha256: hex(await digest) }))
  })

  // ---------------- streams

  const streams = new Map()
  let streamNumber = 0
  /** Numbers a stream and tells what arrives on it, while it is not paused. */
  const adopt = (stream, paused) => {
    const number = ++streamNumber
    const entry = { stream, writer: stream.writable.getWriter(), gate: Promise.resolve(), open: null }
    entry.writer.closed.catch(() => {})
    streams.set(number, entry)
    if (paused === true) pause(entry)
    return number
  }
  const pause = entry => {
    if (entry.open != null) return
    entry.gate = new Promise(resolve => { entry.open = resolve })
  }
  const resume = entry => {
    entry.open?.()
    entry.open = null
  }
  const follow = async number => {
    const entry = streams.get(number)
    const reader = entry.stream.readable.getReader()
    try {
      for (;;) {
        await entry.gate
        const { done, value } = await reader.read()
        if (done) break
        await entry.gate
        emit('stream-data', { stream: number, base64: toBase64(value) })
      }
      emit('stream-end', { stream: number, reset: false })
    } catch (error) { emit('stream-end', { stream: number, reset: true, error: describe(error) }) }
  }
  const theStream = command => {
    const entry = streams.get(command.stream)
    if (entry == null) throw new Error(`no stream ${command.stream}`)
    return entry
  }
  const limitedToo = { runOnLimitedConnection: true }
  const serve = (protocol, handler) =>
    node.handle(protocol, ({ stream }) => handler(stream).catch(error => stream.abort(error)), limitedToo)
  await serve(ECHO, echoServer)
  await serve(SINK, sinkServer)
  await serve(PERF, perfServer)

  const deadline = (command, ms) => AbortSignal.timeout(command.timeoutMs ?? ms)
  const newStream = (command, protocol) => node.dialProtocol(command.peerId ?? must(command.addr, 'peerId'), protocol, {
    signal: deadline(command, 30_000), runOnLimitedConnection: command.allowLimited === true
  })
  /** A stream of a test protocol, which the command's timeoutMs ends. */
  const testStream = async (command, protocol, use) => {
    const end = performance.now() + command.timeoutMs
    const stream = await newStream(command, protocol)
    const late = () => stream.abort(new Error(`not within ${command.timeoutMs} ms`))
    const timer = command.timeoutMs == null ? null : setTimeout(late, end - performance.now())
    try { return await use(stream) } finally { clearTimeout(timer) }
  }
  /** Runs something `count` times, one after another, and counts failures. */
  const failures = async (count, body) => {
    const start = performance.now()
    let failed = 0
    let why
    for (let i = 0; i < count; i++) {
      try { await body() } catch (error) {
        failed++
        why = describe(error)
      }
    }
    return { ms: round(performance.now() - start), failed, ...why == null ? {} : { why } }
  }

  // ---------------- commands

  const kept = new Set() // relays with a reservation that was asked for
  const identify = async (peer, ms) => {
    for (const end = performance.now() + ms; ; await sleep(20)) {
      const answer = await node.identify(peer)
      if (answer != null) return answer
      if (performance.now() > end) throw new Error('not identified')
    }
  }
  const advertised = () => {
    const self = `/p2p/${node.peerId}`
    return [...new Set(node.getMultiaddrs().map(String).map(a => a.endsWith(self) ? a : a + self))]
  }
  const payload = (command, number) => {
    if (command.text != null) return utf8.encode(command.text)
    const data = new Uint8Array(Math.max(8, command.bytes ?? 8))
    for (let at = 0; at < data.length; at += 65536) crypto.getRandomValues(data.subarray(at, Math.min(at + 65536, data.length)))
    data.set(bigEndian(number))
    return data
  }

  const commands = {
    addrs: () => ({ addrs: advertised() }),
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
      const answer = await identify(must(command.peerId, 'peerId'), command.timeoutMs ?? 5000)
      return {
        agent: answer.agentVersion,
        protocolVersion: answer.protocolVersion ?? null,
        protocols: answer.protocols,
        listenAddrs: answer.listenAddrs.map(String),
        observedAddr: answer.observedAddr?.toString() ?? null
      }
    },
    async ping (command) {
      const rttMs = []
      for (let i = 0; i < (command.count ?? 1); i++) {
        rttMs.push(round(await node.ping(command.peerId ?? must(command.addr, 'peerId'), { signal: deadline(command, 10_000) })))
      }
      return { rttMs }
    },
    echo: command => testStream(command, ECHO, stream => echo(stream, command.bytes ?? 1024, command.chunk)),
    sink: command => testStream(command, SINK, stream => sink(stream, command.bytes ?? 1024, command.chunk)),
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
    perf: command => testStream(command, PERF, stream => perf(stream, command.upload ?? 0, command.download ?? 0)),
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
    },
    /** Dials, waits for identify and hangs up, `count` times. */
    churn: command => failures(command.count ?? 1, async () => {
      const connection = await node.dial(must(command.addr, 'addr'), { signal: deadline(command, 30_000) })
      await identify(connection.remotePeer, command.timeoutMs ?? 5000)
      await connection.close()
    }),
    async reserve (command) {
      const relay = must(command.addr, 'addr').replace(/\/p2p-circuit.*$/, '')
      const reservation = reservationFields(await node.reserve(relay, { signal: deadline(command, 15_000) }))
      kept.add(reservation.relay)
      return reservation
    },
    async release (command) {
      kept.delete(must(command.peerId, 'peerId'))
      await node.release(command.peerId)
    },
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
    },
    async open (command) {
      const number = adopt(await newStream(command, must(command.protocol, 'protocol')), command.paused)
      setTimeout(() => follow(number), 0) // the answer goes out before the first event of the stream
      return { stream: number }
    },
    handle: command => node.handle(must(command.protocol, 'protocol'), ({ stream, connection }) => {
      const number = adopt(stream, command.paused)
      const fields = { protocol: command.protocol, peerId: connection.remotePeer.toString(), limited: connection.limits != null }
      emit('stream-open', { stream: number, ...fields })
      return follow(number)
    }, limitedToo),
    unhandle: command => node.unhandle(must(command.protocol, 'protocol')),
    async write (command) {
      const { writer } = theStream(command)
      const data = command.text != null ? utf8.encode(command.text) : fromBase64(must(command.base64, 'base64'))
      await writer.write(data)
      return { written: data.length }
    },
    close: command => theStream(command).writer.close(),
    reset: command => { theStream(command).stream.abort(new Error('reset by the test')) },
    pause: command => pause(theStream(command)),
    resume: command => resume(theStream(command)),
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
  }

  await node.start()
  for (const relay of config.relays ?? []) await commands.reserve({ addr: relay })

  return {
    node,
    ready: {
      event: 'ready',
      peerId: node.peerId.toString(),
      addrs: advertised(),
      version: 'causeway (browser)',
      ...skipped.length > 0 ? { skipped } : {},
      runtime: navigator.userAgent,
      readyMs: Math.round(performance.now())
    },
    on (listener) {
      listeners.add(listener)
      for (const value of early.splice(0)) listener(value)
      return () => listeners.delete(listener)
    },
    /** Answers one command object; never throws. */
    async command (message) {
      const id = message?.id ?? null
      try {
        if (message == null || typeof message !== 'object') throw new Error('not an object')
        const run = Object.hasOwn(commands, message.cmd) ? commands[message.cmd] : null
        if (run == null) throw new Error(`unknown command "${message.cmd}"`)
        const { timeoutMs } = message
        if (timeoutMs == null) return { id, ok: true, ...await run(message) }
        let timer
        const late = new Promise((resolve, reject) => {
          timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms`)), timeoutMs + 500)
        })
        try { return { id, ok: true, ...await Promise.race([run(message), late]) } } finally { clearTimeout(timer) }
      } catch (error) {
        const status = error?.code === 'ERR_REFUSED_BY_RELAY' ? error.value : null
        return { id, ok: false, error: describe(error), ...status ? { status } : {} }
      }
    }
  }
}

globalThis.peer = { create }
