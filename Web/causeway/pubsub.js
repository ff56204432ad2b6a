// Topics, as the application sees them.

import * as Command from './boundary/command.js'
import { join, utf8, view } from './bytes.js'
import { refuse } from './errors.js'
import { toPeer } from './peerid.js'
import { emit } from './telling.js'
import { READY_TIME, waitFor } from './waiting.js'

export class PubSub extends EventTarget {
  #node
  #engine
  #options
  #topics = new Set()
  #published = 0n

  /** `engine` answers the one that runs; `options` are undefined or false without gossip. */
  constructor(node, engine, options) {
    super()
    this.#node = node
    this.#engine = engine
    this.#options = options
  }

  #check(topic) {
    if (!this.#options) refuse('ERR_PUBSUB_OFF')
    if (typeof topic !== 'string' || !topic) refuse('ERR_INVALID_TOPIC', `expected a topic, not ${JSON.stringify(topic)}`)
    return utf8(topic)
  }

  subscribe(topic) {
    const bytes = this.#check(topic)
    if (this.#topics.has(topic)) return
    this.#topics.add(topic)
    this.#engine().module.send(Command.SUBSCRIBE, 0, 0, bytes)
  }

  unsubscribe(topic) {
    const bytes = this.#check(topic)
    if (this.#topics.delete(topic)) this.#engine().module.send(Command.UNSUBSCRIBE, 0, 0, bytes)
  }

  async publish(topic, data, { signal } = {}) {
    const name = this.#check(topic), bytes = view(data)
    const answer = await this.#engine().ask(
      `could not publish to ${topic}`, Command.PUBLISH, 0, join(name, bytes), signal, (recipients) => ({ recipients }))
    if (this.#options.emitSelf && this.#topics.has(topic)) {
      const { peerId } = this.#node
      emit(this, 'message', { topic, data: bytes, from: peerId, receivedFrom: peerId, sequenceNumber: ++this.#published })
    }
    return answer
  }

  #peers(question, topic) { return this.#engine().module.query(question, 0, topic).map(toPeer) }

  /** Resolves with the topic's subscribers once there are any. */
  async ready(topic, options) {
    this.#check(topic)
    return waitFor(this, ['subscription-change'], () => {
      const found = this.getSubscribers(topic)
      return found.length && found
    }, `no connected peer has subscribed to ${topic}`, options, READY_TIME)
  }

  getTopics() { return [...this.#topics] }
  getSubscribers(topic) { return this.#peers(Command.SUBSCRIBERS, topic) }
  getMeshPeers(topic) { return this.#peers(Command.MESH, topic) }
}
