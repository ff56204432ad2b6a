// A stream that goes on over another connection when its own ends. The application has an ordinary `Stream`, whose module this is;
// `carry` moves its bytes, and the opener or the acceptor says over what.

import * as Command from '../boundary/command.js'
import { HIGH_WATER } from '../writable.js'
import { ResumptionFault } from './frames.js'
import { Resumption, WINDOW } from './resumption.js'
import { StallWatch } from './stall-watch.js'

/** How long a stream lives without a connection that carries it, in milliseconds. */
export const DEADLINE = 30_000

let made = 0

export class ResumableStream {
  #tools
  #resumption = new Resumption()
  #application
  /** What carries it now, or did last. What an earlier one still brings is not wanted. */
  #carrier
  #connection
  #isSending = false
  #wake
  #watch
  #ended
  /** How often it was begun or resumed over a stream. */
  resumed = 0
  isOver = false

  /** `ended` is called once, when the stream is over. */
  constructor(tools, token, protocol, direction, carrier, ended) {
    this.#tools = tools
    this.token = token
    this.#connection = carrier.connection
    this.#ended = ended
    this.#watch = new StallWatch(this.#resumption, (isPause) => this.#look(isPause), () => tools.probe(this.#connection))
    const module = { command: (what, id, b, bytes) => this.#write(bytes), send: (what, id, count) => this.#do(what, count) }
    this.#application = tools.makeStream(module, () => {}, `r${++made}`, protocol, direction, carrier.connection)
    Object.defineProperties(this.stream, {
      resumable: { value: true },
      connection: { get: () => this.#connection },
      limits: { get: () => this.#connection.limits },
    })
  }

  get stream() { return this.#application.stream }
  /** Resolves when our end, and all before it, is with the remote; undefined: it was not finished. */
  get arrival() { return this.#application.arrival }

  // What the application does

  #write(bytes) {
    this.#resumption.write(bytes)
    this.#moved()
    // Writers wait while a window is unconfirmed.
    return this.#resumption.unconfirmed - WINDOW + HIGH_WATER
  }

  #do(what, count) {
    if (what === Command.STREAM_CONSUMED) this.#resumption.consume(count)
    else if (what === Command.STREAM_FINISH) this.#resumption.finish()
    else if (!this.isOver) {
      this.#resumption.reset()
      // It may be full; the next one brings the reset.
      if (this.#isSending) this.#carrier.abort()
    }
    this.#moved()
  }

  // How it is carried

  /** The opener's first message over the next stream. From here on, nothing is taken of the one before. */
  leave() {
    this.#drop()
    return { isNew: !this.resumed, token: this.token, received: this.#resumption.received }
  }

  #drop() {
    const last = this.#carrier
    this.#carrier = undefined
    last?.abort()
    this.#moved()
  }

  /** Goes on over `carrier`, from the position that the remote names. Answers our own. */
  resume(carrier, remoteReceived) {
    this.#resumption.resume(remoteReceived)
    this.#drop()
    this.#carrier = carrier
    this.#connection = carrier.connection
    this.resumed += 1
    this.#settle()
    return this.#resumption.received
  }

  isCarriedBy(carrier) { return this.#carrier === carrier }

  /** Moves bytes until the stream that carries this one ends. */
  async carry(carrier) {
    this.#watch.touch()
    await Promise.race([this.#receive(carrier), this.#send(carrier)])
    this.#watch.stop()
    if (this.isCarriedBy(carrier) && !this.isOver) carrier.abort()
    this.#moved()
  }

  async #receive(carrier) {
    try {
      for (let chunk; (chunk = await carrier.read());) {
        if (!this.isCarriedBy(carrier)) return
        if (this.#resumption.receive(chunk, (part) => this.#deliver(part))) return this.#fail('ERR_RESET')
        this.#settle()
      }
      // Its end, in order: both sides have everything, or it was lost.
      if (this.isCarriedBy(carrier) && this.#resumption.isComplete) this.end()
    } catch (error) {
      this.#faulted(error)
    }
  }

  #deliver(part) {
    if (this.#resumption.isReset) return this.#resumption.consume(part.length)
    // Copied, as readers join small pieces in place.
    this.#application.received(part.slice())
  }

  async #send(carrier) {
    let hasFinished = false
    try {
      while (this.isCarriedBy(carrier) && carrier.stream.status !== 'aborted') {
        const { isReset } = this.#resumption, output = this.#resumption.nextOutput(!carrier.holdsBack)
        if (output) {
          this.#isSending = true
          await carrier.write(output)
          this.#isSending = false
        }
        if (isReset) {
          await carrier.finish()
          return this.#fail('ERR_ABORTED_LOCALLY')
        }
        if (this.#resumption.isComplete && !hasFinished) {
          hasFinished = true
          carrier.finish().catch(() => {})
        } else if (!output) await new Promise((resolve) => { this.#wake = resolve })
      }
    } catch {
      // The carrier was lost.
    } finally { this.#isSending = false }
  }

  /** Time has passed; in a pause, what was read is confirmed. */
  #look(isPause) {
    if (isPause) this.#resumption.confirmNow()
    this.#carrier?.look()
    this.#wake?.()
  }

  #moved() {
    this.#wake?.()
    if (this.#carrier && !this.isOver) this.#watch.touch()
  }

  /** Tells the application how far both directions have come. */
  #settle() {
    const { remoteHasEnded, isDelivered, unconfirmed } = this.#resumption
    if (remoteHasEnded) this.#application.finished()
    if (isDelivered) this.#application.delivered()
    if (unconfirmed <= WINDOW) this.#application.writable()
    this.#moved()
  }

  // How it ends

  #faulted(error) {
    if (error instanceof ResumptionFault) this.#failResumption(error.message)
  }

  get #what() { return `the stream ${this.stream.protocol} with ${this.#connection.remotePeer}` }
  #fail(code) { this.end(this.#tools.failure(code, this.#what)) }
  #failResumption(why, more) { this.end(new this.#tools.CausewayError('ERR_RESUMPTION', `${this.#what}: ${why}`, more)) }
  stopped() { this.#fail('ERR_STOPPED') }

  /** The remote refused to go on. It has forgotten what it has finished. */
  refused(fault) { this.#resumption.isComplete ? this.end() : this.#faulted(fault) }

  /** The remote did not come back: in order, if both sides have everything. */
  endTooLate() {
    if (this.#resumption.isComplete) return this.end()
    const undelivered = this.#resumption.unconfirmed
    this.#failResumption(`no connection carried it for ${DEADLINE / 1000} s; ${undelivered} bytes were not delivered`, { undelivered })
  }

  /** The stream is over: in order, or because of `error`. */
  end(error) {
    if (this.isOver) return
    this.isOver = true
    this.#application.end(error, error ? 'reset' : 'closed')
    if (error) this.#drop()
    // Closed already, if this side was the first to have everything.
    else this.#carrier?.finish().catch(() => {})
    this.#watch.stop()
    this.#wake?.()
    this.#ended()
  }
}
