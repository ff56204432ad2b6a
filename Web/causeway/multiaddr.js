// Addresses. They are read here, too, and not in the module alone, because a page may want one before it has a node.

import { string } from './bytes.js'
import { refuse } from './errors.js'
import { isPeer, Name, peerIdFromString, toBase58 } from './peerid.js'

/** The WebSocket address of a URL's server, but for the server's peer id. */
export function originAddress(text) {
  const { protocol, hostname, port } = new URL(text), isSecure = /^(https|wss):/.test(protocol), host = hostname.replace(/[[\]]/g, '')
  const kind = host.includes(':') ? 'ip6' : /^[\d.]+$/.test(host) ? 'ip4' : 'dns4'
  return `/${kind}/${host}/tcp/${port || (isSecure ? 443 : 80)}/${isSecure ? 'wss' : 'ws'}`
}

/** What somebody who gives a URL may mean. */
const hint = (text) => /^(http|ws)s?:\/\/./.test(text) && URL.canParse?.(text) ? `; did you mean ${originAddress(text)}/p2p/<peer id>` : ''

export class Multiaddr extends Name {
  getPeerId() { return parse(this).findLast(([name]) => name === 'p2p')?.[1] ?? null }
}

const withValue = new Set('ip4 ip6 ip6zone dns dns4 dns6 dnsaddr tcp udp sni certhash p2p http-path memory onion3'.split(' '))
const without = new Set('ws wss tls noise quic quic-v1 webtransport webrtc webrtc-direct p2p-circuit http https utp'.split(' '))

/** Whether a protocol cannot have this value. */
const isBad = (name, value) => name === 'ip4' ? !/^(\d{1,3}\.){3}\d{1,3}$/.test(value) || value.split('.').some((one) => one > 255)
  : name === 'ip6' ? !/^[0-9a-f:.]+$/i.test(value) || !value.includes(':')
  : name === 'tcp' || name === 'udp' ? !/^\d{1,5}$/.test(value) || value > 65535
  : name === 'p2p' ? !isPeer(value) : !value

/** An address's parts: [name, value]. */
export function parse(address) {
  const text = String(address), words = text.split('/'), parts = []
  const bad = (why) => refuse('ERR_INVALID_ADDRESS', `${text.slice(0, 200)}: ${why}`)
  if (words.shift() !== '' || !words.length) bad(`not a multiaddr${hint(text)}`)
  while (words.length) {
    const name = words.shift()
    if (without.has(name)) parts.push([name])
    else if (!withValue.has(name)) bad(`unknown protocol: ${name}`)
    else {
      const given = words.shift() ?? '', value = name === 'p2p' ? toBase58(given) : given
      if (isBad(name, value)) bad(`not for /${name}: ${given}`)
      parts.push([name, value])
    }
  }
  return parts
}

export function multiaddr(text) {
  return new Multiaddr(parse(text).map((part) => `/${part.join('/')}`).join(''))
}

/** Of the module's bytes. */
export const toAddress = (bytes) => new Multiaddr(string(bytes))

/** An address of `peer` that ends with its name, so that it can be dialled as it is. */
export function addressOf(peer, bytes) {
  const text = string(bytes), part = `/p2p/${string(peer)}`
  return new Multiaddr(text.endsWith(part) ? text : text + part)
}

/** The peer that a peer id, or an address, names. */
export function peerOf(to) {
  const text = String(to)
  return String(peerIdFromString(text.startsWith('/') ? new Multiaddr(text).getPeerId() : /^\w+:/.test(text) ? parse(text) : text))
}

/** Of a relayed connection, and not of a direct one that is to be made over it. */
export const isCircuit = (address) => /\/p2p-circuit(?!.*\/webrtc)/.test(address)

/** Without the `/p2p-circuit` at its end: the relay's own. */
export const relayOf = (address) => String(address).replace(/\/p2p-circuit$/, '')
