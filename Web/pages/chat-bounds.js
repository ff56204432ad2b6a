// How much the chat takes.

export const bounds = {
  messageBytes: 4096,
  keptMessages: 300,
  fileBytes: 64 << 20,
  sharedFiles: 8,
  uploadsAtOnce: 4,
  peers: 500,
  conversations: 100,
  /** Of one peer: so many at once, then so many a second; what is more is counted, not shown. */
  burst: 15,
  perSecond: 3,
  dmSeconds: 5,
  /** How long a file waits for a direct connection. */
  directSeconds: 35,
}

/** Lets `burst` through at once, then `perSecond`. */
export class Gate {
  left = bounds.burst
  at = performance.now()
  passes() {
    const now = performance.now()
    this.left = Math.min(bounds.burst, this.left + (now - this.at) / 1000 * bounds.perSecond)
    this.at = now
    return this.left >= 1 && (this.left -= 1, true)
  }
}

/** How many a minute, over the last one. */
export class Rate {
  times = []
  add() {
    this.times.push(performance.now())
    if (this.times.length > 5000) this.times.shift()
  }
  get perMinute() {
    const since = performance.now() - 60000
    while (this.times[0] < since) this.times.shift()
    return this.times.length
  }
}
