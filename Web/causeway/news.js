// What the module tells of the node itself and of others, and nobody asked for.

import * as Event from './boundary/event.js'
import { NAMES } from './boundary/reservation-state.js'
import { directionOf, identified, notConnected, toError, toOutcome, toReservation } from './answers.js'
import { string, utf8 } from './bytes.js'
import { addressOf, toAddress } from './multiaddr.js'
import { toPeer } from './peerid.js'
import { emit } from './telling.js'

export function makeNews(node, carriers) {
  const { pubsub } = node.services
  const news = {
    /** The node's own peer, once the module has made it of the key. */
    peer: undefined,
    /** The node's own addresses. */
    addresses: [],
    end() { news.addresses = [] },
    events: {
      [Event.STARTED](a, b, peer) { news.peer = string(peer) },
      [Event.IDENTIFIED]: (a, b, ...parts) => emit(node, 'peer:identify', identified(parts)),
      [Event.DISCOVERED]: (isJSON, b, peer, ...found) => emit(node, 'peer:discovery', {
        id: toPeer(peer), multiaddrs: found.map((one) => addressOf(peer, one)), source: isJSON ? 'json' : 'protobuf',
      }),
      [Event.RESERVATION](state, outcomes, fault, ...parts) {
        const tried = parts.splice(0, outcomes * 3), made = toReservation(NAMES[state], parts), what = `no place at the relay ${made.relay}`
        const error = outcomes ? notConnected(tried, what) : toError(fault, what)
        emit(node, 'reservation', { ...made, ...error && { error } })
      },
      [Event.DIAL_ATTEMPT](isInbound, b, peer, to, fault, milliseconds) {
        const address = peer.length ? addressOf(peer, to) : toAddress(to), { report } = carriers
        emit(node, 'dial:attempt', {
          direction: directionOf(isInbound), ...peer.length && { peer: toPeer(peer) }, ...toOutcome(address, fault, milliseconds),
          ...report && /\/webrtc/.test(address) && { webrtc: report },
        })
      },
      [Event.ADDRESSES](a, b, ...own) {
        news.addresses = own.map((one) => addressOf(utf8(news.peer), one))
        emit(node, 'self:peer:update', { peer: { id: node.peerId, addresses: [...news.addresses] } })
      },
      [Event.MESSAGE]: (a, b, topic, author, from, sequence, data) => emit(pubsub, 'message', {
        topic: string(topic), from: author.length ? toPeer(author) : undefined, receivedFrom: toPeer(from),
        sequenceNumber: sequence.reduce((sum, one) => sum << 8n | BigInt(one), 0n), data,
      }),
      [Event.SUBSCRIPTION_CHANGED]: (isSubscribed, b, peer, topic) => emit(pubsub, 'subscription-change', {
        peerId: toPeer(peer), subscriptions: [{ topic: string(topic), subscribe: !!isSubscribed }],
      }),
    },
  }
  return news
}
