// The wire format of the chat's protocols: lengths as unsigned varints, and the two direct messages in protobuf.

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')
const strictDecoder = new TextDecoder('utf-8', { fatal: true })

export const utf8 = (text) => encoder.encode(text)
/** A peer's text. Bytes that are not UTF-8 become U+FFFD. */
export const textOf = (bytes) => decoder.decode(bytes)

export class CodecError extends Error {
  name = 'CodecError'
}

/** A number from 0, or a bigint below 2^64, as unsigned varint. */
export function uvarint(value) {
  let rest = BigInt(value)
  if (rest < 0n || rest >> 64n) throw new CodecError('not a number from 0 below 2^64')
  const bytes = []
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

/** Reads a varint at `at`: `{ value: bigint, end }`, or undefined when bytes are missing. At most 64 bits in the shortest form. */
export function readUvarint(bytes, at = 0) {
  let value = 0n
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte > 0x7f) continue
    if (value >> 64n || (index > 0 && byte === 0)) break
    return { value, end: at + index + 1 }
  }
  throw new CodecError('not a length')
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0))
  let at = 0
  for (const one of parts) {
    whole.set(one, at)
    at += one.length
  }
  return whole
}

/** `bytes` after their length. */
export const frame = (bytes) => concat(uvarint(bytes.length), bytes)

const BLOCK = 64 << 10

/** Reads frames from a ReadableStream of bytes, within a limit. */
export class FrameReader {
  #reader
  #rest = new Uint8Array()

  constructor(readable) { this.#reader = readable.getReader() }

  async #more() {
    const { value, done } = await this.#reader.read()
    if (done) throw new CodecError('the stream ended too early')
    return value
  }

  /** Reads the next length. */
  async length(limit) {
    for (;;) {
      const read = readUvarint(this.#rest)
      if (read) {
        if (read.value > BigInt(limit)) throw new CodecError(`${read.value} bytes announced, ${limit} allowed`)
        this.#rest = this.#rest.subarray(read.end)
        return Number(read.value)
      }
      this.#rest = concat(this.#rest, await this.#more())
    }
  }

  /** Reads the next `length` bytes in blocks, even if they arrive in small pieces. */
  async *blocks(length) {
    for (let missing = length; missing > 0;) {
      const block = new Uint8Array(Math.min(missing, BLOCK))
      for (let filled = 0; filled < block.length;) {
        const piece = this.#rest.length ? this.#rest : await this.#more()
        const own = piece.subarray(0, block.length - filled)
        block.set(own, filled)
        filled += own.length
        this.#rest = piece.subarray(own.length)
      }
      missing -= block.length
      yield block
    }
  }

  /** Reads and discards bytes until the stream ends. */
  async end() {
    while (!(await this.#reader.read()).done);
  }

  /** Reads a whole frame of at most `limit` bytes. */
  async frame(limit) {
    const parts = []
    for await (const block of this.blocks(await this.length(limit))) parts.push(block)
    return concat(...parts)
  }
}

// Protobuf: the few kinds of fields that these messages have.

const number = (field, value) => concat(uvarint(field << 3), uvarint(BigInt.asUintN(64, BigInt(value))))
const bytesField = (field, bytes) => concat(uvarint((field << 3) | 2), frame(bytes))
const textField = (field, text) => bytesField(field, utf8(text))

/** The fields by number, as bigint or bytes. Of a repeated field, only the last value. */
function fields(bytes) {
  const found = new Map()
  for (let at = 0; at < bytes.length;) {
    const key = readUvarint(bytes, at)
    if (!key) throw new CodecError('the message ends in a field')
    const field = Number(key.value >> 3n)
    if (field === 0) throw new CodecError('there is no field 0')
    switch (Number(key.value & 7n)) {
      case 0: {
        const read = readUvarint(bytes, key.end)
        if (!read) throw new CodecError('the message ends in a number')
        found.set(field, read.value)
        at = read.end
        break
      }
      case 1: at = key.end + 8; break
      case 5: at = key.end + 4; break
      case 2: {
        const length = readUvarint(bytes, key.end)
        if (!length || length.value > BigInt(bytes.length - length.end)) throw new CodecError('the message ends in a field')
        at = length.end + Number(length.value)
        found.set(field, bytes.subarray(length.end, at))
        break
      }
      default: throw new CodecError('a field of an unknown kind')
    }
    if (at > bytes.length) throw new CodecError('the message ends in a field')
  }
  return found
}

const numberOf = (value) => typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0

function stringOf(value) {
  if (!(value instanceof Uint8Array)) return ''
  try { return strictDecoder.decode(value) } catch { throw new CodecError('not UTF-8') }
}

const metadata = (clientVersion, timestamp) => bytesField(1, concat(textField(1, clientVersion), number(2, timestamp)))

function readMetadata(value) {
  const found = value instanceof Uint8Array ? fields(value) : new Map()
  return { clientVersion: stringOf(found.get(1)), timestamp: numberOf(found.get(2)) }
}

/** Encodes a direct message. `timestamp` is in milliseconds since 1970. */
export const encodeRequest = ({ clientVersion, timestamp, content, type = 'text/plain' }) =>
  concat(metadata(clientVersion, timestamp), textField(2, content), textField(3, type))

export function decodeRequest(bytes) {
  const found = fields(bytes)
  return { ...readMetadata(found.get(1)), content: stringOf(found.get(2)), type: stringOf(found.get(3)) }
}

export const Status = { ok: 200, error: 500 }

export const encodeResponse = ({ clientVersion, timestamp, status, statusText = '' }) =>
  concat(metadata(clientVersion, timestamp), number(2, status), statusText ? textField(3, statusText) : new Uint8Array())

export function decodeResponse(bytes) {
  const found = fields(bytes)
  return { ...readMetadata(found.get(1)), status: numberOf(found.get(2)), statusText: stringOf(found.get(3)) }
}

/** What two chats tell each other of themselves, and of a file that one asks for: `file` is its id, `fileName` and so on the answer. */
export const encodeAbout = ({ name, colour, room, file, fileName, fileSize, fileType }) => concat(
  textField(1, name), number(2, colour), textField(3, room), ...file ? [textField(4, file)] : [],
  ...fileSize ? [textField(5, fileName), number(6, fileSize), textField(7, fileType)] : [])

export function decodeAbout(bytes) {
  const found = fields(bytes), text = (field) => stringOf(found.get(field)), value = (field) => numberOf(found.get(field))
  return {
    name: text(1), colour: value(2), room: text(3), file: text(4), fileName: text(5), fileSize: value(6), fileType: text(7),
  }
}
