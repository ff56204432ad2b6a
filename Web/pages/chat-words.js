// Describes addresses, paths and faults in words.

import { endOfID } from './peer-face.js'

/** The relays that this page uses. The first is the relay that served the page, at the address that served it. */
export async function relaysOf(location) {
  const response = await fetch('status.json', { cache: 'no-store', signal: AbortSignal.timeout(10000) })
  if (!response.ok) throw new Error(`status ${response.status}`)
  const { peerId, addresses = [] } = await response.json()
  if (typeof peerId !== 'string' || !/^[1-9A-HJ-NP-Za-km-z]{40,60}$/.test(peerId)) throw new Error('it contains no peer id')
  const own = `${originAddress(location)}/p2p/${peerId}`
  const others = (Array.isArray(addresses) ? addresses : []).map(String).filter(dialable)
    .map((one) => one.includes('/p2p/') ? one : `${one}/p2p/${peerId}`)
  return [...new Set([own, ...others])].slice(0, 4)
}

/** The WebSocket address on the port from which the page was served. */
export function originAddress({ protocol, hostname, port }) {
  const secure = protocol === 'https:'
  const isNumber = /^[\d.]+$/.test(hostname)
  const host = hostname.startsWith('[') ? `ip6/${hostname.slice(1, -1)}` : `${isNumber ? 'ip4' : 'dns4'}/${hostname}`
  return `/${host}/tcp/${port || (secure ? 443 : 80)}/${secure ? 'tls/ws' : 'ws'}`
}

/** Whether a page can dial an address. */
export function dialable(address) {
  if (/\/(webtransport|quic|quic-v1)(\/|$)/.test(address)) return false
  if (/\/webrtc(-direct)?(\/|$)/.test(address) && !globalThis.RTCPeerConnection) return false
  // Only a server whose address contains its certificate's hash.
  if (/\/webrtc-direct(\/|$)/.test(address)) return /^\/ip[46]\/[^/]+\/udp\/\d+\/webrtc-direct\/certhash\//.test(address)
  const isSecurePage = globalThis.location?.protocol === 'https:'
  return /\/(wss|tls(\/sni\/[^/]+)?\/ws)(\/|$)/.test(address) || (!isSecurePage && /\/ws(\/|$)/.test(address))
}

/**
 * The addresses of a peer that are worth dialling. Over a circuit, the node tries a direct connection by itself, and keeps the circuit if
 * that fails. So `…/p2p-circuit/webrtc` is dialled as the circuit.
 */
export function worthDialling(addresses) {
  return [...new Set(addresses.filter(dialable).map((one) => one.replace(/\/p2p-circuit\/webrtc(?=\/|$)/, '/p2p-circuit')))]
}

function transportOf(address) {
  if (/\/webrtc-direct(\/|$)/.test(address)) return 'WebRTC direct'
  if (/\/webrtc(\/|$)/.test(address)) return 'WebRTC'
  if (/\/webtransport(\/|$)/.test(address)) return 'WebTransport'
  if (/\/(wss|tls(\/sni\/[^/]+)?\/ws)(\/|$)/.test(address)) return 'secure WebSocket'
  if (/\/ws(\/|$)/.test(address)) return 'WebSocket'
  return /\/quic/.test(address) ? 'QUIC' : 'TCP'
}

/** The path of a connection: `{ kind: 'direct' | 'relayed', words, relay? }`. */
export function pathOf({ remoteAddr, direct }) {
  const address = String(remoteAddr)
  const isRelayed = direct === undefined ? /\/p2p-circuit(\/p2p\/[^/]+)?$/.test(address) : !direct
  if (!isRelayed) return { kind: 'direct', words: `Direct, ${transportOf(address)}`, address }
  const relay = address.split('/p2p-circuit')[0].split('/p2p/')[1] ?? ''
  return { kind: 'relayed', relay, address, words: relay ? `Relayed through ${endOfID(relay)}` : 'Relayed' }
}

/** What a relay's limit still allows. */
export function limitWords({ bytes, seconds } = {}) {
  const left = [bytes !== undefined && sizeOf(bytes), seconds !== undefined && `${Math.round(seconds)}\u00a0s`].filter(Boolean)
  return left.length ? `The relay allows ${left.join(' and ')} more.` : ''
}

export function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes}\u00a0B`
  if (bytes < 1 << 20) return `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)}\u00a0KiB`
  return `${(bytes / (1 << 20)).toFixed(1)}\u00a0MiB`
}

const words = {
  ABORT_ERR: 'it took too long or was cancelled',
  ERR_ABORTED_LOCALLY: 'this side cancelled it',
  ERR_ANSWER: 'the other side sent an invalid answer',
  ERR_BACKED_OFF: 'a recent attempt failed; try again shortly',
  ERR_CIRCUIT_BYTES: "the connection reached the relay's limit of bytes",
  ERR_CIRCUIT_DURATION: "the connection reached the relay's time limit",
  ERR_CLOSED: 'the connection was closed',
  ERR_CONNECTION_LOST: 'the connection was lost',
  ERR_HEARSAY: 'only other peers named this address, and it is in a private network',
  ERR_INVALID_ADDRESS: 'this is not a complete address: it must end in /p2p/ and a peer id',
  ERR_INVALID_PEER: 'this is not a peer id',
  ERR_LIMIT: 'this page reached one of its limits',
  ERR_LIMITED_CONNECTION: 'the relayed connection is too limited for this',
  ERR_MESSAGE_TOO_LARGE: 'the message is too large',
  ERR_MIXED_CONTENT: 'a page on https cannot open unencrypted WebSockets',
  ERR_NOT_CONNECTED: 'not connected, and no address of the peer is known',
  ERR_NOT_RELAY_ADDRESS: 'this is not the address of a relay',
  ERR_NO_WEBRTC: 'this browser has no WebRTC',
  ERR_NO_SUBSCRIBERS: 'no other peer is listening',
  ERR_OWN_PEER: 'this is your own address',
  ERR_PEER_FAULT: 'the other side violated the protocol',
  ERR_REFUSED_BY_RELAY: 'the relay refused',
  ERR_RESET: 'the other side ended it',
  ERR_STOPPED: 'the node is not running',
  ERR_TIMEOUT: 'there was no answer in time',
  ERR_TRAP: 'the module failed',
  ERR_UNREACHABLE: 'no address could be reached',
  ERR_UNRESOLVED: 'this name does not exist',
  ERR_UNSUPPORTED_PROTOCOL: 'the peer does not support this protocol',
  ERR_UNSUPPORTED_TRANSPORT: 'a page cannot dial this kind of address, only WebSocket, WebRTC and circuits over them',
  ERR_WASM: 'the module could not be loaded',
  ERR_WRONG_PEER: 'the peer that answered is not the one in the address',
}

const relayStatus = {
  100: 'ok', 200: 'it has no room for another reservation', 201: 'a resource limit was exceeded', 202: 'permission denied',
  203: 'it could not reach the peer', 204: 'the peer has no reservation there', 400: 'malformed message', 401: 'unexpected message',
}

/** Describes an error or a dial's outcome in plain words. A browser does not say why a socket did not open. */
export function wordsOf(fault, isDial = fault?.address !== undefined) {
  if (isDial && fault?.code === 'ERR_CONNECTION_LOST') return 'no peer answers at this address'
  if (fault?.code === 'ERR_REFUSED_BY_RELAY' && relayStatus[fault.value]) return `the relay refused: ${relayStatus[fault.value]}`
  return words[fault?.code] ?? fault?.message ?? fault?.result ?? String(fault)
}

/** Why a WebRTC attempt led to no direct connection. Takes a dial's outcome. */
export function directFault({ webrtc, code, ...outcome }) {
  if (code === 'ERR_UNSUPPORTED_PROTOCOL') return 'the other side does not support WebRTC'
  if (!webrtc) return wordsOf({ code, ...outcome })
  const { candidates: { local, remote }, ice, state, cause } = webrtc
  if (cause) return `the browser refused: ${cause.cause?.message ?? cause.message ?? cause}`
  if (!local) return 'this browser found no address of its own to offer'
  if (!remote) return 'the other side offered no address'
  const isThrough = ice === 'connected' || ice === 'completed'
  if (isThrough && state !== 'connected') return 'packets get through, but the encryption failed'
  return isThrough ? wordsOf({ code, ...outcome })
    : 'no packet gets through between the two sides; a NAT or firewall blocks them'
}

/** How far such an attempt got: candidates, states and time. */
export function directFacts({ webrtc, milliseconds }) {
  if (!webrtc) return `after ${timeOf(milliseconds)}`
  const { candidates: { local, remote }, ice, state } = webrtc
  return `this side offered ${local} ${local === 1 ? 'address' : 'addresses'}, the other side ${remote}; ICE ${ice}, connection ${state}; `
    + `after ${timeOf(webrtc.milliseconds)}`
}

const timeOf = (milliseconds) => milliseconds < 1000 ? `${milliseconds}\u00a0ms` : `${(milliseconds / 1000).toFixed(1)}\u00a0s`

const kinds = [
  ['png', [0x89, 0x50, 0x4e, 0x47]], ['jpg', [0xff, 0xd8, 0xff]], ['gif', [0x47, 0x49, 0x46, 0x38]], ['pdf', [0x25, 0x50, 0x44, 0x46]],
  ['zip', [0x50, 0x4b, 3, 4]], ['gz', [0x1f, 0x8b]],
]

/** A file's name. The announcement has only an id, so the file's first bytes decide the extension. */
export function fileName(id, head = []) {
  const kind = kinds.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte))?.[0]
  return `${id.slice(0, 8)}.${kind ?? 'bin'}`
}

const kindWords = { image: 'Picture', audio: 'Sound', video: 'Video', text: 'Text' }

/** What a media type says, in a word; empty if it says little. */
export function kindOf(type = '') {
  const [kind, form] = type.split('/'), short = form?.replace(/^x-/, '').toUpperCase()
  if (kindWords[kind]) return form.length > 6 ? kindWords[kind] : `${kindWords[kind]}, ${short}`
  return ['pdf', 'zip', 'gzip'].includes(form) ? short : ''
}
