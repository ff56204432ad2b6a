// A stream as an application of js-libp2p knows it: it has events, can be iterated, and sends without waiting.

import { view } from './bytes.js'
import { CausewayError } from './errors.js'
import { complain } from './telling.js'
import { waitFor } from './waiting.js'
import { HIGH_WATER } from './writable.js'

const tell = (target, type, more) => target.dispatchEvent(Object.assign(new Event(type), more))

export class MessageStream extends EventTarget {
  /** The reading for who listens for messages. */
  #reading
  #write
  #check
  /** Whether `send` has said that much waits. */
  #isFull = false

  /** `write` and `check` are those of `makeWritable`. */
  constructor(properties, write, check) {
    super()
    this.#write = write
    this.#check = check
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(properties))
  }

  /** Itself: a handler may take `({ stream, connection })` as well as `(stream, connection)`. */
  get stream() { return this }

  addEventListener(type, ...more) {
    super.addEventListener(type, ...more)
    if (type === 'message') this.#reading ??= this.#read()
  }

  async #read() {
    try {
      for await (const data of this) tell(this, 'message', { data })
      tell(this, 'remoteCloseWrite')
    } catch (error) {
      // `close` tells why a stream failed.
      if (!(error instanceof CausewayError)) complain(error)
    }
  }

  async * [Symbol.asyncIterator]() {
    const reader = this.readable.getReader()
    try {
      for (let one; !(one = await reader.read()).done;) yield one.value
    } finally { reader.releaseLock() }
  }

  send(data) {
    this.#check(true)
    this.#isFull = this.#write(view(data)) > HIGH_WATER
    return !this.#isFull
  }

  async onDrain(options) {
    await waitFor(this, ['drain', 'close'], () => {
      this.#check()
      return !this.#isFull || this.status === 'closed'
    }, `waiting to send on the stream ${this.protocol}`, options)
  }

  static drained(stream) {
    if (!stream.#isFull) return
    stream.#isFull = false
    tell(stream, 'drain')
  }

  /** After all messages. */
  static async ended(stream, error) {
    await stream.#reading
    tell(stream, 'close', { error, local: stream.status === 'aborted' })
  }
}
