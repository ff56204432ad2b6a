// The connections to peers, as the application sees them.

import * as Command from './boundary/command.js'
import * as ConnectionFlag from './boundary/connection-flag.js'
import * as Event from './boundary/event.js'
import { directionOf, limitsOf } from './answers.js'
import { number, string } from './bytes.js'
import { addressOf, isCircuit, toAddress } from './multiaddr.js'
import { PeerId, toPeer } from './peerid.js'
import { emit } from './telling.js'

function makeConnection(module, streams, closed, link, flags, remotePeer, remoteAddr, localAddr) {
  const [encryption, multiplexer] = /\/webrtc/.test(remoteAddr) ? ['dtls', 'webrtc'] : ['noise', 'yamux']
  const connection = {
    id: String(link), remotePeer, remoteAddr, localAddr, encryption, multiplexer, status: 'open', direct: !isCircuit(remoteAddr),
    direction: directionOf(flags & ConnectionFlag.INBOUND), limited: !!(flags & ConnectionFlag.LIMITED),
    get limits() { return connection.limited ? limitsOf(...module.query(Command.LIMITS, link)) : undefined },
    get streams() { return streams.all().filter((one) => one.connection === connection) },
    newStream: (protocols, options) => streams.open(String(remotePeer), protocols, options),
    close() {
      if (connection.status === 'open') module.send(Command.CLOSE_LINK, link)
      return closed
    },
  }
  return connection
}

/** The connections by link, and the connected peers. `streams` is there once the first connection is. */
export function makeConnections(node, module, streams) {
  const byLink = new Map(), closing = new Map(), peers = new Set()
  const gone = (peer) => emit(node, 'peer:disconnect', new PeerId(peer))

  const forget = (link) => {
    const connection = byLink.get(link)
    if (!connection) return
    byLink.delete(link)
    connection.status = 'closed'
    closing.get(link)()
    closing.delete(link)
    emit(node, 'connection:close', connection)
  }

  return {
    byLink, peers,
    to: (peer) => [...byLink.values()].filter((one) => one.remotePeer.equals(peer)),
    /** The connection that new streams to a peer take. */
    best(peer) {
      const [link] = module.query(Command.BEST, 0, peer)
      return link && byLink.get(number(link))
    },
    end() {
      for (const link of [...byLink.keys()]) forget(link)
      for (const peer of peers) gone(peer)
      peers.clear()
    },
    events: {
      [Event.CONNECTION_OPENED](link, flags, peer, remote, local) {
        const closed = new Promise((resolve) => closing.set(link, resolve))
        const connection = makeConnection(module, streams(), closed, link, flags, toPeer(peer), addressOf(peer, remote), toAddress(local))
        byLink.set(link, connection)
        emit(node, 'connection:open', connection)
      },
      [Event.CONNECTION_CLOSED]: forget,
      [Event.PEER_CONNECTED](a, b, peer) {
        peers.add(string(peer))
        emit(node, 'peer:connect', toPeer(peer))
      },
      [Event.PEER_DISCONNECTED](a, b, peer) {
        peers.delete(string(peer))
        gone(string(peer))
      },
      [Event.PATH_CHANGED](link) {
        const connection = byLink.get(link)
        emit(node, 'path:change', { peer: connection.remotePeer, connection, address: connection.remoteAddr })
      },
    },
  }
}
