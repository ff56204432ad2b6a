// What the control protocol of the interop tests says, in its own fields.

export const utf8 = new TextEncoder()
export const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('')
export const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
export const fromBase64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0))

export function toBase64 (bytes) {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text)
}

export const must = (value, name) => {
  if (value == null) throw new Error(`"${name}" is missing`)
  return value
}

export function describe (error) {
  if (error == null) return 'unknown error'
  let text = `${error.code != null ? `${error.code}: ` : ''}${error.message ?? error}`
  for (const { address, result, value } of error.outcomes ?? []) text += `; ${address}: ${result}${value ? ` ${value}` : ''}`
  if (error.cause != null) text += ` (${describe(error.cause)})`
  return text
}

export const transportOf = text => text.includes('/webrtc-direct') ? 'webrtc-direct'
  : text.includes('/webrtc') ? 'webrtc'
    : text.includes('/p2p-circuit') ? 'p2p-circuit'
      : /\/wss|\/tls(\/sni\/[^/]*)?\/ws/.test(text) ? 'wss'
        : text.includes('/ws') ? 'ws' : 'unknown'

export const connectionFields = c => ({
  peerId: c.remotePeer.toString(), remoteAddr: c.remoteAddr.toString(), direction: c.direction, limited: c.limits != null
})
const limitFields = limits => limits == null ? null : { duration: limits.seconds ?? 0, data: limits.bytes ?? 0 }
export const reservationFields = r => ({
  relay: r.relay.toString(),
  addrs: r.addresses.map(String),
  expires: r.expires == null ? 0 : Math.floor(r.expires.getTime() / 1000),
  limit: limitFields(r.limits)
})
