// What carries the links: WebSockets and peer connections, by the links' numbers.

import * as Event from './boundary/event.js'
import { string } from './bytes.js'
import { toAddress } from './multiaddr.js'
import { PeerConnection } from './peerconnection.js'
import { makeSocket } from './websocket.js'

/** `/ip6/::1/udp/1` -> `{ urls: 'stun:[::1]:1' }`. */
const toServer = (address) => ({
  urls: string(address).replace(/.ip4.(.+).udp./, 'stun:$1:').replace(/.ip6.(.+).udp./, 'stun:[$1]:'),
})

export function makeCarriers(options, send) {
  const byLink = new Map()

  const add = (link, servers = []) => {
    const made = new PeerConnection(options.webrtc?.rtcConfiguration, servers, link, send)
    byLink.set(link, made)
    return made
  }
  const carriers = {
    /** Of the peer connection that was closed last, until something else is told. */
    report: undefined,
    /** Resolves once the browser has passed on what a link was given. */
    sent: (link) => byLink.get(link)?.sent?.(),
    end() {
      for (const one of byLink.values()) one.close()
      byLink.clear()
    },
    events: {
      [Event.DIAL](link, b, address, certificate) {
        if (certificate.length) add(link).dial(toAddress(address), certificate)
        else byLink.set(link, makeSocket(options.WebSocket ?? WebSocket, toAddress(address), link, send))
      },
      [Event.SOCKET_SEND]: (link, b, bytes) => byLink.get(link)?.send(bytes),
      [Event.LINK_RELEASED](link) {
        carriers.report = byLink.get(link)?.close()
        byLink.delete(link)
      },
      [Event.PEER_OFFER]: (link, b, ...servers) => add(link, servers.map(toServer)).offer(),
      [Event.PEER_ANSWER]: (link, b, sdp, ...servers) => add(link, servers.map(toServer)).answer(string(sdp)),
      [Event.PEER_ACCEPT]: (link, b, sdp) => byLink.get(link)?.accept(string(sdp)),
      [Event.PEER_CANDIDATE]: (link, b, candidate) => byLink.get(link)?.candidate(string(candidate)),
      [Event.PEER_CARRIED]: (link) => byLink.get(link)?.channels.carried(),
      [Event.CHANNEL_OPEN]: (link, channel) => byLink.get(link)?.channels.open(channel),
      [Event.CHANNEL_SEND]: (link, channel, bytes) => byLink.get(link)?.channels.send(channel, bytes),
      [Event.CHANNEL_CLOSE]: (link, channel) => byLink.get(link)?.channels.close(channel),
    },
  }
  return carriers
}
