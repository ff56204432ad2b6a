// The chat's limits.

export const bounds = {
  messageBytes: 4096,
  keptMessages: 300,
  fileBytes: 64 << 20,
  sharedFiles: 8,
  /** Uploads to different people. One person gets one at a time. */
  uploadsAtOnce: 4,
  /** How long an upload may make no progress. */
  uploadSeconds: 15,
  peers: 500,
  conversations: 100,
  /** Messages shown of one peer, and of all peers: a burst, then a rate. Further messages are counted, not shown. */
  ofOne: { burst: 15, perSecond: 3 },
  ofAll: { burst: 30, perSecond: 30 },
  /** How many discovered people are dialled at the same time, at our relay and again elsewhere, and for how long each. */
  meetings: 4,
  meetingSeconds: 5,
  connections: 40,
  dmSeconds: 5,
  /** How long a file waits for a direct connection. */
  directSeconds: 35,
  /** Characters of a person's name and of a file's, and the bytes of what two chats tell of themselves. */
  nameLength: 32,
  fileNameLength: 80,
  aboutBytes: 1024,
  aboutSeconds: 5,
  /** How often one peer may ask and tell. */
  aboutOfOne: { burst: 20, perSecond: 1 },
  linksOfMessage: 20,
  /** Of a picture that is shown: its bytes, its pixels, and how far into it its size may stand. */
  pictureBytes: 16 << 20,
  picturePixels: 40_000_000,
  pictureHead: 256 << 10,
  /** How long a relay may take to join a room. */
  carrySeconds: 4,
  /** How soon after a stream the connection ends whose peer leaves. */
  leavingSeconds: 1,
  /** How long a relay may be out of reach before the page speaks of it. */
  noticeSeconds: 4,
}

/** Lets `burst` through at once, then `perSecond` each second. */
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

/** Counts events in the last minute. */
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
