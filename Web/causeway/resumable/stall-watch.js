// Looks whether a resumable stream moves. When it pauses, what was read is confirmed; when it stalls, its connection is asked for a sign of
// life: a line that was cut says nothing by itself. No timer runs while nothing is expected.

/** Milliseconds between two looks. */
const LOOK = 500
/** Looks without progress until the connection is asked. */
const PATIENCE = 2
/** For how many looks something is expected of a remote that has sent something. */
const ATTENTION = 20

export class StallWatch {
  #resumption
  #looked
  #probe
  #timer
  #still = 0
  #last = {}

  constructor(resumption, looked, probe) {
    this.#resumption = resumption
    this.#looked = looked
    this.#probe = probe
  }

  /** Something has happened. */
  touch() { this.#timer ??= setInterval(() => this.#look(), LOOK) }

  stop() {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#still = 0
  }

  #look() {
    const { confirmed, received, awaitsConfirmation } = this.#resumption, last = this.#last
    this.#still = confirmed === last.confirmed && received === last.received ? this.#still + 1 : 0
    this.#last = { confirmed, received }
    const isHearing = received > 0 && this.#still <= ATTENTION
    this.#looked(this.#still === 1)
    if (!awaitsConfirmation && !isHearing) return this.stop()
    if (this.#still && this.#still % PATIENCE === 0) this.#probe()
  }
}
