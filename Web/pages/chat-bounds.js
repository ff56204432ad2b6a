// How much the chat takes.

export const bounds = {
  messageBytes: 4096,
  keptMessages: 300,
  fileBytes: 64 << 20,
  sharedFiles: 8,
  /** Of different people; one has one. */
  uploadsAtOnce: 4,
  /** How long an upload may stand still. */
  uploadSeconds: 15,
  peers: 500,
  conversations: 100,
  /** Messages of one peer, and of all: so many at once, then so many a second; what is more is counted, not shown. */
  ofOne: { burst: 15, perSecond: 3 },
  ofAll: { burst: 30, perSecond: 30 },
  /** People of whom discovery told: so many at our relay are dialled at once, and so many elsewhere, each for so long. */
  meetings: 4,
  meetingSeconds: 5,
  connections: 40,
  dmSeconds: 5,
  /** How long a file waits for a direct connection. */
  directSeconds: 35,
}

/** Lets `burst` through at once, then `perSecond`. */
export class Gate {
  at = performance.now()
  constructor(allowed) {
    this.allowed = allowed
    this.left = allowed.burst
  }
  passes() {
    const now = performance.now(), { burst, perSecond } = this.allowed
    this.left = Math.min(burst, this.left + (now - this.at) / 1000 * perSecond)
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
