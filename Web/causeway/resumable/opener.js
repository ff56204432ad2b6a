// Opens the next stream for a resumable one, when the one that carries it has ended, or when a direct connection stands beside the relayed
// one.

import { Carrier } from './carrier.js'
import { ANSWER_SIZE, ResumptionFault, Status, opening, readAnswer } from './frames.js'
import { DEADLINE } from './resumable-stream.js'

/** How long an acceptor may take to answer, in milliseconds. */
const ANSWER_TIME = 10_000
/** The wait before the second attempt, then twice as long each time, at most `LAST_PAUSE`. */
const FIRST_PAUSE = 50
const LAST_PAUSE = 1000

const refusals = {
  [Status.unknown]: 'the remote does not know it any more', [Status.tooMany]: 'the remote keeps as many resumable streams as it allows',
  [Status.impossible]: 'the remote refuses the position',
}

export class Opener {
  #node
  #stream
  #protocol
  /** Where the peer was said to be, and how it may be reached. */
  #to
  #options
  #pause = 0
  #deadline = Date.now() + DEADLINE

  constructor(node, stream, protocol, to, options) {
    this.#node = node
    this.#stream = stream
    this.#protocol = protocol
    this.#to = to
    this.#options = options
  }

  /** Runs until the stream is over. `carrier` is the first. */
  async run(carrier) {
    while (!this.#stream.isOver) {
      carrier ??= await this.#reopen()
      if (!carrier) return this.#stream.endTooLate()
      const begun = Date.now(), { resumed } = this.#stream
      carrier = await this.#runOver(carrier)
      if (this.#stream.resumed > resumed) this.#wasCarried(begun)
    }
    carrier?.abort()
  }

  /** A carrier that ended soon does not make the next attempt come sooner: a remote may end each one. */
  #wasCarried(begun) {
    this.#deadline = Date.now() + DEADLINE
    if (Date.now() - begun > LAST_PAUSE) this.#pause = 0
  }

  /** Carries the stream until this carrier ends. Answers a better one if it stands. */
  async #runOver(carrier) {
    if (!await this.#begin(carrier)) return undefined
    const end = new AbortController(), better = this.#better(carrier, end.signal)
    const next = await Promise.race([this.#stream.carry(carrier), better])
    end.abort()
    // One that came too late.
    if (!next) better.then((late) => late.abort())
    return next
  }

  /** Tells the acceptor which stream this is, and goes on from where it is there. False: this carrier will not do. */
  async #begin(carrier) {
    const timer = setTimeout(() => carrier.abort(), ANSWER_TIME)
    try {
      await carrier.write(opening(this.#stream.leave()))
      const { status, received } = readAnswer(await carrier.readFirst(ANSWER_SIZE))
      if (status !== Status.resumed) throw new ResumptionFault(refusals[status], status)
      this.#stream.resume(carrier, received)
      return true
    } catch (error) {
      this.#stream.refused(error)
      carrier.abort()
      return false
    } finally { clearTimeout(timer) }
  }

  /** Opens a stream again and again until the deadline. Undefined: it will not succeed. */
  async #reopen() {
    while (!this.#stream.isOver) {
      if (this.#pause) await new Promise((resolve) => setTimeout(resolve, this.#pause))
      this.#pause = Math.min(2 * this.#pause || FIRST_PAUSE, LAST_PAUSE)
      if (Date.now() >= this.#deadline) return undefined
      try {
        return await this.#open(this.#to)
      } catch (error) {
        if (/STOPPED|WASM|UNSUPPORTED_PROTOCOL/.test(error.code)) return undefined
      }
    }
  }

  async #open(to) {
    return new Carrier(await this.#node.dialProtocol(to, this.#protocol, { ...this.#options, signal: AbortSignal.timeout(ANSWER_TIME) }))
  }

  /** A stream over a direct connection, once there is one, if this one is relayed. */
  #better({ connection }, signal) {
    return new Promise((resolve) => {
      if (connection.direct) return
      let isOpening = false
      const look = async () => {
        if (isOpening || signal.aborted || !this.#node.getConnections(connection.remotePeer).some((one) => one.direct)) return
        isOpening = true
        try {
          const next = await this.#open(connection.remotePeer)
          if (next.connection.direct && !signal.aborted) return resolve(next)
          next.abort()
        } catch {
          // The next event is the next reason to look.
        } finally { isOpening = false }
      }
      for (const type of ['connection:open', 'path:change']) this.#node.addEventListener(type, look, { signal })
      look()
    })
  }
}
