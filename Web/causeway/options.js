// A node's options, checked and as the module takes them.

import * as Flag from './boundary/flag.js'
import { checkDialable, isSecurePage } from './dialable.js'
import { refuse } from './errors.js'
import { multiaddr, relayOf } from './multiaddr.js'

/** Answers the module's flags, the gossip options (false: off), and the relays to hold places at. */
export function readOptions(options) {
  const { key, pubsub = true, discovery = true, webrtc } = options
  const gossip = pubsub === true ? {} : pubsub
  const find = gossip && (discovery === true ? { json: true, protobuf: true } : discovery) || {}
  if (key !== undefined && key !== 'persistent' && !(key instanceof Uint8Array && key.length === 32)) {
    refuse('ERR_INVALID_KEY', "expected a key of 32 bytes, or 'persistent'")
  }
  if (!(options.WebSocket ?? globalThis.WebSocket)) refuse('ERR_NO_WEBSOCKET', 'WebSocket is missing here; pass one as an option')
  const hasWebRTC = webrtc !== false && globalThis.RTCPeerConnection
  const flags = (hasWebRTC && Flag.WEB_RTC) | (!isSecurePage() && Flag.PLAIN_WEB_SOCKET)
    | (find.json && Flag.JSON_DISCOVERY) | (find.protobuf && Flag.PROTOBUF_DISCOVERY) | (gossip && Flag.GOSSIP)
    | (gossip && gossip.floodPublish !== false && Flag.FLOOD_PUBLISH) | (gossip?.allowPublishToZeroTopicPeers && Flag.PUBLISH_TO_NOBODY)
  return { flags, gossip, relays: relaysOf(options, hasWebRTC) }
}

/** The candidates, and how many of them to hold places at. */
function relaysOf({ relays = [], addresses: { listen = relays.length ? ['/p2p-circuit'] : [] } = {} }, hasWebRTC) {
  const named = []
  let any = 0
  for (const one of listen.map(String)) {
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
