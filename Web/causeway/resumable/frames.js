// What the two ends of a resumable stream say over each stream that carries it (docs/resumable.md). Numbers are big-endian.

export const OPENING_SIZE = 25
export const ANSWER_SIZE = 9
const TOKEN_SIZE = 16
/** A frame's kind and length. */
const HEADER = 4
/** The content of a data frame at most. */
const DATA_SIZE = (64 << 10) - HEADER

export const Kind = { data: 0, confirmed: 1, end: 2, reset: 3 }
/** An acceptor's answers. */
export const Status = { resumed: 0, unknown: 1, tooMany: 2, impossible: 3 }

/** The remote broke the protocol, or refused to go on. */
export class ResumptionFault extends Error {
  constructor(message, status) {
    super(message)
    this.status = status
  }
}
export const malformed = () => new ResumptionFault('the remote broke the protocol of resumable streams')

export const carrierOf = (protocol) => `/causeway/resumable/1${protocol}`
export const isCarrier = (protocol) => protocol.startsWith(carrierOf('/'))
export const carriedBy = (protocol) => protocol.slice(carrierOf('').length)

function position(number) {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  return bytes
}

const numberOf = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return bytes.length === 8 ? Number(view.getBigUint64(0)) : view.getUint32(0)
}

export const opening = ({ isNew, token, received }) => Uint8Array.of(isNew ? 0 : 1, ...token, ...position(received))

export function readOpening(bytes) {
  if (bytes.length !== OPENING_SIZE || bytes[0] > 1) throw malformed()
  return { isNew: !bytes[0], token: bytes.slice(1, 1 + TOKEN_SIZE), received: numberOf(bytes.subarray(1 + TOKEN_SIZE)) }
}

export const answer = (status, received = 0) => Uint8Array.of(status, ...position(received))

export function readAnswer(bytes) {
  if (bytes.length !== ANSWER_SIZE || bytes[0] > Status.impossible) throw malformed()
  return { status: bytes[0], received: numberOf(bytes.subarray(1)) }
}

export const newToken = () => crypto.getRandomValues(new Uint8Array(TOKEN_SIZE))

const header = (kind, length) => [kind, length >> 16, length >> 8 & 0xff, length & 0xff]
export const confirmedFrame = (number) => Uint8Array.of(...header(Kind.confirmed, 8), ...position(number))
export const endFrame = () => Uint8Array.of(...header(Kind.end, 0))
export const resetFrame = () => Uint8Array.of(...header(Kind.reset, 4), 0, 0, 0, 0)

/** A data frame of the next bytes of these pieces, of which `skipped` bytes of the first come no more, and `most` bytes at most. */
export function dataFrame(pieces, skipped, most) {
  const size = Math.min(most, DATA_SIZE), frame = new Uint8Array(HEADER + size)
  frame.set(header(Kind.data, size))
  for (let at = HEADER, index = 0; at < frame.length; index++, skipped = 0) {
    const part = pieces[index].subarray(skipped, skipped + frame.length - at)
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** Takes the frames apart. It keeps the beginning of a control frame, at most 12 bytes. */
export class FrameReader {
  #begun = new Uint8Array(0)
  /** What is missing of a data frame. */
  #missing = 0

  get #length() { return this.#begun[1] << 16 | this.#begun[2] << 8 | this.#begun[3] }

  /** The frames in `chunk`, as `[kind, content]`: of data frames parts as they arrive, which share its memory; of others their number. */
  * read(chunk) {
    for (let at = 0; at < chunk.length;) {
      if (this.#missing) {
        const part = chunk.subarray(at, at + this.#missing)
        this.#missing -= part.length
        at += part.length
        yield [Kind.data, part]
        continue
      }
      const wanted = this.#begun.length < HEADER ? HEADER : HEADER + this.#length
      const part = chunk.subarray(at, at + wanted - this.#begun.length)
      at += part.length
      this.#begun = Uint8Array.of(...this.#begun, ...part)
      const frame = this.#complete()
      if (frame) yield frame
    }
  }

  /** The control frame whose bytes are all there. The header of a data frame is taken in. */
  #complete() {
    if (this.#begun.length < HEADER) return
    const kind = this.#begun[0], length = this.#length
    if (kind === Kind.data) {
      if (!length || length > DATA_SIZE) throw malformed()
      this.#missing = length
    } else {
      if (length !== { [Kind.confirmed]: 8, [Kind.end]: 0, [Kind.reset]: 4 }[kind]) throw malformed()
      if (this.#begun.length < HEADER + length) return
    }
    const content = this.#begun.subarray(HEADER)
    this.#begun = new Uint8Array(0)
    if (kind !== Kind.data) return [kind, length && numberOf(content)]
  }
}
