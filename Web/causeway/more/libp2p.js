// A node for an application that was written for js-libp2p.

const HOP = '/libp2p/circuit/relay/0.2.0/hop'

/**
 * Takes a js-libp2p configuration, and options of this package. Transports, encryption and the like are built in, so what a configuration
 * says of them is passed over, as an unknown option is.
 */
export async function createLibp2p(given, createNode, refuse) {
  const { addresses: { listen = [], ...addresses } = {}, privateKey, nodeInfo, services, ...options } = given ?? {}
  const kept = [listen].flat().map(String), at = options.relays ? -1 : kept.indexOf('/p2p-circuit')
  if (at >= 0) kept.splice(at, 1)
  const named = (prefix, of = {}) => Object.fromEntries(Object.entries(of).map(([name, value]) => [`${prefix}.${name}`, value]))
  if (privateKey && privateKey.type !== 'Ed25519') refuse('ERR_INVALID_KEY', `expected an Ed25519 key, not ${privateKey.type}`)
  const node = await createNode({
    ...privateKey && { key: privateKey.raw.slice(0, 32) }, ...nodeInfo?.userAgent && { agent: nodeInfo.userAgent },
    ...listen.length && { addresses: { listen: kept } }, ...named('addresses', addresses), ...named('services', services), ...options,
  })
  if (at >= 0) searchRelay(node)
  return node
}

/** A bare `/p2p-circuit` without relays: a place at whatever relay the application connects to first. */
function searchRelay(node) {
  node.addEventListener('peer:identify', ({ detail: { peerId, protocols } }) => {
    const connection = node.getConnections(peerId).find((one) => one.direct)
    if (!connection || !protocols.includes(HOP) || node.getMultiaddrs().length) return
    // The event `reservation` tells of a failure.
    node.reserve(connection.remoteAddr).catch(() => {})
  })
}
