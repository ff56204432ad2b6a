// One end of a resumable stream: what was sent and is not confirmed, and how far the remote has been heard. It knows no connection and no
// time. A position counts the bytes of a direction; its end counts as one more. `Resumption` in Swift is its twin.

import { append } from '../bytes.js'
import { Kind, ResumptionFault, FrameReader, confirmedFrame, dataFrame, endFrame, malformed, resetFrame } from './frames.js'

/** How much of a direction may be unconfirmed. */
export const WINDOW = 1 << 20
/** How much is read until it is confirmed, if the direction goes on. */
const CONFIRM_EVERY = 64 << 10
/** Large writes are kept in pieces of this size, which are released one by one; small ones are joined. */
const LARGEST = 64 << 10

export class Resumption {
  // Of our direction: how far the remote has confirmed, how far this carrier and the farthest were sent, and what was written.
  confirmed = 0
  #sent = 0
  #farthest = 0
  #written = 0
  #isEnded = false
  isReset = false
  /** The bytes from `#first` on. */
  #kept = []
  #first = 0
  // Of the remote's direction; `#told` is what was confirmed over this carrier.
  received = 0
  remoteHasEnded = false
  #consumed = 0
  #told = 0
  #confirmsNow = false
  #reader = new FrameReader()

  // Our direction

  /** Bytes that were written and not confirmed. */
  get unconfirmed() { return this.#written - Math.min(this.confirmed, this.#written) }
  get #end() { return this.#written + (this.#isEnded ? 1 : 0) }
  get awaitsConfirmation() { return this.confirmed < this.#end }
  get isDelivered() { return this.#isEnded && this.confirmed === this.#end }
  /** Whether nothing is left to be sent or to be received by either side. */
  get isComplete() { return this.isDelivered && this.remoteHasEnded && this.#told === this.received }

  /** Takes bytes to be sent, and keeps a copy of them until they are confirmed. */
  write(bytes) {
    this.#written += bytes.length
    for (let at = 0; at < bytes.length; at += LARGEST) append(this.#kept, bytes.slice(at, at + LARGEST))
  }

  finish() { this.#isEnded = true }

  /** Ends both directions: the reset is all that is still sent. */
  reset() {
    this.isReset = true
    this.#kept = []
  }

  /** The application has read that many bytes, or will not read them. */
  consume(count) { this.#consumed += count }

  /** The end counts as read when all before it is. */
  get #read() { return this.remoteHasEnded && this.#consumed + 1 === this.received ? this.received : this.#consumed }

  /** Has all confirmed that was read, however little: nothing more comes for now. */
  confirmNow() { this.#confirmsNow = this.#read !== this.#told }

  /** The next frame for the stream that carries this one, maybe without data; undefined: there is nothing to send. */
  nextOutput(withData = true) {
    if (this.isReset) return resetFrame()
    const read = this.#read
    if (read !== this.#told && (read - this.#told >= CONFIRM_EVERY || this.#confirmsNow || this.remoteHasEnded && read === this.received)) {
      this.#told = read
      this.#confirmsNow = false
      return confirmedFrame(read)
    }
    // A page may write more than the remote has to take.
    const last = Math.min(this.#written, this.confirmed + WINDOW)
    if (withData && this.#sent < last) return this.#nextData(last)
    if (!this.#isEnded || this.#sent !== this.#written) return
    this.#farthest = Math.max(this.#farthest, ++this.#sent)
    return endFrame()
  }

  #nextData(last) {
    let index = 0, skipped = this.#sent - this.#first
    while (skipped >= this.#kept[index].length) skipped -= this.#kept[index++].length
    const frame = dataFrame(this.#kept.slice(index), skipped, last - this.#sent)
    this.#sent += frame.length - 4
    this.#farthest = Math.max(this.#farthest, this.#sent)
    return frame
  }

  // The remote's direction

  /** Takes what a carrier brought, and passes the stream's own bytes on. True: the remote has reset the stream. */
  receive(chunk, deliver) {
    for (const [kind, content] of this.#reader.read(chunk)) {
      if (kind === Kind.reset) return true
      if (kind === Kind.confirmed) {
        this.#confirm(content)
        continue
      }
      if (this.remoteHasEnded) throw malformed()
      if (kind === Kind.end) {
        this.remoteHasEnded = true
        this.received += 1
        continue
      }
      this.received += content.length
      if (this.received - this.#consumed > WINDOW) {
        throw new ResumptionFault(`the remote sent more than ${WINDOW} bytes that are not confirmed`)
      }
      deliver(content)
    }
    return false
  }

  #check(position) {
    if (position >= this.confirmed && position <= this.#farthest) return
    throw new ResumptionFault('the remote named a position that is impossible', 3)
  }

  #confirm(position) {
    this.#check(position)
    this.confirmed = position
    let dropped = 0
    for (; dropped < this.#kept.length && this.#first + this.#kept[dropped].length <= position; dropped++) {
      this.#first += this.#kept[dropped].length
    }
    this.#kept.splice(0, dropped)
  }

  /** Goes on over another stream, from where the remote says that it has received everything. */
  resume(remoteReceived) {
    this.#check(remoteReceived)
    this.#sent = remoteReceived
    // What was confirmed last may have been lost.
    this.#told = 0
    this.confirmNow()
    this.#reader = new FrameReader()
  }
}
