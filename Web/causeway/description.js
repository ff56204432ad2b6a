// Descriptions and candidates of peer connections. A browser acts on every line of them, so a remote's are checked first.

import { randomBytes } from './bytes.js'
import { parse } from './multiaddr.js'

/** A candidate by an IP address or a browser's own `.local` name: whoever names another has this machine ask for it. */
export const isCandidate = (text) => text.length < 512
  && /^candidate:\S+ \d \w+ \d+ ([\d.]+|\S*:\S*|[\w-]+\.local) \d+ typ /i.test(text)

/** What a browser is told of a remote's description: one association for data channels, and of its attributes those that are known. */
export function checkedDescription(sdp) {
  const lines = sdp.split(/\r?\n/), has = (pattern) => lines.filter((one) => pattern.test(one)).length
  if (has(/^m=/) !== 1 || !has(/^m=application \d+ (UDP|TCP)\/DTLS\/SCTP webrtc-datachannel$/) || !has(/^a=fingerprint:sha-/)) {
    throw new Error('not only data channels')
  }
  return lines.filter((one) => /^([vostcm]=|a=(group|ice-|fingerprint|setup|mid|sctp-port|max-message-size)\b)/.test(one)
    || isCandidate(one.slice(2))).join('\r\n') + '\r\n'
}

// `/webrtc-direct` (webrtc-direct.md): the server has no signalling, so the page makes both descriptions.

const attribute = (name, sdp) => new RegExp(`^a=${name}:(.*?)\r?$`, 'm').exec(sdp)?.[1]

/** Makes the page's own description; answers the secret that both sides go by, and the fingerprint of the page's certificate. */
export async function describeDialler(pc) {
  const offer = await pc.createOffer()
  let secret = `libp2p+webrtc+v1/${btoa(String.fromCharCode(...randomBytes(24)))}`
  // Version 1 tells the server our credentials by making them the same as its own; a browser that forbids that speaks version 2.
  const sdp = offer.sdp.replace(/^a=ice-(ufrag|pwd):.*?(\r?)$/gm, `a=ice-$1:${secret}$2`)
  await pc.setLocalDescription({ type: 'offer', sdp }).catch(() => {})
  if (attribute('ice-ufrag', pc.localDescription?.sdp) !== secret) {
    if (!pc.localDescription) await pc.setLocalDescription(offer)
    secret = `libp2p+webrtc+v2/${attribute('ice-pwd', pc.localDescription.sdp)}`
  }
  const fingerprint = attribute('fingerprint', pc.localDescription.sdp).replace(/^sha-256 /i, '')
  return { secret, fingerprint: Uint8Array.from(fingerprint.split(':'), (one) => parseInt(one, 16)) }
}

/** What the server would say of itself, of its address. */
export function serverDescription(address, secret, certificate) {
  const [[name, host], [, port]] = parse(address), family = `IN ${name.toUpperCase()}`
  const fingerprint = Array.from(certificate, (one) => one.toString(16).padStart(2, '0').toUpperCase()).join(':')
  return ['v=0', `o=- 0 0 ${family} ${host}`, 's=-', 't=0 0', 'a=ice-lite', `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    `c=${family} ${host}`, 'a=mid:0', 'a=ice-options:ice2', `a=ice-ufrag:${secret}`, `a=ice-pwd:${secret}`,
    `a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:passive', 'a=sctp-port:5000', 'a=max-message-size:16384',
    `a=candidate:1 1 UDP 1 ${host} ${port} typ host`, 'a=end-of-candidates', ''].join('\r\n')
}
