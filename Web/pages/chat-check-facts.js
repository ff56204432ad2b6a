// Finds out what this page's network lets through, how the relays answer, and how far the connection to a peer comes.

import { isUpgrading } from './chat-paths.js'
import { askServers, isLocalAddress, serversOf } from './chat-stun.js'
import { pathOf } from './chat-words.js'

/** The moments of a check, in milliseconds from its beginning: until when a relay has to be reached, and until when all is known. */
const moments = { reached: 2300, known: 4500 }

const since = (began) => Math.round(performance.now() - began)

/** What the page's server says now, and its time: `{ state: answered | foreign | redirected | silent, ms, clockAhead, places }`. */
async function askPageServer(chat, signal) {
  const began = performance.now()
  let response, status
  try {
    response = await fetch('status.json', { cache: 'no-store', signal })
    status = await response.json()
  } catch {
    if (!response) return { state: 'silent' }
  }
  const ms = since(began), date = Date.parse(response.headers.get('date') ?? '')
  // The server writes whole seconds.
  const clockAhead = Number.isNaN(date) ? undefined : Math.round((Date.now() - ms / 2 - date - 500) / 1000)
  // Where no relay serves the page, this is nobody's fault. Elsewhere another server has answered, whose time says nothing.
  if (!status?.peerId) return chat.relays.length ? { state: 'redirected', ms } : { state: 'foreign', ms, clockAhead }
  const { counts, limits } = status
  const places = limits?.reservations ? { held: counts?.reservations, of: limits.reservations } : undefined
  return { state: 'answered', ms, clockAhead, places, relay: String(status.peerId) }
}

/** The URL of a WebSocket address. Undefined: it is another kind of address. */
export function socketURL(address) {
  const form = /^\/(ip4|ip6|dns[46]?)\/([^/]+)\/tcp\/(\d+)\/((?:tls\/(?:sni\/[^/]+\/)?)?wss?)(\/p2p\/[^/]+)?$/
  const [, kind, host, port, tail] = form.exec(address) ?? []
  if (!host) return undefined
  return `${/tls|wss/.test(tail) ? 'wss' : 'ws'}://${kind === 'ip6' ? `[${host}]` : host}:${port}/`
}

/** Whether a WebSocket opens there, and how long that takes: `{ address, ms? }`. */
function openSocket(address, url, signal) {
  const began = performance.now()
  return new Promise((resolve) => {
    let socket
    const end = (ms) => {
      socket?.close()
      resolve({ address, ms })
    }
    // Such as an unencrypted one on a page that is encrypted.
    try { socket = new WebSocket(url) } catch { return end() }
    socket.onopen = () => end(since(began))
    socket.onerror = socket.onclose = () => resolve({ address })
    signal.addEventListener('abort', () => end())
  })
}

/** Resolves as soon as `look` holds, or when `signal` ends the waiting. */
const until = (chat, look, signal) => new Promise((resolve) => {
  const see = () => {
    if (!look() && !signal.aborted) return
    chat.removeEventListener('change', see)
    signal.removeEventListener('abort', see)
    resolve()
  }
  chat.addEventListener('change', see)
  signal.addEventListener('abort', see)
  see()
})

async function askRelay(chat, id, addresses, { reached, known }) {
  const began = performance.now(), relay = { id, addresses, outcomes: [] }, peer = chat.peer(id)
  const sockets = Promise.all(addresses.map((one) => [one, socketURL(one)]).filter(([, url]) => url)
    .map(([one, url]) => openSocket(one, url, reached)))
  if (!peer.path) {
    try {
      await chat.node.dial(addresses, { signal: reached })
      relay.connectMs = since(began)
    } catch (error) { relay.outcomes = error.outcomes ?? [] }
  }
  relay.sockets = await sockets
  const [connection] = chat.node.getConnections(id)
  if (!connection) return relay
  relay.path = pathOf(connection)
  try { relay.pingMs = await chat.node.ping(id, { signal: reached }) } catch { /* it shows by what is missing */ }
  // What it says of itself comes a moment after the connection, and so does its place.
  await until(chat, () => peer.agent !== undefined, reached)
  Object.assign(relay, { agent: peer.agent, isRelay: peer.agent === undefined || peer.isRelay })
  if (relay.isRelay) await until(chat, () => chat.reservation, AbortSignal.any([reached, known]))
  relay.hasPlace = chat.reservation?.relay === id
  if (relay.hasPlace) relay.limits = chat.reservation.limits
  return relay
}

/** The relays by their ids, each with its addresses: those that the page was served with, and the one that gives it a place. */
function relaysToAsk(chat) {
  const relays = new Map()
  for (const address of chat.relays) {
    const id = address.split('/p2p/')[1]
    relays.set(id, [...relays.get(id) ?? [], address])
  }
  for (const peer of chat.peers.values()) {
    if (peer.isRelay && peer.path && !relays.has(peer.id)) relays.set(peer.id, [peer.path.address])
  }
  return [...relays].slice(0, 4)
}

/** All servers that those who are connected offer. */
function servers(chat) {
  const found = chat.tellers.flatMap(({ addresses, path }) => serversOf([...addresses, path.address], path.address.split('/')[2]))
  return [...new Map(found.map((one) => [one.name, one])).values()]
}

/** What the browser lets a page of the Internet do in this network: granted, prompt, denied. Undefined: it does not come to that. */
async function localNetworkPermission(relays) {
  const isLocalPage = isLocalAddress(location.hostname) || /^(localhost|.*\.local)$/.test(location.hostname)
  const isToLocal = relays.some(([, addresses]) => addresses.some((one) => isLocalAddress(one.split('/')[2])))
  if (isLocalPage || !isToLocal) return undefined
  for (const name of ['local-network-access', 'local-network']) {
    try { return (await navigator.permissions.query({ name })).state } catch { /* this browser has no such permission */ }
  }
  return undefined
}

/** Follows the connection to a peer until it is direct, or its way to become so has ended. */
async function askPeer(chat, id, known) {
  const peer = chat.peer(id)
  if (!peer.path) await Promise.race([chat.connect(id).catch(() => {}), until(chat, () => false, known)])
  const isOver = () => peer.path?.kind !== 'relayed' || peer.upgrade?.state === 'failed' || peer.offersUpgrade === false
  await until(chat, isOver, known)
  const { path, agent, offersUpgrade, upgrade, failure, attempts, addresses } = peer
  return { id, path, agent, offersUpgrade, upgrade, failure, attempts, isTrying: isUpgrading(peer) }
}

/** Everything, within five seconds. `peer`: whose connection matters, if anybody's does. */
export async function checkFacts(chat, peer) {
  const began = performance.now(), reached = AbortSignal.timeout(moments.reached), known = AbortSignal.timeout(moments.known)
  const asked = relaysToAsk(chat)
  const relays = Promise.all(asked.map(([id, addresses]) => askRelay(chat, id, addresses, { reached, known })))
  const families = relays.then(() => askServers(servers(chat), known))
  const [server, found, localNetwork, ofPeer, udp] = await Promise.all(
    [askPageServer(chat, known), relays, localNetworkPermission(asked), peer && askPeer(chat, peer, known), families])
  const people = [...chat.peers.values()].filter((one) => one.path && !one.isRelay)
  return {
    isOnline: navigator.onLine !== false, hasWebRTC: !!globalThis.RTCPeerConnection, server, relays: found, localNetwork, ...udp,
    people: { connected: people.length, direct: people.filter((one) => one.path.kind === 'direct').length },
    refusal: chat.refusal, peer: ofPeer, ms: since(began),
  }
}

