// An ordinary stream that carries a resumable one for a while.

/** Looks of a `StallWatch` until the data gets all that a circuit may carry. */
const LOOKS = 10

export class Carrier {
  #reader
  #writer
  /** What was read behind the bytes that were wanted. */
  #rest
  /**
   * On a circuit whose bytes a relay limits, half of them are for the data at first. The rest is left to what makes the connection direct,
   * which needs the same circuit, for as long as that may take.
   */
  #allowance
  #looks = LOOKS

  constructor(stream) {
    this.stream = stream
    this.#reader = stream.readable.getReader()
    this.#writer = stream.writable.getWriter()
    this.#allowance = (stream.limits?.bytes ?? Infinity) / 2
  }

  /** Whether the data has to wait. */
  get holdsBack() { return this.#allowance <= 0 }

  /** Time has passed. */
  look() { if (this.holdsBack && !--this.#looks) this.#allowance = Infinity }

  get connection() { return this.stream.connection }

  /** The next bytes; undefined at the end. */
  async read() {
    const rest = this.#rest
    this.#rest = undefined
    return rest ?? (await this.#reader.read()).value
  }

  /** The first bytes, so many of them; fails if it ends before. */
  async readFirst(count) {
    let bytes = new Uint8Array(0)
    while (bytes.length < count) {
      const more = await this.read()
      if (!more) throw new Error('the stream ended')
      bytes = Uint8Array.of(...bytes, ...more)
    }
    if (bytes.length > count) this.#rest = bytes.slice(count)
    return bytes.slice(0, count)
  }

  write(bytes) {
    this.#allowance -= bytes.length
    return this.#writer.write(bytes)
  }

  /** The remote is to read the end. */
  finish() { return this.#writer.close() }
  abort() { this.stream.abort() }
}
