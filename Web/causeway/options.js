// A node's options, checked and as the module takes them.

import * as Flag from './boundary/flag.js'
import { utf8 } from './bytes.js'
import { checkDialable, isSecurePage } from './dialable.js'
import { refuse } from './errors.js'
import { multiaddr, relayOf } from './multiaddr.js'

const known = ['key', 'wasm', 'relays', 'addresses', 'webrtc', 'discovery', 'pubsub', 'agent', 'WebSocket', 'start', 'dns']
const named = new Set()

/** What somebody mistypes, or knows from another library, does nothing: it is named, once. */
function nameUnknown(options) {
  const names = Object.keys(options).filter((one) => !known.includes(one) && !named.has(one))
  for (const one of names) named.add(one)
  if (names.length) console.warn(`causeway: there is no option ${names.join(', ')}; the options are ${known.join(', ')}`)
}

/** Where nodes of js-libp2p announce themselves, and others in JSON. */
const usual = [{ topic: '_peer-discovery._p2p._pubsub' }, { topic: 'p2p-discovery', format: 'json' }]
/** The most bytes of a message: with what is around it, 1 MiB, as go-libp2p reads; and how far that can be raised. */
const MESSAGE_SIZE = 2 ** 20 - 4096, LARGEST_MESSAGE = 2 ** 24

/** Answers the module's flags, what else it starts with, the gossip options (false: off), and the relays to hold places at. */
export function readOptions(options) {
  nameUnknown(options)
  const { key, pubsub = true, discovery = true, webrtc } = options
  const gossip = pubsub === true ? {} : pubsub
  const { topics = gossip && discovery ? usual : [], interval = 10_000, listenOnly } = discovery || {}
  const { messageSize = MESSAGE_SIZE, floodPublish = true, allowPublishToZeroTopicPeers } = gossip || {}
  messageSize >= 1 && messageSize <= LARGEST_MESSAGE || refuse('ERR_INVALID_ARGUMENT', `messageSize is not 1 to ${LARGEST_MESSAGE}`)
  if (key !== undefined && key !== 'persistent' && !(key instanceof Uint8Array && key.length === 32)) {
    refuse('ERR_INVALID_KEY', "expected a key of 32 bytes, or 'persistent'")
  }
  if (!(options.WebSocket ?? globalThis.WebSocket)) refuse('ERR_NO_WEBSOCKET', 'WebSocket is missing here; pass one as an option')
  const hasWebRTC = webrtc !== false && globalThis.RTCPeerConnection
  const flags = (hasWebRTC && Flag.WEB_RTC) | (!isSecurePage() && Flag.PLAIN_WEB_SOCKET)
    | (listenOnly && Flag.LISTEN_ONLY) | (gossip && Flag.GOSSIP)
    | (floodPublish && Flag.FLOOD_PUBLISH) | (allowPublishToZeroTopicPeers && Flag.PUBLISH_TO_NOBODY)
  const names = topics.map(({ topic, format }) => utf8((format === 'json' ? '\x01' : '\0') + topic))
  const parts = [new Uint8Array(Uint32Array.of(messageSize).buffer), ...names]
  return { flags, interval, parts, gossip, relays: relaysOf(options, hasWebRTC) }
}

/** The candidates, and how many of them to hold places at. */
function relaysOf({ relays = [], addresses: { listen = relays.length ? ['/p2p-circuit'] : [] } = {} }, hasWebRTC) {
  const named = []
  let any = 0
  for (const one of [listen].flat().map(String)) {
    if (one === '/webrtc') hasWebRTC || refuse('ERR_NO_WEBRTC', 'cannot listen on /webrtc: WebRTC is missing here')
    else if (one === '/p2p-circuit') any = 1
    else if (one.endsWith('/p2p-circuit')) named.push(relayOf(one))
    else refuse('ERR_UNSUPPORTED_LISTEN', `a page can listen on /p2p-circuit and /webrtc, not on ${one}`)
  }
  if (any && !relays.length) refuse('ERR_INVALID_ARGUMENT', '/p2p-circuit needs relays, or a relay before it')
  const list = [...named, ...any ? relays.map(relayOf) : []]
  for (const one of list) {
    checkDialable(one)
    if (!multiaddr(one).getPeerId()) refuse('ERR_NOT_RELAY_ADDRESS', `${one} must end in /p2p/<peer id>`)
  }
  return { list, count: named.length + any }
}
