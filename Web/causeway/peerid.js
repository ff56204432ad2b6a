// Peer ids, as base58 or as CIDs.

import { string } from './bytes.js'
import { refuse } from './errors.js'

/** A value that is its text. */
export class Name {
  #text
  constructor(text) { this.#text = text }
  toString() { return this.#text }
  toJSON() { return this.#text }
  equals(other) { return other != null && String(other) === this.#text }
  [Symbol.for('nodejs.util.inspect.custom')]() { return this.#text }
}

export class PeerId extends Name {}

export const isPeer = (text) => /^(12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]{40,48}$/.test(text)

/** The base58 text of a peer id that is given as a CID (`bafz…`): base32, of two bytes before the id's own. What is none stays. */
function fromCID(text) {
  let id = 0n, name = ''
  for (const one of text.slice(1)) id = id << 5n | BigInt('abcdefghijklmnopqrstuvwxyz234567'.indexOf(one))
  const bits = (text.length - 1) * 5, size = bits - bits % 8 - 16, rest = BigInt(bits % 8)
  // A letter too many, or bits of the last one that say nothing and are not zero.
  if (rest > 4n || BigInt.asUintN(Number(rest), id)) return text
  id = BigInt.asUintN(size, id >> rest)
  const isShort = id >> BigInt(size - 8) === 0n
  for (; id; id /= 58n) name = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'[id % 58n] + name
  return isShort ? `1${name}` : name
}

/** A peer id's one form: what is no CID is left as it is. */
export const toBase58 = (text) => /^bafz[a-z2-7]{50,70}$/.test(text) ? fromCID(text) : String(text)

export function peerIdFromString(given) {
  const text = toBase58(given)
  if (!isPeer(text)) refuse('ERR_INVALID_PEER', `not a peer id: ${text.slice(0, 100)}`)
  return new PeerId(text)
}

/** Of the module's bytes. */
export const toPeer = (bytes) => new PeerId(string(bytes))
