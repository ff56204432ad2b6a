// Which addresses a page can dial at all; which of them are worth it is the node's to decide.

import { CausewayError } from './errors.js'
import { parse } from './multiaddr.js'

export const isSecurePage = () => String(globalThis.origin ?? '').startsWith('https:')

/** Why a page cannot dial an address, as an error; undefined for one that it can. */
export function undialable(address) {
  const names = parse(address).map(([name]) => name), at = names.indexOf('p2p-circuit')
  const first = at < 0 ? names : names.slice(0, at)
  if (names.some((name) => /^webrtc/.test(name)) && !globalThis.RTCPeerConnection) {
    return new CausewayError('ERR_NO_WEBRTC', `cannot dial ${address}: WebRTC is missing here`)
  }
  const unsupported = () => new CausewayError('ERR_UNSUPPORTED_TRANSPORT',
    `a page cannot dial ${address}, only WebSocket, WebRTC and circuits over them`)
  // What names an interface of the machine is no URL, nor a candidate.
  if (names.includes('ip6zone')) return unsupported()
  if (first.includes('webrtc-direct')) {
    if (names.includes('certhash')) return
    return new CausewayError('ERR_INVALID_ADDRESS', `${address} contains no certificate hash (/certhash/…)`)
  }
  if (at >= 0 && first.every((name) => name === 'p2p')) return
  if (!first.includes('ws') && !first.includes('wss')) return unsupported()
  if (isSecurePage() && !first.includes('wss') && !first.includes('tls')) {
    return new CausewayError('ERR_MIXED_CONTENT', `a page on https cannot open ${address}: it needs wss`)
  }
}

/** Throws what a page cannot dial. */
export function checkDialable(address) {
  const fault = undialable(address)
  if (fault) throw fault
}
