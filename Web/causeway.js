// Causeway's browser peer: sockets, timers, streams and the API around causeway.wasm, which has the protocols.
// MIT or Apache-2.0. The types and their comments are in causeway.d.ts.

const encoder = new TextEncoder(), decoder = new TextDecoder()
const utf8 = (text) => encoder.encode(text), string = (bytes) => decoder.decode(bytes)
const nothing = new Uint8Array(0)

// Commands and events of the module, see Sources/CausewayWeb/WebEvent.swift.
const START = 1, CONNECT = 2, CANCEL = 3, HANG_UP = 4, PING = 5, RESERVE = 6, RELEASE = 7, KEEP_RELAYS = 8, SUBSCRIBE = 9, UNSUBSCRIBE = 10
const PUBLISH = 11, PROTOCOLS = 12, OPEN_STREAM = 13, STREAM_WRITE = 14, STREAM_FINISH = 15, STREAM_RESET = 16, STREAM_CONSUMED = 17
const SOCKET_OPEN = 18, SOCKET_DATA = 19, SOCKET_CLOSED = 20, SOCKET_DRAINED = 21, SUSPENDED = 23, QUERY = 24, CLOSE_LINK = 25
const SOCKET_BLOCKED = 26
const DESCRIBED = 30, GATHERED = 31, PEER_CONNECTED = 32, PEER_FAILED = 33, PEER_DIALLED = 34
const CHANNEL_OPENED = 35, CHANNEL_READY = 36, CHANNEL_DATA = 37, CHANNEL_CLOSED = 38, CHANNEL_DRAINED = 39

// By the module's error kinds; each but the first says what happened.
const kinds = ('CLOSED CONNECTION_LOST CLOSED TIMEOUT PEER_FAULT LIMIT NOT_CONNECTED LIMITED_CONNECTION UNSUPPORTED_PROTOCOL RESET '
  + 'ABORTED_LOCALLY REFUSED_BY_RELAY UNRESOLVED ABORTED BACKED_OFF UNSUPPORTED_TRANSPORT OWN_PEER UNREACHABLE ANSWER NOT_RELAY_ADDRESS '
  + 'KEY_TYPE WRONG_PEER CIRCUIT_BYTES CIRCUIT_DURATION').split(' ')
const codeOf = (kind) => kind === 13 ? 'ABORT_ERR' : `ERR_${kinds[kind] ?? kinds[0]}`
const wordsOf = (kind) => (kinds[kind] ?? kinds[0]).toLowerCase().replaceAll('_', ' ')

export class CausewayError extends Error {
  constructor(code, message, more = {}) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined)
    this.name = code === 'ABORT_ERR' ? 'AbortError' : 'CausewayError'
    this.code = code
    for (const key in more) if (key !== 'cause' && more[key] !== undefined) this[key] = more[key]
  }
}

const failure = (kind, more) => new CausewayError(codeOf(kind), wordsOf(kind), more)
const refuse = (code, message, more) => { throw new CausewayError(code, message, more) }
const aborted = (signal) => new CausewayError('ABORT_ERR', 'aborted', { cause: signal.reason })

// Names

class Name {
  #text
  constructor(text) { this.#text = text }
  toString() { return this.#text }
  toJSON() { return this.#text }
  equals(other) { return other != null && String(other) === this.#text }
  [Symbol.for('nodejs.util.inspect.custom')]() { return this.#text }
}

class PeerId extends Name {}

class Multiaddr extends Name {
  getPeerId() { return parse(this).findLast(([name]) => name === 'p2p')?.[1] ?? null }
}

const isPeer = (text) => /^(12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]{40,48}$/.test(text)
const withValue = new Set('ip4 ip6 ip6zone dns dns4 dns6 dnsaddr tcp udp sni certhash p2p http-path memory onion3'.split(' '))
const without = new Set('ws wss tls noise quic quic-v1 webtransport webrtc webrtc-direct p2p-circuit http https utp'.split(' '))

/** An address's parts: [name, value]. */
function parse(address) {
  const text = String(address), words = text.split('/'), parts = []
  const bad = (why) => refuse('ERR_INVALID_ADDRESS', `${text.slice(0, 200)}: ${why}`)
  if (words.shift() !== '' || !words.length) bad('no multiaddr')
  while (words.length) {
    const name = words.shift()
    if (without.has(name)) parts.push([name])
    else if (!withValue.has(name)) bad(`no such protocol: ${name}`)
    else {
      const value = words.shift() ?? ''
      if (name === 'ip4' ? !/^(\d{1,3}\.){3}\d{1,3}$/.test(value) || value.split('.').some((one) => one > 255)
        : name === 'ip6' ? !/^[0-9a-f:.]+$/i.test(value) || !value.includes(':')
        : name === 'tcp' || name === 'udp' ? !/^\d{1,5}$/.test(value) || value > 65535
        : name === 'p2p' ? !isPeer(value) : !value) bad(`not for /${name}: ${value}`)
      parts.push([name, value])
    }
  }
  return parts
}

export function peerIdFromString(text) {
  if (!isPeer(String(text))) refuse('ERR_INVALID_PEER', `no peer id: ${String(text).slice(0, 100)}`)
  return new PeerId(String(text))
}

export function multiaddr(text) {
  parse(text)
  return new Multiaddr(String(text))
}

const toAddresses = (parts) => parts.map((one) => new Multiaddr(string(one)))
const toPeer = (bytes) => new PeerId(string(bytes))

/** An address of `peer` that ends with its name, so that it can be dialled as it is. */
function addressOf(peer, bytes) {
  const text = string(bytes), part = `/p2p/${string(peer)}`
  return new Multiaddr(text.endsWith(part) ? text : text + part)
}

/** The peer that a peer id, or an address, names. */
const peerOf = (to) => peerIdFromString(String(to).startsWith('/') ? new Multiaddr(String(to)).getPeerId() : to).toString()

/** Of a relayed connection, and not of a direct one that is to be made over it. */
const isCircuit = (address) => parse(address).findLast(([name]) => /^p2p-circuit$|^webrtc/.test(name))?.[0] === 'p2p-circuit'

const isSecurePage = () => String(globalThis.origin ?? '').startsWith('https:')

/** The URL of an address with a WebSocket. */
function socketURL(address) {
  const parts = parse(address), get = (name) => parts.find((one) => one[0] === name)?.[1]
  const host = get('sni') ?? (parts[0][0] === 'ip6' ? `[${parts[0][1]}]` : parts[0][1])
  return `${parts.some(([name]) => name === 'wss' || name === 'tls') ? 'wss' : 'ws'}://${host}:${get('tcp')}`
}

/** Throws what a page cannot dial; undefined for what it can. */
function undialable(address) {
  const names = parse(address).map(([name]) => name), at = names.indexOf('p2p-circuit')
  const first = at < 0 ? names : names.slice(0, at)
  if (names.some((name) => /^webrtc/.test(name)) && !globalThis.RTCPeerConnection) {
    return new CausewayError('ERR_NO_WEBRTC', `there is no WebRTC here, so ${address} cannot be dialled`)
  }
  if (first.includes('webrtc-direct')) {
    if (names.includes('certhash')) return
    return new CausewayError('ERR_INVALID_ADDRESS', `${address} names no certificate (/certhash/…)`)
  }
  if (at >= 0 && first.every((name) => name === 'p2p')) return
  if (!first.includes('ws') && !first.includes('wss')) {
    return new CausewayError('ERR_UNSUPPORTED_TRANSPORT', `a page cannot dial ${address}`)
  }
  if (isSecurePage() && !first.includes('wss') && !first.includes('tls')) {
    return new CausewayError('ERR_MIXED_CONTENT', `a page of https may not open ${address}`)
  }
}

// Bytes

function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + 4 + one.length, 0)), view = new DataView(whole.buffer)
  let at = 0
  for (const one of parts) {
    view.setUint32(at, one.length, true)
    whole.set(one, at + 4)
    at += 4 + one.length
  }
  return whole
}

function split(bytes) {
  const parts = []
  for (let at = 0; at < bytes.length;) {
    const start = at + 4
    at = start + number(bytes.subarray(at, start))
    parts.push(bytes.subarray(start, at))
  }
  return parts
}

/** Little-endian. */
const number = (bytes) => bytes.reduceRight((sum, one) => sum * 256 + one, 0)

function view(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return refuse('ERR_INVALID_ARGUMENT', 'bytes are wanted (Uint8Array)')
}

/** Of two parts, each empty if there is no such limit. */
function limitsOf(bytes, seconds) {
  const limits = { ...(bytes.length ? { bytes: number(bytes) } : {}), ...(seconds.length ? { seconds: number(seconds) } : {}) }
  return bytes.length || seconds.length ? limits : undefined
}

// Streams

const HIGH_WATER = 256 << 10

/** A stream for the application, and what the engine tells it. */
function makeStream(engine, id, protocol, direction, connection) {
  let status = 'open', fault, incoming = [], pulled, drained, input, output, writer, isFinished = false, isDiscarding = false, written

  const consume = (count) => engine.send(STREAM_CONSUMED, id, count)
  const settle = () => {
    if (incoming.length || !input) return
    if (fault) input.error(fault)
    else if (isFinished) input.close()
    else return
    input = undefined
    pulled?.()
  }
  const deliver = () => {
    const chunk = incoming.shift()
    input.enqueue(chunk)
    consume(chunk.length)
    settle()
  }
  const discard = () => {
    isDiscarding = true
    for (const one of incoming.splice(0)) consume(one.length)
  }
  const finish = () => {
    if (status !== 'open') return
    status = 'closing'
    engine.send(STREAM_FINISH, id)
  }
  const end = (error, state) => {
    if (fault || status === 'closed') return
    status = state
    fault = error
    isFinished = true
    engine.streams.delete(id)
    drained?.()
    settle()
    if (error) output.error(error)
  }
  const abort = (cause) => {
    if (!engine.streams.has(id)) return
    incoming = []
    engine.send(STREAM_RESET, id)
    end(cause instanceof CausewayError ? cause : failure(10, { cause }), 'aborted')
  }

  const readable = new ReadableStream({
    start(controller) { input = controller },
    pull() {
      if (incoming.length) deliver()
      else if (input) return new Promise((resolve) => { pulled = () => { pulled = undefined; resolve() } })
    },
    cancel() {
      input = undefined
      discard()
    },
  }, { highWaterMark: 0 })

  const writable = new WritableStream({
    start(controller) { output = controller },
    write(chunk) {
      const bytes = view(chunk)
      return written = (async () => {
        for (let at = 0; at < bytes.length; at += HIGH_WATER) {
          if (fault) throw fault
          if (status !== 'open') throw failure(2)
          if (engine.command(STREAM_WRITE, id, 0, bytes.subarray(at, at + HIGH_WATER)) > HIGH_WATER) {
            await new Promise((resolve) => { drained = resolve })
          }
        }
        if (fault) throw fault
      })()
    },
    close: finish,
    abort,
  })
  const getWriter = writable.getWriter.bind(writable)
  writable.getWriter = () => {
    const made = writer = getWriter(), release = made.releaseLock.bind(made)
    made.releaseLock = () => {
      release()
      if (writer === made) writer = undefined
    }
    return made
  }

  const stream = {
    id: String(id), protocol, direction, connection, readable, writable,
    get status() { return status },
    get limits() { return connection?.limits },
    async closeWrite() {
      if (status !== 'open') return
      if (!writable.locked) return writable.close()
      // Locked: by the writer that was handed out last, or by a pipe, which has no more to say.
      if (writer) return writer.close()
      await written
      finish()
    },
    async close() {
      discard()
      isFinished = true
      settle()
      await stream.closeWrite()
    },
    abort,
  }
  return {
    stream, end,
    received(bytes) {
      if (isDiscarding) return consume(bytes.length)
      incoming.push(bytes)
      if (!pulled) return
      const resolve = pulled
      deliver()
      resolve()
    },
    finished() {
      isFinished = true
      settle()
    },
    writable() { drained?.() },
  }
}

class Connection {
  #engine
  #link
  #closed
  status = 'open'

  constructor(engine, link, flags, remotePeer, remoteAddr, localAddr) {
    this.#engine = engine
    this.#link = link
    Object.assign(this, {
      id: String(link), remotePeer, remoteAddr, localAddr, direction: flags & 1 ? 'inbound' : 'outbound', direct: !(flags & 4),
      limited: !!(flags & 2),
      ...(/\/webrtc/.test(remoteAddr) ? { encryption: 'dtls', multiplexer: 'webrtc' } : { encryption: 'noise', multiplexer: 'yamux' }),
    })
    this.#closed = new Promise((resolve) => engine.closing.set(link, resolve))
  }

  get limits() { return this.limited ? this.#engine.limits(this.#link) : undefined }
  get streams() { return [...this.#engine.streams.values()].map((one) => one.stream).filter((one) => one.connection === this) }
  newStream(protocols, options) { return this.#engine.open(String(this.remotePeer), protocols, options) }
  close() {
    if (this.status === 'open') this.#engine.send(CLOSE_LINK, this.#link)
    return this.#closed
  }
}

// The module

const CHANNEL_LOW_WATER = 1 << 20
/** A path that is lost may come back. */
const DISCONNECTED_TIME = 10_000
const HELD = 256

/** The module's WebRTC peer connections, and their data channels. */
class PeerConnections {
  #peers = new Map()
  #engine
  #configuration
  /** Of the one that was closed last. */
  report

  constructor(engine, configuration = {}) {
    this.#engine = engine
    this.#configuration = configuration
  }

  handle(kind, link, channel, bytes) {
    switch (kind) {
      case 50: return this.#begin(link, (peer) => this.#offer(peer))
      case 51: return this.#begin(link, (peer) => this.#answer(peer, string(bytes)))
      case 52: return this.#step(link, ({ pc }) => refusing(pc.setRemoteDescription({ type: 'answer', sdp: string(bytes) })))
      case 53: return this.#step(link, (peer) => this.#candidate(peer, string(bytes)))
      case 54: return this.#begin(link, (peer) => this.#dial(peer, ...split(bytes)))
      case 55: return this.#carried(link)
      case 56: return this.close(link)
    }
    const peer = this.#peers.get(link)
    if (peer) this.#channel(kind, peer, channel, bytes)
  }

  /** One step of a peer connection after the other. */
  #step(link, act) {
    const peer = this.#peers.get(link)
    if (!peer) return
    const isHere = () => this.#peers.get(link) === peer
    peer.work = peer.work.then(() => isHere() && act(peer)).catch((error) => {
      if (!isHere()) return
      peer.error = error
      this.#engine.send(PEER_FAILED, link, error.isRefused ? 1 : 0)
    })
  }

  #begin(link, act) {
    const peer = { link, channels: new Map(), last: 0, held: [], work: Promise.resolve(), began: performance.now(), local: 0, remote: 0 }
    this.#peers.set(link, peer)
    this.#step(link, async () => {
      const configuration = typeof this.#configuration === 'function' ? await this.#configuration() : this.#configuration
      if (this.#peers.get(link) === peer) return this.#watch(peer, peer.pc = new RTCPeerConnection(configuration))
    })
    this.#step(link, act)
  }

  #watch(peer, pc) {
    const { link } = peer, engine = this.#engine
    const failed = () => this.#peers.get(link) === peer && engine.send(PEER_FAILED, link)
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return
      peer.local += 1
      engine.send(GATHERED, link, 0, utf8(JSON.stringify(candidate)))
    }
    pc.ondatachannel = ({ channel }) => {
      // The offerer's first one is there to have something to offer, and is the offerer's to close.
      if (channel.label !== 'init' || peer.init) this.#adopt(peer, peer.last += 2, channel)
    }
    pc.onconnectionstatechange = () => {
      clearTimeout(peer.lost)
      const { connectionState } = pc
      if (connectionState === 'connected') {
        // The end of DTLS is the remote's goodbye; without it, ICE would look for it for half a minute.
        const dtls = pc.sctp?.transport
        if (dtls) dtls.onstatechange = () => /closed|failed/.test(dtls.state) && failed()
        peer.connected?.()
      } else if (connectionState === 'disconnected') peer.lost = setTimeout(failed, DISCONNECTED_TIME)
      else if (/closed|failed/.test(connectionState)) failed()
    }
  }

  async #offer(peer) {
    const { pc, link } = peer, init = peer.init = pc.createDataChannel('init')
    // A remote that closes the channel on sight has opened it.
    init.onopen = init.onclose = init.onclosing = peer.connected = () => {
      if (pc.connectionState !== 'connected' || init.readyState === 'connecting') return
      init.close()
      this.#connected(peer)
    }
    const offer = await pc.createOffer()
    this.#engine.send(DESCRIBED, link, 0, utf8(offer.sdp))
    await pc.setLocalDescription(offer)
  }

  #connected(peer) {
    if (peer.isTold) return
    peer.isTold = true
    this.#engine.send(PEER_CONNECTED, peer.link)
  }

  async #answer(peer, sdp) {
    const { pc, link } = peer
    peer.connected = () => this.#connected(peer)
    await refusing(pc.setRemoteDescription({ type: 'offer', sdp }))
    const answer = await pc.createAnswer()
    this.#engine.send(DESCRIBED, link, 0, utf8(answer.sdp))
    await pc.setLocalDescription(answer)
  }

  /** What cannot be used (another machine's `.local` name, another browser's extension) is left out: others may do. */
  async #candidate(peer, text) {
    peer.remote += 1
    try {
      await peer.pc.addIceCandidate(JSON.parse(text))
    } catch {}
  }

  /** `/webrtc-direct`: the server has no signalling; both descriptions are made here (webrtc-direct.md). */
  async #dial(peer, host, port, certificate) {
    const { pc, link } = peer, engine = this.#engine
    const channel = pc.createDataChannel('', { negotiated: true, id: 0 })
    const offer = await pc.createOffer()
    const line = (name, sdp) => new RegExp(`^a=${name}:(.*?)\r?$`, 'm').exec(sdp)?.[1]
    let secret = `libp2p+webrtc+v1/${randomText(32)}`
    // Version 1 tells the server our credentials by making them the same as its own; a browser that forbids that speaks version 2.
    const sdp = offer.sdp.replace(/^a=ice-(ufrag|pwd):.*?(\r?)$/gm, `a=ice-$1:${secret}$2`)
    await pc.setLocalDescription({ type: 'offer', sdp }).catch(() => {})
    if (line('ice-ufrag', pc.localDescription?.sdp) !== secret) {
      if (!pc.localDescription) await pc.setLocalDescription(offer)
      secret = `libp2p+webrtc+v2/${line('ice-pwd', pc.localDescription.sdp)}`
    }
    const own = line('fingerprint', pc.localDescription.sdp).replace(/^sha-256 /i, '').split(':').map((one) => parseInt(one, 16))
    channel.onopen = () => engine.send(PEER_DIALLED, link, 0, Uint8Array.from(own))
    this.#adopt(peer, 0, channel)
    await pc.setRemoteDescription({ type: 'answer', sdp: serverDescription(string(host), number(port), secret, certificate) })
  }

  /** The module drives it now, and hears of what came before. */
  #carried(link) {
    const peer = this.#peers.get(link)
    if (!peer) return
    peer.isCarried = true
    for (const one of peer.held) this.#engine.send(...one)
    peer.held = []
  }

  #tell(peer, kind, number, bytes) {
    const command = [kind, peer.link, number, bytes]
    if (peer.isCarried) return this.#engine.send(...command)
    // Nothing that keeps to the protocol says so much yet.
    if (peer.held.push(command) > HELD) this.#engine.send(PEER_FAILED, peer.link)
  }

  #adopt(peer, number, channel) {
    const isOurs = number % 2 === 1
    peer.channels.set(number, channel)
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = CHANNEL_LOW_WATER
    channel.onmessage = ({ data }) => data instanceof ArrayBuffer && this.#tell(peer, CHANNEL_DATA, number, new Uint8Array(data))
    channel.onbufferedamountlow = () => this.#drained(peer, number)
    channel.onclose = () => peer.channels.delete(number) && this.#tell(peer, CHANNEL_CLOSED, number)
    if (isOurs) channel.onopen = () => this.#tell(peer, CHANNEL_READY, number)
    else if (number) this.#tell(peer, CHANNEL_OPENED, number)
  }

  #drained(peer, number) {
    const channel = peer.channels.get(number), buffered = channel?.bufferedAmount
    if (buffered <= CHANNEL_LOW_WATER) this.#tell(peer, CHANNEL_DRAINED, number, new Uint8Array(Uint32Array.of(buffered).buffer))
    if (!buffered) channel?.drained?.()
  }

  #channel(kind, peer, number, bytes) {
    const channel = peer.channels.get(number)
    try {
      if (kind === 57) this.#adopt(peer, number, peer.pc.createDataChannel(''))
      else if (!channel) return
      else if (kind === 58) {
        channel.send(bytes)
        if (channel.isCounted) return
        channel.isCounted = true
        queueMicrotask(() => {
          channel.isCounted = false
          this.#drained(peer, number)
        })
      } else this.#closeChannel(peer, number, channel)
    } catch {
      // Who closes a peer connection is not told of it.
      if (peer.pc.connectionState === 'closed') return this.#engine.send(PEER_FAILED, peer.link)
      peer.channels.delete(number)
      this.#tell(peer, CHANNEL_CLOSED, number)
    }
  }

  /** After what it was given to send, for half a minute at most. */
  #closeChannel(peer, number, channel) {
    const close = () => {
      peer.channels.delete(number)
      channel.close()
    }
    if (!channel.bufferedAmount) return close()
    const late = setTimeout(close, 30_000)
    channel.drained = () => {
      clearTimeout(late)
      close()
    }
    channel.bufferedAmountLowThreshold = 0
  }

  close(link) {
    const peer = this.#peers.get(link)
    if (!peer) return
    this.#peers.delete(link)
    clearTimeout(peer.lost)
    const { pc, local, remote, began, error } = peer
    this.report = {
      candidates: { local, remote }, ice: pc?.iceConnectionState ?? 'new', state: pc?.connectionState ?? 'new',
      milliseconds: Math.round(performance.now() - began), ...(error ? { cause: error } : {}),
    }
    if (!pc) return
    pc.onicecandidate = pc.ondatachannel = pc.onconnectionstatechange = null
    if (pc.sctp?.transport) pc.sctp.transport.onstatechange = null
    for (const channel of [peer.init, ...peer.channels.values()]) if (channel) channel.onclose = channel.onmessage = channel.onopen = null
    pc.close()
  }

  end() { for (const link of [...this.#peers.keys()]) this.close(link) }
}

/** Marks the failure as the remote's description's. */
const refusing = (promise) => promise.catch((cause) => {
  throw Object.assign(new Error('the description is not taken', { cause }), { isRefused: true })
})

function randomText(length) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (one) => letters[one & 63]).join('')
}

/** What a `/webrtc-direct` server would say of itself, of its address. */
const serverDescription = (host, port, secret, certificate) => {
  const family = host.includes(':') ? 'IP6' : 'IP4'
  const fingerprint = Array.from(certificate, (one) => one.toString(16).padStart(2, '0').toUpperCase()).join(':')
  return ['v=0', `o=- 0 0 IN ${family} ${host}`, 's=-', 't=0 0', 'a=ice-lite', `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    `c=IN ${family} ${host}`, 'a=mid:0', 'a=ice-options:ice2', `a=ice-ufrag:${secret}`, `a=ice-pwd:${secret}`,
    `a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:passive', 'a=sctp-port:5000', 'a=max-message-size:16384',
    `a=candidate:1 1 UDP 1 ${host} ${port} typ host`, 'a=end-of-candidates', ''].join('\r\n')
}

/** One instance of the module with its sockets, requests and streams. */
class Engine {
  events = []
  requests = new Map()
  opening = new Map()
  streams = new Map()
  connections = new Map()
  closing = new Map()
  sockets = new Map()
  peers = new Set()
  addresses = []
  last = 0
  lastStream = 0
  // Of the clock: the wall's time at its zero. It goes on while the machine sleeps.
  origin = Date.now() - performance.now()
  slept = 0

  constructor(node, WebSocket, rtcConfiguration) {
    this.node = node
    this.WebSocket = WebSocket
    this.peerConnections = new PeerConnections(this, rtcConfiguration)
  }

  async load(module, flags, seed, { agent, discovery }) {
    const bytes = (p, n) => new Uint8Array(this.exports.memory.buffer, p >>> 0, n)
    this.bytes = bytes
    const host = {
      random(p, n) { for (let i = 0; i < n; i += 65536) crypto.getRandomValues(bytes(p + i, Math.min(65536, n - i))) },
      log: (p, n) => console.debug('causeway:', string(bytes(p, n))),
      event: (kind, a, b, p, n) => { this.events.push([kind, a >>> 0, b >>> 0, bytes(p, n).slice()]) },
    }
    try { this.exports = (await WebAssembly.instantiate(module, { host })).exports } catch (cause) {
      refuse('ERR_WASM', 'the module cannot be used here', { cause })
    }
    this.exports._initialize?.()
    const unix = new DataView(new ArrayBuffer(8))
    unix.setBigUint64(0, BigInt(Math.round(this.origin * 1000)) * 1000n, true)
    this.command(START, flags, discovery?.interval ?? 0, join(seed, utf8(agent ?? ''), new Uint8Array(unix.buffer)))
    this.turn()
    if (this.error) throw this.error
    if (!this.peer) refuse('ERR_INVALID_KEY', 'the key cannot be used')
    this.watch()
  }

  watch() {
    this.unwatch = new AbortController()
    const listen = (target, type, act) => target?.addEventListener?.(type, act, { signal: this.unwatch.signal })
    const probe = () => this.send(SUSPENDED)
    listen(globalThis, 'online', probe)
    listen(globalThis.document, 'resume', probe)
    listen(globalThis.document, 'visibilitychange', () => document.visibilityState === 'visible' && probe())
  }

  /** Milliseconds since `origin`. */
  clock() {
    const now = performance.now() + this.slept, ahead = Date.now() - this.origin - now
    if (Math.abs(ahead) < 5000) return now
    if (ahead < 0) {
      this.origin += ahead
      return now
    }
    this.slept += ahead
    this.send(SUSPENDED, Math.min(ahead, 2 ** 31))
    return now + ahead
  }

  command(kind, a = 0, b = 0, bytes = nothing) {
    if (!this.exports) throw this.error ?? new CausewayError('ERR_STOPPED', 'the node is not running')
    try {
      const p = this.exports.buffer_allocate(bytes.length)
      this.bytes(p, bytes.length).set(bytes)
      const answer = this.exports.command(kind, a, b, p, bytes.length)
      this.exports.buffer_free(p)
      if (!this.isScheduled) {
        this.isScheduled = true
        queueMicrotask(() => this.isScheduled && this.turn())
      }
      return answer
    } catch (cause) {
      this.trap(cause)
      throw this.error
    }
  }

  /** A command that does not matter any more when the node is gone. */
  send(...command) {
    if (!this.exports) return
    // If the module fails now, the node has said so.
    try { this.command(...command) } catch {}
  }

  turn() {
    if (!this.exports) return
    clearTimeout(this.timer)
    const now = this.clock()
    this.isScheduled = false
    try {
      const deadline = this.exports.turn(now)
      if (deadline < Infinity) this.timer = setTimeout(() => this.turn(), Math.min(Math.max(Math.ceil(deadline - now), 0), 2 ** 31 - 1))
    } catch (cause) {
      return this.trap(cause)
    }
    if (this.isDraining) return
    this.isDraining = true
    // An application's listener may ask, which adds events at the end.
    for (let index = 0; index < this.events.length; index++) this.handle(...this.events[index])
    this.events = []
    this.isDraining = false
  }

  trap(cause) {
    const error = new CausewayError('ERR_TRAP', 'the module failed; the node is closed', { cause })
    this.end(error)
    this.node.failed(error)
  }

  /** Everything that waits fails with `error`. */
  end(error) {
    this.exports = undefined
    this.error = error
    this.events = []
    clearTimeout(this.timer)
    this.unwatch?.abort()
    for (const link of [...this.sockets.keys()]) this.closeSocket(link)
    this.peerConnections.end()
    for (const map of [this.requests, this.opening]) {
      for (const one of map.values()) one.reject(error)
      map.clear()
    }
    for (const one of [...this.streams.values()]) one.end(error, 'reset')
    for (const link of [...this.connections.keys()]) this.forget(link)
    for (const peer of this.peers) this.node.tell('peer:disconnect', new PeerId(peer))
    this.peers.clear()
    this.addresses = []
  }

  /** A promise with an abort signal, kept in `map` under `key` until it is settled. */
  wait(map, key, signal, cancel, read, begin) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw aborted(signal)
      const settle = (act) => (...values) => {
        map.delete(key)
        signal?.removeEventListener('abort', stop)
        try { act(...values) } catch (error) { reject(error) }
      }
      const stop = settle(() => {
        cancel()
        reject(aborted(signal))
      })
      map.set(key, { answer: settle((...values) => resolve(read(...values))), reject: settle(reject) })
      signal?.addEventListener('abort', stop)
      try { begin() } catch (error) { settle(reject)(error) }
    })
  }

  /** A request; `read` makes the result of the answer, or throws. */
  ask(kind, b, bytes, signal, read) {
    const request = ++this.last
    return this.wait(this.requests, request, signal, () => this.send(CANCEL, request), read, () => this.command(kind, request, b, bytes))
  }

  /** A question that is answered at once. */
  query(which, argument = '') {
    if (!this.exports) return []
    const request = ++this.last
    this.command(QUERY, request, which, utf8(argument))
    // The answer is taken out of the turn's events; the others follow in their order.
    const isDraining = this.isDraining
    this.isDraining = true
    this.turn()
    this.isDraining = isDraining
    if (!isDraining && this.exports) queueMicrotask(() => this.turn())
    const answer = this.events.find(([kind, a]) => kind === 6 && a === request)
    return answer ? split(answer[3]) : []
  }

  limits(link) {
    const parts = this.query(2)
    for (let i = 0; i < parts.length; i += 6) if (number(parts[i]) === link) return limitsOf(parts[i + 4], parts[i + 5])
  }

  open(peer, protocols, { signal, runOnLimitedConnection = false } = {}) {
    const names = [protocols].flat().map(String), id = this.lastStream += 2
    return this.wait(this.opening, id, signal, () => this.send(STREAM_RESET, id), (protocol) => {
      const made = makeStream(this, id, protocol, 'outbound', this.best(peer, runOnLimitedConnection))
      this.streams.set(id, made)
      return made.stream
    }, () => {
      if (!names.length || names.some((one) => !one)) refuse('ERR_INVALID_ARGUMENT', 'a protocol is wanted')
      this.command(OPEN_STREAM, id, runOnLimitedConnection ? 1 : 0, join(utf8(peer), ...names.map(utf8)))
    })
  }

  to(peer) { return [...this.connections.values()].filter((one) => one.remotePeer.equals(peer)) }

  best(peer, limited = true) {
    const rank = (one) => (one.limited ? 0 : 2) + (one.direct ? 1 : 0)
    return this.to(peer).filter((one) => limited || !one.limited).sort((one, other) => rank(one) - rank(other)).at(-1)
  }

  forget(link) {
    const connection = this.connections.get(link)
    if (!connection) return
    this.connections.delete(link)
    connection.status = 'closed'
    this.closing.get(link)()
    this.closing.delete(link)
    this.node.tell('connection:close', connection)
  }

  // Sockets

  connectSocket(link, address) {
    let socket
    try { socket = new this.WebSocket(socketURL(address)) } catch { return this.send(SOCKET_CLOSED, link) }
    this.sockets.set(link, socket)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.send(SOCKET_OPEN, link)
    socket.onmessage = ({ data }) => data instanceof ArrayBuffer && this.send(SOCKET_DATA, link, 0, new Uint8Array(data))
    // Some tell of a failed attempt by `error` alone.
    socket.onerror = socket.onclose = ({ code = 0 }) => {
      if (this.sockets.delete(link)) this.send(SOCKET_CLOSED, link, code)
    }
  }

  sendSocket(link, bytes) {
    const socket = this.sockets.get(link)
    if (socket?.readyState !== 1) return
    socket.send(bytes)
    if (socket.bufferedAmount < 1 << 20 || socket.isBlocked) return
    socket.isBlocked = true
    this.send(SOCKET_BLOCKED, link)
    const poll = setInterval(() => {
      if (socket.readyState === 1 && socket.bufferedAmount >= 1 << 20) return
      clearInterval(poll)
      socket.isBlocked = false
      this.send(SOCKET_DRAINED, link)
    }, 5)
  }

  closeSocket(link) {
    const socket = this.sockets.get(link)
    if (!socket) return
    this.sockets.delete(link)
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.onerror = () => {}
    socket.close()
  }

  // Events

  handle(kind, a, b, bytes) {
    const { node, peerConnections } = this
    if (kind >= 50) return peerConnections.handle(kind, a, b, bytes)
    const { report } = peerConnections
    peerConnections.report = undefined
    switch (kind) {
      case 1: this.peer = string(bytes); return
      case 2: case 3: case 4: case 5: this.requests.get(a)?.answer(b, split(bytes)); return
      case 9:
        this.peers.add(string(bytes))
        return node.tell('peer:connect', toPeer(bytes))
      case 10:
        this.peers.delete(string(bytes))
        return node.tell('peer:disconnect', toPeer(bytes))
      case 20: this.opening.get(a)?.answer(string(bytes)); return
      case 21: this.streams.get(a)?.received(bytes); return
      case 22: this.streams.get(a)?.writable(); return
      case 23: this.streams.get(a)?.finished(); return
      case 40: return this.connectSocket(a, string(bytes))
      case 41: return this.sendSocket(a, bytes)
      case 42: return this.closeSocket(a)
    }
    const parts = split(bytes), first = parts[0]
    switch (kind) {
      case 7: {
        const connection = new Connection(this, a, b, toPeer(first), addressOf(first, parts[1]), toAddresses(parts)[2])
        this.connections.set(a, connection)
        return node.tell('connection:open', connection)
      }
      case 8: return this.forget(a)
      case 11:
        return node.tell('path:change', { peer: toPeer(first), connection: this.connections.get(a), address: addressOf(first, parts[1]) })
      case 12: return node.tell('peer:identify', identified(first, parts.slice(1)))
      case 13:
        return node.tell('peer:discovery', {
          id: toPeer(first), multiaddrs: parts.slice(1).map((one) => addressOf(first, one)), source: a ? 'json' : 'protobuf',
        })
      case 14:
        return node.tell('reservation', {
          ...reservation(['made', 'refreshed', 'lost', 'failed'][a], parts), ...(b ? { error: failure(b) } : {}),
        })
      case 15: {
        const address = first.length ? addressOf(first, parts[1]) : toAddresses(parts)[1]
        const outcome = { address, ...result(a, number(parts[2]), b), ...(report && /\/webrtc/.test(address) ? { webrtc: report } : {}) }
        return node.tell('dial:attempt', first.length ? { peer: toPeer(first), ...outcome } : outcome)
      }
      case 16:
        this.addresses = toAddresses(parts)
        return node.tell('self:peer:update', { peer: { id: node.peerId, addresses: [...this.addresses] } })
      case 17:
        return node.services.pubsub.dispatchEvent(new CustomEvent('message', { detail: {
          topic: string(first), from: parts[1].length ? toPeer(parts[1]) : undefined, receivedFrom: toPeer(parts[2]),
          sequenceNumber: parts[3].reduce((sum, one) => sum << 8n | BigInt(one), 0n), data: parts[4],
        } }))
      case 24: {
        const error = b ? failure(b, { value: number(first), moved: b > 21 ? number(parts[1]) : undefined }) : undefined
        this.opening.get(a)?.reject(error ?? failure(2))
        return this.streams.get(a)?.end(error, error ? 'reset' : 'closed')
      }
      case 25: {
        const protocol = string(parts[1])
        const made = makeStream(this, a, protocol, 'inbound', this.connections.get(b))
        this.streams.set(a, made)
        return node.incoming(protocol, made.stream)
      }
    }
  }
}

const result = (kind, value, milliseconds) =>
  kind === 100 ? { result: 'connected', value, milliseconds } : { result: wordsOf(kind), code: codeOf(kind), value, milliseconds }

function identified(peer, [agent, count, ...rest]) {
  const addresses = number(count)
  return {
    peerId: toPeer(peer), agentVersion: string(agent), listenAddrs: rest.slice(0, addresses).map((one) => addressOf(peer, one)),
    protocols: rest.slice(addresses).map(string),
  }
}

function reservation(state, [relay, expires, bytes, seconds, ...addresses]) {
  const until = number(expires), limits = limitsOf(bytes, seconds)
  return {
    state, relay: toPeer(relay), addresses: toAddresses(addresses), ...(until ? { expires: new Date(until * 1000) } : {}),
    ...(limits ? { limits } : {}),
  }
}

/** Of an answer to `CONNECT`. */
function notConnected(parts) {
  const outcomes = []
  for (let i = 0; i + 3 < parts.length; i += 4) {
    outcomes.push({ address: new Multiaddr(string(parts[i])), ...result(number(parts[i + 1]), number(parts[i + 2]), number(parts[i + 3])) })
  }
  if (!outcomes.length) return failure(6)
  const one = outcomes.every(({ code }) => code === outcomes[0].code) ? outcomes[0] : undefined
  const list = outcomes.map(({ address, result }) => `${address}: ${result}`).join('; ')
  return new CausewayError(one?.code ?? 'ERR_UNREACHABLE', `not connected: ${list}`, { outcomes, value: one?.value || undefined })
}

// The persistent key

async function takeKey() {
  if (globalThis.isSecureContext === false) refuse('ERR_INSECURE_CONTEXT', 'a persistent key needs a page of https or of this machine')
  const { locks } = globalThis.navigator ?? {}
  if (!locks || !globalThis.indexedDB) refuse('ERR_STORAGE', 'there is no storage for a key here')
  const release = await new Promise((resolve, reject) => {
    locks.request('causeway-key', { ifAvailable: true }, (lock) => lock
      ? new Promise((end) => resolve(end)) : reject(new CausewayError('ERR_KEY_IN_USE', 'another tab has the key'))).catch(reject)
  }).catch((cause) => { throw cause instanceof CausewayError ? cause : new CausewayError('ERR_STORAGE', 'no lock on the key', { cause }) })
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = request.onblocked = () => reject(request.error)
  })
  try {
    const opening = indexedDB.open('causeway', 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys')
    const database = await done(opening)
    try {
      const keys = () => database.transaction('keys', 'readwrite').objectStore('keys')
      let seed = await done(keys().get('seed'))
      if (!seed) await done(keys().put(seed = crypto.getRandomValues(new Uint8Array(32)), 'seed'))
      return { seed, release }
    } finally { database.close() }
  } catch (cause) {
    release()
    return refuse('ERR_STORAGE', 'the key could not be kept', { cause })
  }
}

/** The compiled module. */
async function compile(source = new URL('causeway.wasm', import.meta.url)) {
  try {
    if (source instanceof WebAssembly.Module) return source
    if (!(source instanceof URL) && typeof source !== 'string') return await WebAssembly.compile(source)
    const url = new URL(source, globalThis.location?.href ?? import.meta.url)
    if (url.protocol === 'file:' && globalThis.process) {
      const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ 'node:fs/promises')
      return await WebAssembly.compile(await readFile(url))
    }
    const response = await fetch(url)
    if (!response.ok) refuse('ERR_WASM', `${url}: status ${response.status}`)
    return await WebAssembly.compile(await response.arrayBuffer())
  } catch (cause) {
    throw cause instanceof CausewayError ? cause : new CausewayError('ERR_WASM', 'the module could not be loaded', { cause })
  }
}

// The API

class PubSub extends EventTarget {
  #engine
  #options
  #topics = new Set()

  constructor(engine, options) {
    super()
    this.#engine = engine
    this.#options = options
  }

  #check(topic) {
    if (!this.#options) refuse('ERR_PUBSUB_OFF', 'pubsub is off')
    if (typeof topic !== 'string' || !topic) refuse('ERR_INVALID_TOPIC', 'a topic is wanted')
    return utf8(topic)
  }

  subscribe(topic) {
    const bytes = this.#check(topic)
    if (this.#topics.has(topic)) return
    this.#topics.add(topic)
    this.#engine().send(SUBSCRIBE, 0, 0, bytes)
  }

  unsubscribe(topic) {
    const bytes = this.#check(topic)
    if (this.#topics.delete(topic)) this.#engine().send(UNSUBSCRIBE, 0, 0, bytes)
  }

  async publish(topic, data, { signal } = {}) {
    const name = this.#check(topic), bytes = view(data)
    return this.#engine().ask(PUBLISH, 0, join(name, bytes), signal, (b, [reason, limit]) => {
      if (b !== 0xffffffff) return { recipients: b }
      const [code, words] = [, ['ERR_MESSAGE_TOO_LARGE', 'the message is too large'], ['ERR_NO_SUBSCRIBERS', 'nobody is subscribed'],
        ['ERR_INVALID_TOPIC', 'not a topic'], ['ERR_PUBSUB_OFF', 'pubsub is off']][number(reason)]
      return refuse(code, words, { value: limit && number(limit) })
    })
  }

  getTopics() { return [...this.#topics] }
  getSubscribers(topic) { return this.#engine().query(3, topic).map(toPeer) }
  getMeshPeers(topic) { return this.#engine().query(4, topic).map(toPeer) }
}

class CausewayNode extends EventTarget {
  #options
  #engine
  #module
  #key
  #flags
  #candidates
  #handlers = new Map()
  #status = 'stopped'

  static async create(options) {
    const node = new CausewayNode(options)
    node.#module = await compile(options.wasm)
    await node.#load()
    try { if (options.start !== false) await node.start() } catch (error) {
      await node.stop()
      throw error
    }
    return node
  }

  constructor(options) {
    super()
    this.#options = options
    const { key, pubsub = true, discovery = true, webrtc } = options
    const gossip = pubsub === true ? {} : pubsub
    const find = gossip && (discovery === true ? { json: true, protobuf: true } : discovery) || {}
    if (key !== undefined && key !== 'persistent' && !(key instanceof Uint8Array && key.length === 32)) {
      refuse('ERR_INVALID_KEY', "a key is 32 bytes, or 'persistent'")
    }
    if (!(options.WebSocket ?? globalThis.WebSocket)) refuse('ERR_NO_WEBSOCKET', 'there is no WebSocket here; pass one as option')
    const hasWebRTC = webrtc !== false && globalThis.RTCPeerConnection
    this.#flags = (hasWebRTC ? 64 : 0) | (find.json ? 1 : 0) | (find.protobuf ? 2 : 0) | (isSecurePage() ? 0 : 4)
      | (gossip ? 8 | (gossip.floodPublish === false ? 0 : 16) | (gossip.allowPublishToZeroTopicPeers ? 32 : 0) : 0)
    this.#candidates = CausewayNode.#listen(options, hasWebRTC)
    this.services = { pubsub: new PubSub(() => this.#engine, gossip) }
    if (gossip?.emitSelf) this.#echoOwn()
  }

  /** The relays to hold places at, and how many of them. */
  static #listen({ relays = [], addresses: { listen = relays.length ? ['/p2p-circuit'] : [] } = {} }, hasWebRTC) {
    const named = []
    let any = 0
    for (const one of listen.map(String)) {
      if (one === '/webrtc') hasWebRTC || refuse('ERR_NO_WEBRTC', 'there is no WebRTC here to listen by')
      else if (one === '/p2p-circuit') any = 1
      else if (one.endsWith('/p2p-circuit')) named.push(one.slice(0, -12))
      else refuse('ERR_UNSUPPORTED_LISTEN', `a page can listen at relays (/p2p-circuit) and by /webrtc, not at ${one}`)
    }
    if (any && !relays.length) refuse('ERR_INVALID_ARGUMENT', '/p2p-circuit needs relays, or one named before it')
    const list = [...named, ...any ? relays.map((one) => String(one).replace(/\/p2p-circuit$/, '')) : []]
    for (const one of list) {
      const fault = undialable(one)
      if (fault) throw fault
      if (!multiaddr(one).getPeerId()) refuse('ERR_NOT_RELAY_ADDRESS', `${one} does not say which peer (/p2p/…)`)
    }
    return { list, count: named.length + any }
  }

  #echoOwn() {
    const { pubsub } = this.services, publish = pubsub.publish.bind(pubsub)
    let count = 0n
    pubsub.publish = async (topic, data, options) => {
      const answer = await publish(topic, data, options)
      if (pubsub.getTopics().includes(topic)) {
        const detail = { topic, data: view(data), from: this.peerId, receivedFrom: this.peerId, sequenceNumber: ++count }
        pubsub.dispatchEvent(new CustomEvent('message', { detail }))
      }
      return answer
    }
  }

  async #load() {
    if (this.#options.key === 'persistent') this.#key = await takeKey()
    else this.#key ??= { seed: this.#options.key?.slice() ?? crypto.getRandomValues(new Uint8Array(32)) }
    const node = this
    this.#engine = new Engine({
      services: this.services,
      get peerId() { return node.peerId },
      tell: (type, detail) => this.#tell(type, detail),
      failed: (error) => this.#failed(error),
      incoming: (protocol, stream) => this.#incoming(protocol, stream),
    }, this.#options.WebSocket ?? globalThis.WebSocket, this.#options.webrtc?.rtcConfiguration)
    try { await this.#engine.load(this.#module, this.#flags, this.#key.seed, this.#options) } catch (error) {
      this.#key.release?.()
      throw error
    }
    this.peerId = new PeerId(this.#engine.peer)
  }

  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })) }

  #failed(error) {
    this.#status = 'failed'
    this.#key.release?.()
    this.#tell('error', error)
  }

  async #incoming(protocol, stream) {
    try {
      const { handler } = this.#handlers.get(protocol) ?? refuse('ERR_UNSUPPORTED_PROTOCOL', protocol)
      await handler({ stream, connection: stream.connection })
    } catch (error) {
      stream.abort(error)
      if (this.#handlers.has(protocol)) this.#tell('error', error)
    }
  }

  get status() { return this.#status }

  async start() {
    if (this.#status === 'started' || this.#status === 'starting') return
    this.#status = 'starting'
    try {
      if (!this.#engine?.exports) await this.#load()
      this.#announceProtocols()
      for (const topic of this.services.pubsub.getTopics()) this.#engine.command(SUBSCRIBE, 0, 0, utf8(topic))
      const { list, count } = this.#candidates
      if (count) this.#engine.command(KEEP_RELAYS, count, 0, join(...list.map(utf8)))
      this.#engine.turn()
    } catch (error) {
      if (this.#status === 'starting') this.#status = 'stopped'
      throw error
    }
    this.#status = 'started'
    this.#tell('start')
  }

  async stop() {
    const engine = this.#engine
    if (!engine?.exports) return
    this.#status = 'stopping'
    // Circuits first: they say goodbye over the others.
    for (const direct of [false, true]) {
      for (const [link, one] of engine.connections) if (one.direct === direct) engine.send(CLOSE_LINK, link)
      engine.turn()
    }
    engine.end(new CausewayError('ERR_STOPPED', 'the node was stopped'))
    this.#key.release?.()
    this.#status = 'stopped'
    this.#tell('stop')
  }

  async #connect(to, { signal, limited }) {
    if (/^stopp/.test(this.#status)) refuse('ERR_STOPPED', 'the node is not running')
    const list = [to].flat(), engine = this.#engine
    let peer = '', addresses = []
    if (list.length === 1 && !String(list[0]).startsWith('/')) peer = peerOf(list[0])
    else {
      addresses = list.map(String)
      if (!addresses.length) refuse('ERR_INVALID_ARGUMENT', 'no address')
      for (const one of addresses) {
        const [name, value] = parse(one).at(-1)
        if (name !== 'p2p') refuse('ERR_INVALID_ADDRESS', `${one} does not say which peer (/p2p/… at its end)`)
        if (value !== (peer ||= value)) refuse('ERR_INVALID_ADDRESS', 'the addresses are of several peers')
      }
      const faults = addresses.map(undialable)
      if (faults.every(Boolean)) throw faults[0]
      addresses = addresses.filter((_, index) => !faults[index])
    }
    if (peer === String(this.peerId)) throw failure(16)
    const isForStream = limited === false
    if (isForStream && !addresses.length && engine.best(peer)) return engine.best(peer)
    limited ??= !addresses.length || addresses.some((one) => isCircuit(one))
    return engine.ask(CONNECT, limited ? 1 : 0, join(utf8(peer), ...addresses.map(utf8)), signal, (link, parts) => {
      const connection = engine.connections.get(link) ?? (link ? engine.best(peer) : undefined)
      if (connection) return connection
      const fault = notConnected(parts)
      throw isForStream && engine.best(peer) ? failure(7, { outcomes: fault.outcomes }) : fault
    })
  }

  async dial(to, { signal } = {}) { return this.#connect(to, { signal }) }

  async dialProtocol(to, protocols, options = {}) {
    const { remotePeer } = await this.#connect(to, { signal: options.signal, limited: !!options.runOnLimitedConnection })
    return this.#engine.open(String(remotePeer), protocols, options)
  }

  async handle(protocols, handler, { runOnLimitedConnection = false } = {}) {
    if (typeof handler !== 'function') refuse('ERR_INVALID_ARGUMENT', 'a handler is wanted')
    const names = [protocols].flat()
    for (const name of names) {
      if (typeof name !== 'string' || !name) refuse('ERR_INVALID_ARGUMENT', 'a protocol is wanted')
      if (this.#handlers.has(name)) refuse('ERR_INVALID_ARGUMENT', `${name} has a handler`)
    }
    for (const name of names) this.#handlers.set(name, { handler, runOnLimitedConnection })
    this.#announceProtocols()
  }

  async unhandle(protocols) {
    for (const name of [protocols].flat()) this.#handlers.delete(name)
    this.#announceProtocols()
  }

  #announceProtocols() {
    const entries = [...this.#handlers].map(([name, one]) => [utf8(name), Uint8Array.of(one.runOnLimitedConnection ? 1 : 0)])
    this.#engine?.send(PROTOCOLS, 0, 0, join(...entries.flat()))
  }

  getProtocols() { return [...this.#handlers.keys()] }

  async hangUp(peer) {
    const name = peerOf(peer), open = this.#engine.to(name)
    this.#engine.send(HANG_UP, 0, 0, utf8(name))
    await Promise.all(open.map((one) => one.close()))
  }

  getMultiaddrs() { return [...this.#engine.addresses] }
  getConnections(peer) { return peer === undefined ? [...this.#engine.connections.values()] : this.#engine.to(peerOf(peer)) }
  getPeers() { return [...this.#engine.peers].map((one) => new PeerId(one)) }

  async ping(peer, { signal } = {}) {
    const { remotePeer } = await this.#connect(peer, { signal, limited: true })
    return this.#engine.ask(PING, 0, utf8(String(remotePeer)), signal, (b, [kind]) => {
      if (b === 0xffffffff) throw failure(number(kind))
      return b / 1000
    })
  }

  async identify(peer) {
    const id = peerOf(peer), [agent, version, observed, ...rest] = this.#engine.query(5, id)
    if (!agent) return undefined
    const observedAddr = observed.length ? toAddresses([observed])[0] : undefined
    return { ...identified(utf8(id), [agent, ...rest]), protocolVersion: string(version), observedAddr }
  }

  async reserve(relay, { signal } = {}) {
    const fault = undialable(relay)
    if (fault) throw fault
    return this.#engine.ask(RESERVE, 0, utf8(String(relay).replace(/\/p2p-circuit$/, '')), signal, (ok, parts) => {
      if (!ok) throw failure(number(parts[0]), { value: number(parts[1]) || undefined })
      return reservation('made', parts)
    })
  }

  async release(relay) { this.#engine.send(RELEASE, 0, 0, utf8(peerOf(relay))) }
}

export const createNode = async (options = {}) => CausewayNode.create(options)
