// Causeway's browser peer: sockets, timers, streams and the API around causeway.wasm, which has the protocols.
// MIT or Apache-2.0. The types and their comments are in causeway.d.ts.

const encoder = new TextEncoder(), decoder = new TextDecoder()
const utf8 = (text) => encoder.encode(text), string = (bytes) => decoder.decode(bytes)
const nothing = new Uint8Array(0), randomBytes = (count) => crypto.getRandomValues(new Uint8Array(count))

// Commands of the module, numbered in this order (Sources/CausewayWeb/Boundary.swift).
const [START, CONNECT, OPEN_STREAM, HANG_UP, PING, RELEASE, CANCEL, RESERVE, KEEP_RELAYS, PROTOCOLS, SUBSCRIBE, UNSUBSCRIBE, PUBLISH,
  STREAM_WRITE, STREAM_FINISH, STREAM_RESET, STREAM_CONSUMED, SOCKET_OPENED, SOCKET_RECEIVED, SOCKET_BLOCKED, LINK_FAILED, CLOSE_LINK,
  DESCRIBED, GATHERED, PEER_CONNECTED, PEER_DIALLED, CHANNEL_OPENED, CHANNEL_READY, CHANNEL_RECEIVED, CHANNEL_CLOSED, CHANNEL_DRAINED,
  SUSPENDED, LIMITS, SUBSCRIBERS, MESH, IDENTITY] = Array(36).keys()

// By the module's error kinds; the first is none.
const kinds = ('NONE CONNECTION_LOST CLOSED TIMEOUT PEER_FAULT LIMIT NOT_CONNECTED LIMITED_CONNECTION UNSUPPORTED_PROTOCOL RESET '
  + 'ABORTED_LOCALLY REFUSED_BY_RELAY UNRESOLVED ABORTED BACKED_OFF UNSUPPORTED_TRANSPORT OWN_PEER UNREACHABLE ANSWER NOT_RELAY_ADDRESS '
  + 'KEY_TYPE WRONG_PEER CIRCUIT_BYTES CIRCUIT_DURATION MESSAGE_TOO_LARGE NO_SUBSCRIBERS INVALID_TOPIC PUBSUB_OFF HEARSAY').split(' ')
const codeOf = (kind) => kind === 13 ? 'ABORT_ERR' : `ERR_${kinds[kind]}`
const wordsOf = (code) => code === 'ABORT_ERR' ? 'aborted' : code.slice(4).toLowerCase().replaceAll('_', ' ')

export class CausewayError extends Error {
  constructor(code, message = wordsOf(code), more = {}) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined)
    this.name = code === 'ABORT_ERR' ? 'AbortError' : 'CausewayError'
    this.code = code
    for (const key in more) if (key !== 'cause' && more[key] !== undefined) this[key] = more[key]
  }
}

const failure = (kind, more) => new CausewayError(codeOf(kind), undefined, more)
const refuse = (code, message, more) => { throw new CausewayError(code, message, more) }
/** An error as one of ours. */
const asOurs = (cause, code, message) => cause instanceof CausewayError ? cause : new CausewayError(code, message, { cause })
const aborted = (signal) => failure(13, { cause: signal.reason })

const emit = (target, type, detail) => { target.dispatchEvent(new CustomEvent(type, { detail })) }

/** A promise whose failure may be nobody's concern. */
const unwatched = (promise) => {
  promise.catch(() => {})
  return promise
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** For what nobody handles, as for the error of a listener. */
const complain = (error) => (globalThis.reportError ?? console.error)(error)

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
        : name === 'p2p' ? !isPeer(toBase58(value)) : !value) bad(`not for /${name}: ${value}`)
      parts.push([name, name === 'p2p' ? toBase58(value) : value])
    }
  }
  return parts
}

/** The base58 text of a peer id that is given as a CID (`bafz…`): base32, of two bytes before the id's own. What is none stays. */
function fromCID(text) {
  let id = 0n, name = ''
  for (const one of text.slice(1)) id = id << 5n | BigInt('abcdefghijklmnopqrstuvwxyz234567'.indexOf(one))
  const bits = (text.length - 1) * 5, size = bits - bits % 8 - 16, rest = BigInt(bits % 8)
  // A letter too many, or bits of the last one that say nothing and are not zero.
  if (rest > 4n || BigInt.asUintN(Number(rest), id)) return text
  id = BigInt.asUintN(size, id >> rest)
  const isShort = id >> BigInt(size - 8) === 0n
  for (; id; id /= 58n) name = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'[id % 58n] + name
  return isShort ? `1${name}` : name
}

/** A peer id's one form: what is no CID is left as it is. */
const toBase58 = (text) => /^bafz[a-z2-7]{50,70}$/.test(text) ? fromCID(text) : String(text)

export function peerIdFromString(given) {
  const text = toBase58(given)
  if (!isPeer(text)) refuse('ERR_INVALID_PEER', `no peer id: ${text.slice(0, 100)}`)
  return new PeerId(text)
}

export function multiaddr(text) {
  return new Multiaddr(parse(text).map((part) => `/${part.join('/')}`).join(''))
}

const toAddress = (bytes) => new Multiaddr(string(bytes))
const toPeer = (bytes) => new PeerId(string(bytes))

/** An address of `peer` that ends with its name, so that it can be dialled as it is. */
function addressOf(peer, bytes) {
  const text = string(bytes), part = `/p2p/${string(peer)}`
  return new Multiaddr(text.endsWith(part) ? text : text + part)
}

/** The peer that a peer id, or an address, names. */
const peerOf = (to) => peerIdFromString(String(to).startsWith('/') ? new Multiaddr(String(to)).getPeerId() : to).toString()

const directionOf = (isInbound) => isInbound ? 'inbound' : 'outbound'

/** Of a relayed connection, and not of a direct one that is to be made over it. */
const isCircuit = (address) => /\/p2p-circuit(?!.*\/webrtc)/.test(address)

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

/** Bytes to which more are joined, as each piece takes a few hundred besides. */
const SMALL = 4096

/** Adds a piece to the list: behind a small one in the same array, so that many small ones take twice their size at most. */
function append(list, bytes) {
  const last = list.at(-1) ?? bytes, { length } = last, whole = length + bytes.length
  if (last === bytes || length > SMALL) return list.push(bytes)
  let room = new Uint8Array(last.buffer)
  if (room.length < whole) {
    room = new Uint8Array(Math.max(whole, 2 * SMALL))
    room.set(last)
  }
  room.set(bytes, length)
  list[list.length - 1] = room.subarray(0, whole)
}

const texts = (list) => join(...list.map(utf8))

/** Of two parts, each empty if there is no such limit. */
function limitsOf(bytes = nothing, seconds = nothing) {
  if (bytes.length || seconds.length) {
    return { ...(bytes.length ? { bytes: number(bytes) } : {}), ...(seconds.length ? { seconds: number(seconds) } : {}) }
  }
}

// What is told of a fault: a kind, and the number that goes with it.
const kindOf = (fault) => fault[4], valueOf = (fault) => number(fault.subarray(0, 4))
const toError = (fault, more) => failure(kindOf(fault), { value: valueOf(fault) || undefined, ...more })

function toOutcome(address, fault, milliseconds) {
  const kind = kindOf(fault), code = kind ? codeOf(kind) : undefined
  return { address, result: kind ? wordsOf(code) : 'connected', code, value: valueOf(fault), milliseconds: number(milliseconds) }
}

/** Why there is no connection, of the parts of every outcome. */
function notConnected(parts) {
  const outcomes = []
  while (parts.length) {
    const [address, fault, milliseconds] = parts.splice(0, 3)
    outcomes.push(toOutcome(toAddress(address), fault, milliseconds))
  }
  if (!outcomes.length) return failure(6)
  const [{ code, value }] = outcomes, isOne = outcomes.every((one) => one.code === code)
  return new CausewayError(isOne ? code : codeOf(17), `not connected: ${outcomes.map((one) => `${one.address}: ${one.result}`).join('; ')}`,
    { outcomes, value: isOne && value || undefined })
}

function identified([peer, agent, version, observed, count, ...rest]) {
  const addresses = number(count)
  return {
    peerId: toPeer(peer), agentVersion: string(agent), listenAddrs: rest.slice(0, addresses).map((one) => addressOf(peer, one)),
    protocols: rest.slice(addresses).map(string), protocolVersion: string(version),
    observedAddr: observed.length ? toAddress(observed) : undefined,
  }
}

function toReservation(state, [relay, expires, bytes, seconds, ...addresses]) {
  const until = number(expires), limits = limitsOf(bytes, seconds)
  return {
    state, relay: toPeer(relay), addresses: addresses.map(toAddress), ...(until ? { expires: new Date(until * 1000) } : {}),
    ...(limits ? { limits } : {}),
  }
}

// Streams

const HIGH_WATER = 256 << 10

/** A stream for the application, and what the engine tells it. */
function makeStream({ command, send, streams }, id, protocol, direction, connection) {
  let status = 'open', fault, incoming = [], pulled, drained, input, output, writer, isFinished = false, isDiscarding = false, written
  /** Of our end: what waits for it, and how it is told. */
  let arrival, arrived

  const consume = (count) => send(STREAM_CONSUMED, id, count)
  const settle = () => {
    if (incoming.length || !input) return
    // What the remote has finished is whole, whatever becomes of the connection then.
    if (isFinished) input.close()
    else if (fault) input.error(fault)
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
  /** Ends our direction; resolves when all of it is with the remote. */
  const finish = () => {
    if (status === 'open') {
      status = 'closing'
      arrival = unwatched(new Promise((...settle) => { arrived = settle }))
      send(STREAM_FINISH, id)
    }
    return arrival
  }
  const end = (error, state) => {
    if (fault || status === 'closed') return
    status = state
    fault = error
    isFinished ||= !error
    streams.delete(id)
    drained?.()
    settle()
    if (!error) return
    output.error(error)
    arrived?.[1](error)
  }
  const abort = (cause) => {
    if (!streams.has(id)) return
    incoming = []
    isFinished = false
    send(STREAM_RESET, id)
    end(asOurs(cause, codeOf(10)), 'aborted')
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
    start(controller) {
      output = controller
      // `abort` below waits for the write that is going on, and that one for the remote. A moment later, or it is not called at all.
      controller.signal?.addEventListener('abort', () => queueMicrotask(() => abort(controller.signal.reason)))
    },
    write(chunk) {
      const bytes = view(chunk)
      return written = (async () => {
        for (let at = 0; at < bytes.length; at += HIGH_WATER) {
          if (fault) throw fault
          if (status !== 'open') throw failure(2)
          if (command(STREAM_WRITE, id, 0, bytes.subarray(at, at + HIGH_WATER)) > HIGH_WATER) {
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
    closeWrite: () => unwatched((async () => {
      if (status !== 'open') return arrival
      if (!writable.locked) return writable.close()
      // Locked: by the writer that was handed out last, or by a pipe, which has no more to say.
      if (writer) return writer.close()
      await written
      return finish()
    })()),
    close() {
      discard()
      isFinished = true
      settle()
      return stream.closeWrite()
    },
    abort,
  }
  return {
    stream, end,
    get arrival() { return arrival },
    /** Our end, and all before it, is with the remote once the socket has `sent` it; or not, by `error`. */
    delivered(error, sent) {
      if (error) arrived[1](error)
      else arrived[0](sent)
    },
    received(bytes) {
      if (isDiscarding) return consume(bytes.length)
      append(incoming, bytes)
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

  /** `flags`: 1 inbound, 2 limited. */
  constructor(engine, closed, link, flags, remotePeer, remoteAddr, localAddr) {
    this.#engine = engine
    this.#link = link
    this.#closed = closed
    const [encryption, multiplexer] = /\/webrtc/.test(remoteAddr) ? ['dtls', 'webrtc'] : ['noise', 'yamux']
    Object.assign(this, {
      id: String(link), remotePeer, remoteAddr, localAddr, direction: directionOf(flags & 1), direct: !isCircuit(remoteAddr),
      limited: flags > 1, encryption, multiplexer,
    })
  }

  get limits() { return this.limited ? limitsOf(...this.#engine.query(LIMITS, this.#link)) : undefined }
  get streams() { return [...this.#engine.streams.values()].map((one) => one.stream).filter((one) => one.connection === this) }
  newStream(protocols, options) { return this.#engine.open(String(this.remotePeer), protocols, options) }
  close() {
    if (this.status === 'open') this.#engine.send(CLOSE_LINK, this.#link)
    return this.#closed
  }
}

// What carries links

const SOCKET_HIGH_WATER = 1 << 20
/** A longer message ends its link before it is copied. A Noise message has 64 KiB, and some send several in one. */
const SOCKET_MESSAGE = 1 << 20
/** What the module is given of it at a time. */
const PIECE = 64 << 10
/** A longer message of a data channel ends its peer connection: twice what libp2p allows, of which some may come together. */
const CHANNEL_MESSAGE = 32 << 10

function makeSocket(WebSocket, address, link, send) {
  let socket, isBlocked = false
  const close = () => {
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.onerror = () => {}
    try { socket.close() } catch (error) { complain(error) }
  }
  /** Waits until fewer bytes wait in the browser, of which it tells by no event. */
  const below = async (count) => { while (socket.readyState === 1 && socket.bufferedAmount >= count) await sleep(5) }
  /** The link's end is what closes the socket. */
  const failed = (limit) => send(LINK_FAILED, link, limit)
  try {
    socket = new WebSocket(socketURL(address))
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => send(SOCKET_OPENED, link)
    socket.onmessage = ({ data }) => {
      const count = data.byteLength
      // Text has no such length.
      if (!(count <= SOCKET_MESSAGE)) return failed(count && SOCKET_MESSAGE)
      for (let at = 0; at < count; at += PIECE) send(SOCKET_RECEIVED, link, 0, new Uint8Array(data, at, Math.min(PIECE, count - at)))
    }
    // Some tell of a failed attempt by `error` alone.
    socket.onerror = socket.onclose = () => failed()
  } catch { failed() }
  return {
    close,
    /** Resolves once the browser has passed on what it was given. */
    sent: () => below(1),
    send(bytes) {
      if (socket.readyState !== 1) return
      try { socket.send(bytes) } catch (error) {
        complain(error)
        return failed()
      }
      if (socket.bufferedAmount < SOCKET_HIGH_WATER || isBlocked) return
      isBlocked = true
      send(SOCKET_BLOCKED, link, 1)
      below(SOCKET_HIGH_WATER).then(() => {
        isBlocked = false
        send(SOCKET_BLOCKED, link)
      })
    },
  }
}

const CHANNEL_LOW_WATER = 1 << 20
/** A path that is lost may come back. */
const DISCONNECTED_TIME = 10_000
const HELD = 256

/** A WebRTC peer connection, and its data channels. */
function makePeerConnection(configuration, link, send) {
  const channels = new Map(), began = performance.now(), candidates = { local: 0, remote: 0 }
  let pc, init, last = 0, isClosed = false, isConnected = false, connected, lost, cause
  /** Commands of a time at which the module does not drive it yet. */
  let held = []
  let work = Promise.resolve()

  const failed = (limit) => isClosed || send(LINK_FAILED, link, limit)
  /** One step after the other. */
  const step = (act) => {
    work = work.then(() => isClosed || act()).catch((error) => {
      if (isClosed) return
      cause = error
      send(LINK_FAILED, link, error?.isRefused ? 1 : 0)
    })
  }
  const take = async (type, sdp) => {
    try { await pc.setRemoteDescription({ type, sdp: checkedDescription(sdp) }) } catch (cause) {
      throw Object.assign(new Error('the description is not taken', { cause }), { isRefused: true })
    }
  }
  const describe = async (description) => {
    send(DESCRIBED, link, 0, utf8(description.sdp))
    await pc.setLocalDescription(description)
  }
  const tellConnected = () => {
    if (!isConnected) send(PEER_CONNECTED, link)
    isConnected = true
  }
  const tell = (kind, number, bytes) => {
    const command = [kind, link, number, bytes]
    if (!held) send(...command)
    // Nothing that keeps to the protocol says so much yet.
    else if (held.push(command) > HELD) failed()
  }

  const adopt = (number, channel) => {
    channels.set(number, channel)
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = CHANNEL_LOW_WATER
    channel.onmessage = ({ data }) => {
      if (data.byteLength <= CHANNEL_MESSAGE) tell(CHANNEL_RECEIVED, number, new Uint8Array(data))
      else failed(data.byteLength && CHANNEL_MESSAGE)
    }
    channel.onbufferedamountlow = () => drained(number)
    channel.onclose = () => channels.delete(number) && tell(CHANNEL_CLOSED, number)
    // Ours are odd.
    if (number % 2) channel.onopen = () => tell(CHANNEL_READY, number)
    else if (number) tell(CHANNEL_OPENED, number)
  }
  const drained = (number) => {
    const channel = channels.get(number), buffered = channel?.bufferedAmount
    if (buffered <= CHANNEL_LOW_WATER) tell(CHANNEL_DRAINED, number, new Uint8Array(Uint32Array.of(buffered).buffer))
    if (!buffered) channel?.drained?.()
  }
  /** What may be done to a channel at any time. */
  const attempt = (number, act) => {
    try { act() } catch {
      // Who closes a peer connection is not told of it.
      if (pc.connectionState === 'closed') return failed()
      channels.delete(number)
      tell(CHANNEL_CLOSED, number)
    }
  }

  step(async () => {
    const given = typeof configuration === 'function' ? await configuration() : configuration
    if (isClosed) return
    pc = new RTCPeerConnection(given)
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return
      candidates.local += 1
      send(GATHERED, link, 0, utf8(JSON.stringify(candidate)))
    }
    pc.ondatachannel = ({ channel }) => {
      // The offerer's first one is there to have something to offer, and is the offerer's to close.
      if (channel.label !== 'init' || init) adopt(last += 2, channel)
    }
    pc.onconnectionstatechange = () => {
      clearTimeout(lost)
      const { connectionState } = pc
      if (connectionState === 'connected') {
        // The end of DTLS is the remote's goodbye; without it, ICE would look for it for half a minute.
        const dtls = pc.sctp?.transport
        if (dtls) dtls.onstatechange = () => /closed|failed/.test(dtls.state) && failed()
        connected?.()
      } else if (connectionState === 'disconnected') lost = setTimeout(failed, DISCONNECTED_TIME)
      else if (/closed|failed/.test(connectionState)) failed()
    }
  })

  return {
    offer: () => step(async () => {
      init = pc.createDataChannel('init')
      // A remote that closes the channel on sight has opened it.
      init.onopen = init.onclose = init.onclosing = connected = () => {
        if (pc.connectionState !== 'connected' || init.readyState === 'connecting') return
        init.close()
        tellConnected()
      }
      await describe(await pc.createOffer())
    }),
    answer: (sdp) => step(async () => {
      connected = tellConnected
      await take('offer', sdp)
      await describe(await pc.createAnswer())
    }),
    accept: (sdp) => step(() => take('answer', sdp)),
    /** What cannot be used (another machine's `.local` name, another browser's extension) is left out: others may do. */
    candidate: (text) => step(async () => {
      candidates.remote += 1
      try {
        const { candidate, sdpMid, sdpMLineIndex } = JSON.parse(text)
        if (isCandidate(candidate)) await pc.addIceCandidate({ candidate, sdpMid, sdpMLineIndex })
      } catch {}
    }),
    /** `/webrtc-direct`: the server has no signalling; both descriptions are made here (webrtc-direct.md). */
    dial: (address, certificate) => step(async () => {
      const channel = pc.createDataChannel('', { negotiated: true, id: 0 })
      const offer = await pc.createOffer()
      const line = (name, sdp) => new RegExp(`^a=${name}:(.*?)\r?$`, 'm').exec(sdp)?.[1]
      let secret = `libp2p+webrtc+v1/${btoa(String.fromCharCode(...randomBytes(24)))}`
      // Version 1 tells the server our credentials by making them the same as its own; a browser that forbids that speaks version 2.
      const sdp = offer.sdp.replace(/^a=ice-(ufrag|pwd):.*?(\r?)$/gm, `a=ice-$1:${secret}$2`)
      await pc.setLocalDescription({ type: 'offer', sdp }).catch(() => {})
      if (line('ice-ufrag', pc.localDescription?.sdp) !== secret) {
        if (!pc.localDescription) await pc.setLocalDescription(offer)
        secret = `libp2p+webrtc+v2/${line('ice-pwd', pc.localDescription.sdp)}`
      }
      const own = line('fingerprint', pc.localDescription.sdp).replace(/^sha-256 /i, '').split(':').map((one) => parseInt(one, 16))
      channel.onopen = () => send(PEER_DIALLED, link, 0, Uint8Array.from(own))
      adopt(0, channel)
      await pc.setRemoteDescription({ type: 'answer', sdp: serverDescription(address, secret, certificate) })
    }),
    /** The module drives it now, and hears of what came before. */
    carried() {
      const commands = held
      held = undefined
      for (const one of commands) send(...one)
    },
    openChannel: (number) => attempt(number, () => adopt(number, pc.createDataChannel(''))),
    sendTo(number, bytes) {
      const channel = channels.get(number)
      if (channel) attempt(number, () => {
        channel.send(bytes)
        if (channel.isCounted) return
        channel.isCounted = true
        queueMicrotask(() => {
          channel.isCounted = false
          drained(number)
        })
      })
    },
    /** After what it was given to send, for half a minute at most. */
    closeChannel(number) {
      const channel = channels.get(number)
      if (!channel) return
      const close = () => {
        clearTimeout(late)
        channels.delete(number)
        channel.close()
      }
      const late = setTimeout(close, 30_000)
      channel.drained = close
      channel.bufferedAmountLowThreshold = 0
      if (!channel.bufferedAmount) attempt(number, close)
    },
    /** Answers how far it came. */
    close() {
      isClosed = true
      clearTimeout(lost)
      const report = {
        candidates, ice: pc?.iceConnectionState ?? 'new', state: pc?.connectionState ?? 'new',
        milliseconds: Math.round(performance.now() - began), ...(cause ? { cause } : {}),
      }
      if (pc) {
        pc.onicecandidate = pc.ondatachannel = pc.onconnectionstatechange = null
        if (pc.sctp?.transport) pc.sctp.transport.onstatechange = null
        for (const channel of [init, ...channels.values()]) if (channel) channel.onclose = channel.onmessage = channel.onopen = null
        pc.close()
      }
      return report
    },
  }
}

/** A candidate by an IP address or a browser's own `.local` name: whoever names another has this machine ask for it. */
const isCandidate = (text) => text.length < 512 && /^candidate:\S+ \d \w+ \d+ ([\d.]+|\S*:\S*|[\w-]+\.local) \d+ typ /i.test(text)

/** What a browser is told of a remote's description: one association for data channels, and of its attributes those that are known. */
function checkedDescription(sdp) {
  const lines = sdp.split(/\r?\n/), has = (pattern) => lines.filter((one) => pattern.test(one)).length
  if (has(/^m=/) !== 1 || !has(/^m=application \d+ (UDP|TCP)\/DTLS\/SCTP webrtc-datachannel$/) || !has(/^a=fingerprint:sha-/)) {
    throw new Error('not of data channels alone')
  }
  return lines.filter((one) => /^([vostcm]=|a=(group|ice-|fingerprint|setup|mid|sctp-port|max-message-size)\b)/.test(one)
    || isCandidate(one.slice(2))).join('\r\n') + '\r\n'
}

/** What a `/webrtc-direct` server would say of itself, of its address. */
const serverDescription = (address, secret, certificate) => {
  const [[name, host], [, port]] = parse(address), family = `IN ${name.toUpperCase()}`
  const fingerprint = Array.from(certificate, (one) => one.toString(16).padStart(2, '0').toUpperCase()).join(':')
  return ['v=0', `o=- 0 0 ${family} ${host}`, 's=-', 't=0 0', 'a=ice-lite', `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    `c=${family} ${host}`, 'a=mid:0', 'a=ice-options:ice2', `a=ice-ufrag:${secret}`, `a=ice-pwd:${secret}`,
    `a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:passive', 'a=sctp-port:5000', 'a=max-message-size:16384',
    `a=candidate:1 1 UDP 1 ${host} ${port} typ host`, 'a=end-of-candidates', ''].join('\r\n')
}

// The module

/** How long a node that is stopped waits for what was written before its streams' ends to arrive. */
const DRAIN_TIME = 2000

/** One instance of the module with its sockets, requests and streams. */
function makeEngine(node, failed, incoming, options) {
  const waiting = new Map(), streams = new Map(), connections = new Map(), closing = new Map(), carriers = new Map(), peers = new Set()
  let exports, failing, ownPeer, events = [], addresses = [], last = 0, timer, isScheduled = false, isDraining = false
  // Of the clock: the wall's time at its zero. It goes on while the machine sleeps.
  let origin = Date.now() - performance.now(), slept = 0
  /** Of the peer connection that was closed last. */
  let report
  /** Connections over relays on which a stream of ours ended. */
  const relayed = new Set(), unwatch = new AbortController()
  const memory = (p, n) => new Uint8Array(exports.memory.buffer, p >>> 0, n)

  const load = async (module, flags, seed) => {
    const host = {
      random: (p, n) => memory(p, n).set(randomBytes(n)),
      log: (p, n) => console.debug('causeway:', string(memory(p, n))),
      event: (kind, a, b, p, n) => { events.push([kind, a >>> 0, b >>> 0, memory(p, n).slice()]) },
    }
    try { exports = (await WebAssembly.instantiate(module, { host })).exports } catch (cause) {
      refuse('ERR_WASM', 'the module cannot be used here', { cause })
    }
    exports._initialize?.()
    const unix = BigUint64Array.of(BigInt(Math.round(origin * 1000)) * 1000n)
    command(START, flags, options.discovery?.interval || 10_000, join(seed, utf8(options.agent ?? ''), new Uint8Array(unix.buffer)))
    turn()
    if (failing) throw failing
    if (!ownPeer) refuse('ERR_INVALID_KEY', 'the key cannot be used')
    const listen = (target, type, act) => target?.addEventListener?.(type, act, { signal: unwatch.signal })
    const probe = () => send(SUSPENDED)
    listen(globalThis, 'online', probe)
    listen(globalThis.document, 'resume', probe)
    listen(globalThis.document, 'visibilitychange', () => document.visibilityState === 'visible' && probe())
    return ownPeer
  }

  /** Milliseconds since `origin`. */
  const clock = () => {
    const now = performance.now() + slept, ahead = Date.now() - origin - now
    if (Math.abs(ahead) < 5000) return now
    if (ahead < 0) {
      origin += ahead
      return now
    }
    slept += ahead
    send(SUSPENDED)
    return now + ahead
  }

  const command = (kind, a = 0, b = 0, bytes = nothing) => {
    const now = clock()
    if (!exports) throw failing ?? new CausewayError('ERR_STOPPED', 'the node is not running')
    const p = exports.buffer_allocate(bytes.length)
    if (!p) throw failure(5, { value: bytes.length })
    try {
      memory(p, bytes.length).set(bytes)
      const answer = exports.command(kind, a, b, p, bytes.length, now)
      exports.buffer_free(p)
      if (!isScheduled) {
        isScheduled = true
        queueMicrotask(() => isScheduled && turn())
      }
      return answer
    } catch (cause) {
      trap(cause)
      throw failing
    }
  }

  /** A command that does not matter any more when the node is gone. */
  const send = (...given) => {
    if (!exports) return
    // If the module fails now, the node has said so.
    try { command(...given) } catch {}
  }

  /** Lets the module work. */
  const work = () => {
    const now = clock()
    if (!exports) return
    clearTimeout(timer)
    isScheduled = false
    try {
      const deadline = exports.turn(now)
      if (deadline < Infinity) timer = setTimeout(turn, Math.min(Math.max(Math.ceil(deadline - now), 0), 2 ** 31 - 1))
    } catch (cause) { trap(cause) }
  }

  const turn = () => {
    work()
    if (isDraining) return
    isDraining = true
    // An application's listener may ask, which adds events at the end.
    for (let index = 0; index < events.length; index++) {
      try { handle(...events[index]) } catch (error) { complain(error) }
    }
    events = []
    isDraining = false
  }

  const trap = (cause) => {
    const error = new CausewayError('ERR_TRAP', 'the module failed; the node is closed', { cause })
    end(error)
    failed(error)
  }

  /** Everything that waits fails with `error`. */
  const end = (error) => {
    exports = undefined
    failing = error
    events = []
    clearTimeout(timer)
    unwatch.abort()
    for (const one of carriers.values()) one.close()
    carriers.clear()
    for (const one of [...waiting.values()]) one.reject(error)
    for (const one of [...streams.values()]) one.end(error, 'reset')
    for (const link of [...connections.keys()]) forget(link)
    for (const peer of peers) emit(node, 'peer:disconnect', new PeerId(peer))
    peers.clear()
    addresses = []
  }

  /** A promise with an abort signal. `begin` gets its number; `read` makes the result of the answer, or throws. */
  const wait = (signal, begin, cancel, read) => new Promise((resolve, reject) => {
    if (signal?.aborted) throw aborted(signal)
    const id = last += 2
    const settle = (act) => (...values) => {
      waiting.delete(id)
      signal?.removeEventListener('abort', stop)
      try { act(...values) } catch (error) { reject(error) }
    }
    const stop = settle(() => {
      send(cancel, id)
      reject(aborted(signal))
    })
    waiting.set(id, { answer: settle((...values) => resolve(read(...values, id))), reject: settle(reject) })
    signal?.addEventListener('abort', stop)
    try { begin(id) } catch (error) { settle(reject)(error) }
  })

  const ask = (kind, b, bytes, signal, read) => wait(signal, (id) => command(kind, id, b, bytes), CANCEL, read)

  /** A question that is answered at once, of what is so now; the answer is the last event. */
  const query = (kind, link = 0, argument = '') => {
    work()
    send(kind, link, 0, utf8(argument))
    return split(events.pop()?.[3] ?? nothing)
  }

  const open = (peer, protocols, { signal, runOnLimitedConnection = false } = {}) => wait(signal, (id) => {
    const names = [protocols].flat().map(String)
    if (!names.length || names.some((one) => !one)) refuse('ERR_INVALID_ARGUMENT', 'a protocol is wanted')
    command(OPEN_STREAM, id, runOnLimitedConnection ? 1 : 0, texts([...names, peer]))
  }, STREAM_RESET, (protocol, link, id) => add(id, protocol, 'outbound', link))

  const add = (id, protocol, direction, link) => {
    const made = makeStream(engine, id, protocol, direction, connections.get(link))
    streams.set(id, made)
    return made.stream
  }

  const to = (peer) => [...connections.values()].filter((one) => one.remotePeer.equals(peer))

  const best = (peer, limited = true) => {
    const rank = (one) => (one.limited ? 0 : 2) + (one.direct ? 1 : 0)
    return to(peer).filter((one) => limited || !one.limited).sort((one, other) => rank(one) - rank(other)).at(-1)
  }

  const forget = (link) => {
    const connection = connections.get(link)
    if (!connection) return
    connections.delete(link)
    relayed.delete(connection)
    connection.status = 'closed'
    closing.get(link)()
    closing.delete(link)
    emit(node, 'connection:close', connection)
  }

  const begin = (link) => {
    const made = makePeerConnection(options.webrtc?.rtcConfiguration, link, send)
    carriers.set(link, made)
    return made
  }

  // By the events' numbers: first what brings parts, then what brings bytes.
  const told = [
    (a, b, peer) => { ownPeer = string(peer) },
    (request, b, ...parts) => waiting.get(request)?.answer(b, parts),
    (request, isFault, ...parts) => waiting.get(request)?.reject(isFault ? toError(parts[0]) : notConnected(parts)),
    (link, flags, peer, remote, local) => {
      const closed = new Promise((resolve) => closing.set(link, resolve))
      const connection = new Connection(engine, closed, link, flags, toPeer(peer), addressOf(peer, remote), toAddress(local))
      connections.set(link, connection)
      emit(node, 'connection:open', connection)
    },
    forget,
    (a, b, peer) => {
      peers.add(string(peer))
      emit(node, 'peer:connect', toPeer(peer))
    },
    (a, b, peer) => {
      peers.delete(string(peer))
      emit(node, 'peer:disconnect', toPeer(peer))
    },
    (link) => {
      const connection = connections.get(link)
      emit(node, 'path:change', { peer: connection.remotePeer, connection, address: connection.remoteAddr })
    },
    (a, b, ...parts) => emit(node, 'peer:identify', identified(parts)),
    (isJSON, b, peer, ...found) => emit(node, 'peer:discovery', {
      id: toPeer(peer), multiaddrs: found.map((one) => addressOf(peer, one)), source: isJSON ? 'json' : 'protobuf',
    }),
    (state, b, fault, ...parts) => emit(node, 'reservation', {
      ...toReservation(['made', 'refreshed', 'lost', 'failed'][state], parts), ...(kindOf(fault) ? { error: toError(fault) } : {}),
    }),
    (isInbound, b, peer, to, fault, milliseconds) => {
      const address = peer.length ? addressOf(peer, to) : toAddress(to)
      emit(node, 'dial:attempt', {
        direction: directionOf(isInbound), ...(peer.length ? { peer: toPeer(peer) } : {}), ...toOutcome(address, fault, milliseconds),
        ...(report && /\/webrtc/.test(address) ? { webrtc: report } : {}),
      })
    },
    (a, b, ...own) => {
      addresses = own.map((one) => addressOf(utf8(ownPeer), one))
      emit(node, 'self:peer:update', { peer: { id: node.peerId, addresses: [...addresses] } })
    },
    (a, b, topic, author, from, sequence, data) => emit(node.services.pubsub, 'message', {
      topic: string(topic), from: author.length ? toPeer(author) : undefined, receivedFrom: toPeer(from),
      sequenceNumber: sequence.reduce((sum, one) => sum << 8n | BigInt(one), 0n), data,
    }),
    (isSubscribed, b, peer, topic) => emit(node.services.pubsub, 'subscription-change', {
      peerId: toPeer(peer), subscriptions: [{ topic: string(topic), subscribe: !!isSubscribed }],
    }),
    (id, link, fault) => {
      const made = streams.get(id), connection = made?.stream.connection
      if (connection?.direct === false) relayed.add(connection)
      made?.delivered(kindOf(fault) && toError(fault), carriers.get(link)?.sent?.())
    },
    (id, b, fault, moved) => {
      const error = kindOf(fault) ? toError(fault, { moved: moved && number(moved) }) : undefined
      waiting.get(id)?.reject(error ?? failure(2))
      streams.get(id)?.end(error, error ? 'reset' : 'closed')
    },
    (link, b, address, certificate) => {
      if (certificate.length) begin(link).dial(toAddress(address), certificate)
      else carriers.set(link, makeSocket(options.WebSocket ?? WebSocket, toAddress(address), link, send))
    },
  ], brought = [
    (id, link, name) => {
      const protocol = string(name)
      incoming(protocol, add(id, protocol, 'inbound', link))
    },
    (id, link, protocol) => waiting.get(id)?.answer(string(protocol), link),
    (id, b, bytes) => streams.get(id)?.received(bytes),
    (id) => streams.get(id)?.writable(),
    (id) => streams.get(id)?.finished(),
    (link, b, bytes) => carriers.get(link)?.send(bytes),
    (link) => {
      report = carriers.get(link)?.close()
      carriers.delete(link)
    },
    (link) => begin(link).offer(),
    (link, b, sdp) => begin(link).answer(string(sdp)),
    (link, b, sdp) => carriers.get(link)?.accept(string(sdp)),
    (link, b, candidate) => carriers.get(link)?.candidate(string(candidate)),
    (link) => carriers.get(link)?.carried(),
    (link, channel) => carriers.get(link)?.openChannel(channel),
    (link, channel, bytes) => carriers.get(link)?.sendTo(channel, bytes),
    (link, channel) => carriers.get(link)?.closeChannel(channel),
  ]

  const handle = (kind, a, b, bytes) => {
    if (kind >= told.length) return brought[kind - told.length](a, b, bytes)
    told[kind](a, b, ...split(bytes))
    report = undefined
  }

  /** Waits for what is to arrive of streams that were finished. What a relay has of it is gone with us: an answer says that it has none. */
  const drain = () => Promise.race([sleep(DRAIN_TIME), Promise.allSettled([...streams.values()].map((one) => one.arrival)).then(
    () => Promise.allSettled([...relayed].map(({ remotePeer }) => ask(PING, 0, texts([String(remotePeer)])))))])

  const engine = {
    load, drain, command, send, turn, end, ask, query, open, to, best, connections, streams, peers,
    get addresses() { return [...addresses] },
    get isRunning() { return !!exports },
  }
  return engine
}

// The persistent key

async function takeKey() {
  if (globalThis.isSecureContext === false) refuse('ERR_INSECURE_CONTEXT', 'a persistent key needs a page of https or of this machine')
  let release
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = request.onblocked = () => reject(request.error)
  })
  try {
    release = await new Promise((resolve, reject) => {
      navigator.locks.request('causeway-key', { ifAvailable: true }, (lock) => {
        if (!lock) refuse('ERR_KEY_IN_USE', 'another tab has the key')
        return new Promise((end) => resolve(end))
      }).catch(reject)
    })
    const opening = indexedDB.open('causeway', 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys')
    const database = await done(opening)
    try {
      const keys = () => database.transaction('keys', 'readwrite').objectStore('keys')
      let seed = await done(keys().get('seed'))
      if (!seed) await done(keys().put(seed = randomBytes(32), 'seed'))
      return { seed, release }
    } finally { database.close() }
  } catch (cause) {
    release?.()
    throw asOurs(cause, 'ERR_STORAGE', 'the key could not be kept')
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
    throw asOurs(cause, 'ERR_WASM', 'the module could not be loaded')
  }
}

// The API

class PubSub extends EventTarget {
  #node
  #engine
  #options
  #topics = new Set()
  #published = 0n

  constructor(node, engine, options) {
    super()
    this.#node = node
    this.#engine = engine
    this.#options = options
  }

  #check(topic) {
    if (!this.#options) refuse('ERR_PUBSUB_OFF')
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
    const answer = await this.#engine().ask(PUBLISH, 0, join(name, bytes), signal, (recipients) => ({ recipients }))
    if (this.#options.emitSelf && this.#topics.has(topic)) {
      const { peerId } = this.#node
      emit(this, 'message', { topic, data: bytes, from: peerId, receivedFrom: peerId, sequenceNumber: ++this.#published })
    }
    return answer
  }

  getTopics() { return [...this.#topics] }
  getSubscribers(topic) { return this.#engine().query(SUBSCRIBERS, 0, topic).map(toPeer) }
  getMeshPeers(topic) { return this.#engine().query(MESH, 0, topic).map(toPeer) }
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
  /** Whether anybody ever listened for errors. */
  #isHeard = false
  /** Ends that the node follows its page. */
  #unfollow
  /** What `stop` waits for. */
  #drained

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
    this.services = { pubsub: new PubSub(this, () => this.#engine, gossip) }
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

  async #load() {
    if (this.#options.key === 'persistent') this.#key = await takeKey()
    else this.#key ??= { seed: this.#options.key?.slice() ?? randomBytes(32) }
    this.#engine = makeEngine(this, (error) => this.#failed(error), (protocol, stream) => this.#incoming(protocol, stream), this.#options)
    try {
      this.peerId = new PeerId(await this.#engine.load(this.#module, this.#flags, this.#key.seed))
    } catch (error) {
      this.#key.release?.()
      throw error
    }
  }

  addEventListener(type, ...more) {
    this.#isHeard ||= type === 'error'
    super.addEventListener(type, ...more)
  }

  #tell(error) {
    if (!this.#isHeard) complain(error)
    emit(this, 'error', error)
  }

  #failed(error) {
    this.#status = 'failed'
    this.#key.release?.()
    this.#tell(error)
  }

  async #incoming(protocol, stream) {
    try {
      const { handler } = this.#handlers.get(protocol) ?? refuse('ERR_UNSUPPORTED_PROTOCOL', protocol)
      await handler({ stream, connection: stream.connection })
    } catch (error) {
      stream.abort(error)
      if (!this.#handlers.has(protocol)) return
      // That its stream came to an end is no fault of a handler.
      if (error instanceof CausewayError) emit(this, 'error', error)
      else this.#tell(error)
    }
  }

  get status() { return this.#status }

  async start() {
    if (this.#status === 'started' || this.#status === 'starting') return
    if (this.#status === 'stopping') await this.stop()
    this.#status = 'starting'
    this.#follow()
    try {
      if (!this.#engine?.isRunning) await this.#load()
      this.#announceProtocols()
      for (const topic of this.services.pubsub.getTopics()) this.#engine.command(SUBSCRIBE, 0, 0, utf8(topic))
      const { list, count } = this.#candidates
      if (count) this.#engine.command(KEEP_RELAYS, count, 0, texts(list))
      this.#engine.turn()
    } catch (error) {
      if (this.#status === 'starting') this.#status = 'stopped'
      throw error
    }
    this.#status = 'started'
    emit(this, 'start')
  }

  /** A page that goes says goodbye; if it was kept and comes back, the node starts again. */
  #follow() {
    if (this.#unfollow || !globalThis.document) return
    const { signal } = this.#unfollow = new AbortController()
    globalThis.addEventListener('pagehide', () => this.#end(), { signal })
    globalThis.addEventListener('pageshow', ({ persisted }) => {
      if (persisted && this.#status === 'stopped') this.start().catch((error) => this.#tell(error))
    }, { signal })
  }

  async stop() {
    this.#unfollow?.abort()
    this.#unfollow = undefined
    if (this.#status === 'started') {
      this.#status = 'stopping'
      this.#drained = this.#engine.drain()
    }
    await this.#drained
    this.#end()
  }

  /** At once, as a page that goes waits for nothing. */
  #end() {
    const engine = this.#engine
    if (!engine?.isRunning) return
    this.#status = 'stopping'
    // Circuits first: they say goodbye over the others.
    for (const direct of [false, true]) {
      for (const [link, one] of engine.connections) if (one.direct === direct) engine.send(CLOSE_LINK, link)
      engine.turn()
    }
    engine.end(new CausewayError('ERR_STOPPED', 'the node was stopped'))
    this.#key.release?.()
    this.#status = 'stopped'
    emit(this, 'stop')
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
    try {
      return await engine.ask(CONNECT, limited ? 1 : 0, texts([...addresses, peer]), signal, (link) => {
        const connection = engine.connections.get(link) ?? engine.best(peer)
        if (!connection) throw failure(6)
        return connection
      })
    } catch (error) {
      throw isForStream && error.outcomes && engine.best(peer) ? failure(7, { outcomes: error.outcomes }) : error
    }
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
    for (const name of names) this.#handlers.set(name, { handler, limited: !!runOnLimitedConnection })
    this.#announceProtocols()
  }

  async unhandle(protocols) {
    for (const name of [protocols].flat()) this.#handlers.delete(name)
    this.#announceProtocols()
  }

  #announceProtocols() {
    const names = (limited) => [...this.#handlers].filter(([, one]) => one.limited === limited).map(([name]) => name)
    const first = names(true)
    this.#engine?.send(PROTOCOLS, first.length, 0, texts([...first, ...names(false)]))
  }

  getProtocols() { return [...this.#handlers.keys()] }

  async hangUp(peer) {
    const name = peerOf(peer), open = this.#engine.to(name)
    this.#engine.send(HANG_UP, 0, 0, texts([name]))
    await Promise.all(open.map((one) => one.close()))
  }

  getMultiaddrs() { return this.#engine.addresses }
  getConnections(peer) { return peer === undefined ? [...this.#engine.connections.values()] : this.#engine.to(peerOf(peer)) }
  getPeers() { return [...this.#engine.peers].map((one) => new PeerId(one)) }

  async ping(peer, { signal } = {}) {
    const { remotePeer } = await this.#connect(peer, { signal, limited: true })
    return this.#engine.ask(PING, 0, texts([String(remotePeer)]), signal, (microseconds) => microseconds / 1000)
  }

  async identify(peer) {
    const parts = this.#engine.query(IDENTITY, 0, peerOf(peer))
    return parts.length ? identified(parts) : undefined
  }

  async reserve(relay, { signal } = {}) {
    const fault = undialable(relay)
    if (fault) throw fault
    return this.#engine.ask(RESERVE, 0, utf8(String(relay).replace(/\/p2p-circuit$/, '')), signal, (b, parts) => toReservation('made', parts))
  }

  async release(relay) { this.#engine.send(RELEASE, 0, 0, texts([peerOf(relay)])) }
}

export const createNode = async (options = {}) => CausewayNode.create(options)
