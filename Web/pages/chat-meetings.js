// Connects to people whom discovery found.

import { bounds } from './chat-bounds.js'
import { OWN_RELAY, meetingPlace } from './chat-paths.js'

export class Meetings {
  #chat
  /** Where those are dialled whom discovery found, by peer id. */
  #places = new Map()

  constructor(chat) { this.#chat = chat }

  /**
   * Connects to people whom discovery found, not again and again. At our own relay several at once: it says at once who is not there. At
   * any other place one, so that many there who do not answer keep nobody from the people elsewhere.
   */
  look() {
    const chat = this.#chat, now = Date.now()
    for (const known of chat.peers.values()) {
      if (chat.node.getPeers().length > bounds.connections) return
      if (known.id === chat.self || known.path?.kind === 'direct' || known.isMeeting || known.triedAt > now - 60000) continue
      if (!(known.discoveredAt > now - 90000)) continue
      const { place, addresses } = meetingPlace(known, chat.relayPeer)
      const taken = [...this.#places.values()].filter((one) => (one === OWN_RELAY) === (place === OWN_RELAY))
      if (!addresses.length || taken.length >= bounds.meetings || (place !== OWN_RELAY && taken.includes(place))) continue
      this.#places.set(known.id, place)
      chat.dial(addresses, bounds.meetingSeconds).catch(() => {}).finally(() => {
        this.#places.delete(known.id)
        this.look()
      })
    }
  }
}
