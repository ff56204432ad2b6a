// From a configuration of the control protocol to the options of causeway.js.

const FIELDS = new Set(['seed', 'listen', 'relays', 'pubsub', 'discovery', 'agent', 'muxers', 'security',
  'caCert', 'wssInsecure', 'stunServers', 'maxSeconds', 'quiet'])

/** The fields of a configuration that mean nothing here. */
export function ignoredFields (config) {
  const ignored = Object.keys(config).filter(name => !FIELDS.has(name))
  return ignored
}

/** A page cannot listen but through relays, and by WebRTC over them. */
export const canListen = address => /\/p2p-circuit$|^\/webrtc$/.test(address)

/** Without relays a bare one means those that are asked for later. */
const listenAddresses = ({ listen = [], relays = [] }) =>
  listen.filter(one => canListen(one) && (one !== '/p2p-circuit' || relays.length > 0))

export function nodeOptions (config) {
  const { discovery } = config
  const json = discovery?.format === 'json'
  const pubsub = config.pubsub ?? { enabled: discovery != null }
  return {
    relays: config.relays ?? [],
    webrtc: {
      rtcConfiguration: { iceServers: (config.stunServers ?? []).map(urls => ({ urls: urls.includes(':') ? urls : `stun:${urls}` })) }
    },
    addresses: { listen: listenAddresses(config) },
    pubsub: pubsub.enabled || discovery != null ? {
      floodPublish: pubsub.floodPublish ?? true, allowPublishToZeroTopicPeers: true, messageSize: pubsub.params?.messageSize
    } : false,
    discovery: discovery != null && {
      topics: [{ topic: discovery.topic ?? (json ? 'p2p-discovery' : '_peer-discovery._p2p._pubsub'), format: json ? 'json' : 'protobuf' }],
      interval: discovery.intervalMs,
      listenOnly: discovery.listenOnly
    },
    ...config.agent == null ? {} : { agent: config.agent },
    start: false
  }
}
