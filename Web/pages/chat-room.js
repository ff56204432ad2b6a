// The room: a topic for text and one for files. Everybody who is subscribed reads it, by whatever implementation.

import { bounds } from './chat-bounds.js'
import { textOf, utf8 } from './chat-codec.js'
import { EVERYBODY, roomOf } from './chat-text.js'
import { wordsOf } from './chat-words.js'

/** The key of the room's conversation. Other conversations have a peer's id. */
export const ROOM = 'room'

const FILE_TOPIC = 'universal-connectivity-file'
const filePattern = /^[0-9a-zA-Z-]{1,64}$/

/** The file id in an announcement. */
function announcedFile(data) {
  const id = textOf(data.subarray(0, 65))
  return filePattern.test(id) ? id : undefined
}

export class Room {
  #chat
  #relaySince

  /** The room that a URL's end names. If that is none, `fault` says why, and this is the room of everybody. */
  constructor(chat, hash) {
    this.#chat = chat
    this.name = EVERYBODY
    try { this.name = roomOf(hash) } catch (error) { this.fault = error.message }
    this.fileTopic = this.isOwn ? `${this.name}-file` : FILE_TOPIC
  }

  /** Whether it is not the room of everybody. */
  get isOwn() { return this.name !== EVERYBODY }

  /** Whether the relay is here but has not joined the room, so that it forwards nothing of it. */
  get isNotCarried() { return this.#relaySince !== undefined && Date.now() - this.#relaySince > bounds.carrySeconds * 1000 }

  /** Looks whether the relay is in the room. Answers the room's peers. */
  look() {
    const { node, relayPeer } = this.#chat, here = new Set(node.services.pubsub.getSubscribers(this.name).map(String))
    const isMissing = relayPeer && !here.has(relayPeer) && node.getConnections(relayPeer).length
    this.#relaySince = isMissing ? this.#relaySince ?? Date.now() : undefined
    return here
  }

  /** A message of one of the room's topics. */
  heard(topic, data, author) {
    const chat = this.#chat
    if ((topic !== this.name && topic !== this.fileTopic) || !chat.passes(author, ROOM)) return
    const known = chat.peer(author)
    known.heardAt = Date.now()
    if (topic === this.fileTopic) {
      const id = announcedFile(data)
      if (!id) return
      const message = chat.add(ROOM, { from: author, file: { id, peer: author, state: 'offered', done: 0, total: 0 } })
      if (known.path && known.speaksAbout) chat.about.askFile(known, message)
      return
    }
    const isCut = data.length > bounds.messageBytes
    chat.add(ROOM, { from: author, text: textOf(isCut ? data.subarray(0, bounds.messageBytes) : data), isCut })
  }

  /** Publishes bytes; answers what became of them as the fields of a message. */
  async publish(topic, bytes, done) {
    try {
      const { recipients } = await this.#chat.node.services.pubsub.publish(topic, bytes)
      if (!recipients) return { status: 'lonely', note: 'nobody is here to receive it' }
      return { status: 'sent', note: done(recipients) }
    } catch (error) { return { status: 'failed', note: `not sent: ${wordsOf(error)}` } }
  }

  async say(text) {
    const chat = this.#chat, message = chat.add(ROOM, { own: true, from: chat.self, text, status: 'sending' })
    const words = (count) => `sent to ${count} ${count === 1 ? 'neighbour' : 'neighbours'}`
    Object.assign(message, await this.publish(this.name, utf8(text), words))
    if (message.status === 'sent') chat.sent.add()
    chat.changed('update', { message })
  }
}
