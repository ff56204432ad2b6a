// Nodes of a page for the cases of webrtc.mjs and signalling.mjs: relays, pairs of nodes, and a count of the browser's peer connections.
import { createNode } from './causeway.js'
import { check, eventOf, until } from './cases.mjs'

export const LIMITED = { limited: true, duration: 120, data: 131072 }
export const ECHO = '/echo/1.0.0'
/** What native peers serve and ask for (Tests/Peers/PROTOCOL.md). */
export const NATIVE_ECHO = '/causeway-test/echo/1.0.0'
export const WHICH = '/which/1.0.0'
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
export const post = async (name, body) => {
  const answer = await (await fetch(`/${name}`, { method: 'POST', body: JSON.stringify(body) })).json()
  if (answer.error) throw new Error(answer.error)
  return answer
}
let reporting = Promise.resolve()
/** Lines keep their order. */
export const report = (line) => reporting = reporting.then(() => fetch('/result', { method: 'POST', body: line }))
export const note = (line) => report(`note  ${line}`)

// The browser's peer connections, by the configuration's `owner`.
const Native = globalThis.RTCPeerConnection
export const live = new Set()
export const counts = { made: 0, closed: 0 }
globalThis.RTCPeerConnection = class extends Native {
  constructor(configuration) {
    super(configuration)
    this.owner = configuration?.owner
    this.candidates = []
    counts.made += 1
    live.add(this)
  }
  addIceCandidate(candidate) {
    this.candidates.push(candidate.candidate)
    return super.addIceCandidate(candidate)
  }
  close() {
    if (live.delete(this)) counts.closed += 1
    super.close()
  }
}

// The memory of every module.
const { instantiate } = WebAssembly, memories = new Set()
WebAssembly.instantiate = async (...given) => {
  const instance = await instantiate(...given)
  memories.add(new WeakRef(instance.exports.memory))
  return instance
}
export const moduleBytes = () => [...memories].reduce((sum, one) => sum + (one.deref()?.buffer.byteLength ?? 0), 0)

/** Chromium tells, after a collection. */
export async function heapBytes() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await sleep(50)
  }
  return globalThis.performance.memory?.usedJSHeapSize ?? 0
}

/** A native relay, by default without gossip: what two nodes hear of one another does not come by it. */
export async function relay(after, limits = { limited: false }, more = {}) {
  const made = await post('relay', { relay: limits, ...more })
  const kill = () => post('call', { relay: made.id, cmd: 'kill' })
  let isKilled = false
  after(() => isKilled || kill())
  return { ...made, kill() { isKilled = true; return kill() } }
}

/** `rtc`: the RTCConfiguration, or what makes it. */
export async function node(after, { rtc = {}, ...options } = {}) {
  const owner = {}
  const rtcConfiguration = () => ({ ...typeof rtc === 'function' ? rtc() : rtc, owner })
  const made = await createNode({ discovery: false, webrtc: { rtcConfiguration }, ...options })
  after(() => made.stop())
  made.log = []
  for (const type of ['connection:open', 'connection:close', 'path:change', 'dial:attempt']) {
    made.addEventListener(type, ({ detail }) => made.log.push({ type, detail, at: performance.now() }))
  }
  made.peerConnections = () => [...live].filter((one) => one.owner === owner)
  await made.handle(ECHO, ({ stream }) => stream.readable.pipeTo(stream.writable), { runOnLimitedConnection: true })
  made.ranOn = []
  await made.handle(WHICH, ({ stream, connection }) => {
    made.ranOn.push(connection)
    return stream.readable.pipeTo(stream.writable)
  })
  return made
}

/** A node with a place at the relay; `circuit` and `webrtc` are its addresses. */
export async function reserved(after, at, options = {}) {
  const made = await node(after, { relays: [at.address], ...options })
  made.circuit = `${at.address}/p2p-circuit/p2p/${made.peerId}`
  made.webrtc = `${at.address}/p2p-circuit/webrtc/p2p/${made.peerId}`
  await until(() => made.getMultiaddrs().some((one) => one.equals(made.circuit)), 'a reservation')
  return made
}

/** Dials over the relay, and waits until both have the direct connection. */
export async function upgraded(one, two) {
  const changes = [[one, two], [two, one]].map(([each, other]) => eventOf(
    each, 'path:change', ({ peer, connection }) => peer.equals(other.peerId) && connection?.direct, 25_000))
  changes.forEach((each) => each.catch(() => {}))
  await one.dial(two.circuit)
  return (await Promise.all(changes)).map(({ connection }) => connection)
}

export async function echo(stream, data) {
  const writer = stream.writable.getWriter()
  writer.write(data).catch(() => {})
  writer.close().catch(() => {})
  let count = 0
  for (const reader = stream.readable.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) break
    check(value.every((byte, at) => byte === data[count + at]), 'another byte came back')
    count += value.length
  }
  check(count === data.length, `${count} bytes came back of ${data.length}`)
}

/** That a message of `from` comes to `to`. */
export async function gossips(from, to, topic, words) {
  const heard = eventOf(to.services.pubsub, 'message', ({ data }) => new TextDecoder().decode(data) === words)
  heard.catch(() => {})
  await from.services.pubsub.publish(topic, new TextEncoder().encode(words))
  const { receivedFrom } = await heard
  check(receivedFrom.equals(from.peerId), `${words} came from ${receivedFrom}`)
}
