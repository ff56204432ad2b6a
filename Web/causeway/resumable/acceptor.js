// The resumable streams that peers have opened here, by peer and token, and what carries them again.

import { Carrier } from './carrier.js'
import { OPENING_SIZE, ResumptionFault, Status, answer, carriedBy, readOpening } from './frames.js'
import { DEADLINE, ResumableStream } from './resumable-stream.js'

/** Streams that one peer has opened here, and all peers. */
const STREAMS_PER_PEER = 16
const STREAMS = 64
/** Carriers whose opening has not arrived; the oldest gives way to the next. */
const OPENINGS = 64

const refusal = (status) => new ResumptionFault('refused', status)

export class Acceptor {
  #tools
  #streams = new Map()
  #openings = new Set()

  constructor(tools) { this.#tools = tools }

  get streams() { return [...this.#streams.values()].map(({ stream }) => stream) }

  /** Serves one stream that carries a resumable one, until it ends; and `handler`, if that is new. */
  async serve(ordinary, handler) {
    const carrier = new Carrier(ordinary), asked = await this.#opening(carrier)
    if (!asked) return carrier.abort()
    let entry
    try {
      entry = this.#find(ordinary, carrier, asked)
      const received = entry.stream.resume(carrier, asked.received)
      clearTimeout(entry.timer)
      await carrier.write(answer(Status.resumed, received)).catch(() => {})
    } catch (error) {
      await carrier.write(answer(error.status ?? Status.unknown)).then(() => carrier.finish()).catch(() => {})
      return
    }
    const { stream } = entry, isNew = stream.resumed === 1
    const handled = isNew && (async () => handler(stream.stream, stream.stream.connection))()
    if (handled) handled.catch((error) => stream.stream.abort(error))
    await stream.carry(carrier)
    // The opener has until the deadline to come back.
    if (!stream.isOver && stream.isCarriedBy(carrier)) entry.timer = setTimeout(() => stream.endTooLate(), DEADLINE)
    await handled
  }

  async #opening(carrier) {
    this.#openings.add(carrier)
    if (this.#openings.size > OPENINGS) {
      const [oldest] = this.#openings
      this.#openings.delete(oldest)
      oldest.abort()
    }
    try {
      return readOpening(await carrier.readFirst(OPENING_SIZE))
    } catch {
      return undefined
    } finally { this.#openings.delete(carrier) }
  }

  #find({ protocol, connection }, carrier, { isNew, token, received }) {
    const peer = String(connection.remotePeer), key = `${peer} ${token}`, known = this.#streams.get(key)
    if (known) return known
    if (!isNew) throw refusal(Status.unknown)
    if (received) throw refusal(Status.impossible)
    const ofPeer = [...this.#streams.values()].filter((one) => one.peer === peer).length
    if (ofPeer >= STREAMS_PER_PEER || this.#streams.size >= STREAMS) throw refusal(Status.tooMany)
    const entry = { peer }
    entry.stream = new ResumableStream(this.#tools, token, carriedBy(protocol), 'inbound', carrier, () => {
      clearTimeout(entry.timer)
      this.#streams.delete(key)
    })
    this.#streams.set(key, entry)
    return entry
  }
}
