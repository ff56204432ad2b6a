// Bytes, as they cross the boundary and as they wait for a reader.

import { refuse } from './errors.js'

const encoder = new TextEncoder(), decoder = new TextDecoder()
export const utf8 = (text) => encoder.encode(text)
export const string = (bytes) => decoder.decode(bytes)
export const nothing = new Uint8Array(0)
export const randomBytes = (count) => crypto.getRandomValues(new Uint8Array(count))

/** Parts as one byte string, each behind its length. */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + 4 + one.length, 0)), view = new DataView(whole.buffer)
  let at = 0
  for (const one of parts) {
    view.setUint32(at, one.length, true)
    whole.set(one, at + 4)
    at += 4 + one.length
  }
  return whole
}

/** The parts that `join` made one byte string of. */
export function split(bytes) {
  const parts = []
  for (let at = 0; at < bytes.length;) {
    const start = at + 4
    at = start + number(bytes.subarray(at, start))
    parts.push(bytes.subarray(start, at))
  }
  return parts
}

export const texts = (list) => join(...list.map(utf8))

/** Little-endian. */
export const number = (bytes) => bytes.reduceRight((sum, one) => sum * 256 + one, 0)

/** What a caller gave for bytes; throws what is none. */
export function view(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  // Libraries of libp2p have lists of them.
  if (typeof data?.subarray === 'function') return data.subarray()
  return refuse('ERR_INVALID_ARGUMENT', `expected a Uint8Array, not ${typeof data}; new TextEncoder().encode makes one of text`)
}

/** Bytes to which more are joined, as each piece takes a few hundred besides. */
const SMALL = 4096

/** Adds a piece to the list: behind a small one in the same array, so that many small ones take twice their size at most. */
export function append(list, bytes) {
  const last = list.at(-1) ?? bytes, { length } = last, whole = length + bytes.length
  if (last === bytes || length > SMALL) return list.push(bytes)
  let room = new Uint8Array(last.buffer)
  if (room.length < whole) {
    room = new Uint8Array(Math.max(whole, 2 * SMALL))
    room.set(last)
  }
  room.set(bytes, length)
  list[list.length - 1] = room.subarray(0, whole)
}
