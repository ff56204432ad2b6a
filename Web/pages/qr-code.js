// QR codes (ISO/IEC 18004): text as bytes, error correction level M, versions 1 to 13, so up to 331 bytes.

/** Of versions 1 to 13 at level M: the correction bytes of each block, and the number of blocks. */
const blocks = [[10, 1], [16, 1], [26, 1], [18, 2], [24, 2], [16, 4], [18, 4], [22, 4], [22, 5], [26, 5], [30, 5], [22, 8], [22, 9]]

/** The rule that inverts a module, for each of the eight masks. */
const masks = [
  (x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => ((x / 3 | 0) + (y / 2 | 0)) % 2 === 0, (x, y) => x * y % 2 + x * y % 3 === 0,
  (x, y) => (x * y % 2 + x * y % 3) % 2 === 0, (x, y) => ((x + y) % 2 + x * y % 3) % 2 === 0,
]

/** The code of a text: rows of modules, true is dark, without the light margin of four modules. null: the text is too long. */
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text)
  for (let version = 1; version <= blocks.length; version++) {
    const grid = new Grid(version)
    const words = codewords(bytes, version, grid.free >> 3)
    if (!words) continue
    grid.place(words)
    return grid.masked()
  }
  return null
}

/** Data and correction, interleaved; `total` is how many there are in this version. null: it is too small. */
function codewords(bytes, version, total) {
  const [correction, count] = blocks[version - 1]
  const room = total - correction * count
  const bits = [], put = (value, length) => { for (let at = length - 1; at >= 0; at--) bits.push(value >> at & 1) }
  put(0b0100, 4)
  put(bytes.length, version < 10 ? 8 : 16)
  for (const byte of bytes) put(byte, 8)
  if (bits.length > room * 8) return null
  put(0, Math.min(4, room * 8 - bits.length))
  put(0, (8 - bits.length % 8) % 8)
  for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11) put(pad, 8)
  const data = Array.from({ length: room }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8).join(''), 2))

  // The last blocks are one byte longer if the data cannot be shared equally.
  const parts = []
  for (let at = 0, index = 0; index < count; index++) {
    const length = Math.floor(room / count) + (index >= count - room % count ? 1 : 0)
    parts.push(data.slice(at, at += length))
  }
  return [...interleaved(parts), ...interleaved(parts.map((part) => remainder(part, generator(correction))))]
}

function interleaved(lists) {
  const all = []
  for (let at = 0; at < Math.max(...lists.map((one) => one.length)); at++) {
    for (const list of lists) if (at < list.length) all.push(list[at])
  }
  return all
}

/** A product in GF(256) modulo x⁸ + x⁴ + x³ + x² + 1. */
function product(a, b) {
  let result = 0
  for (; b; b >>= 1) {
    if (b & 1) result ^= a
    a = a << 1 ^ (a & 0x80 ? 0x11d : 0)
  }
  return result
}

/** The polynomial whose roots are the first `degree` powers of 2, without its leading 1. */
function generator(degree) {
  let all = [1]
  for (let root = 1, count = 0; count < degree; count++, root = product(root, 2)) {
    all = [...all, 0].map((one, at) => one ^ (at ? product(all[at - 1], root) : 0))
  }
  return all.slice(1)
}

function remainder(data, divisor) {
  const rest = new Array(divisor.length).fill(0)
  for (const byte of data) {
    const factor = byte ^ rest.shift()
    rest.push(0)
    divisor.forEach((one, at) => { rest[at] ^= product(one, factor) })
  }
  return rest
}

/** `value` followed by the remainder of its division by `divisor` (BCH), which has `length` bits. */
function checked(value, divisor, length) {
  let rest = value << length
  for (let at = 31 - Math.clz32(rest); at >= length; at--) if (rest >> at & 1) rest ^= divisor << at - length
  return value << length | rest
}

class Grid {
  constructor(version) {
    this.size = 17 + version * 4
    this.dark = Array.from({ length: this.size }, () => new Array(this.size).fill(false))
    /** What is no data. */
    this.fixed = Array.from({ length: this.size }, () => new Array(this.size).fill(false))
    this.#drawPatterns(version)
    this.free = this.fixed.flat().filter((one) => !one).length
  }

  #set(x, y, isDark) {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return
    this.dark[y][x] = Boolean(isDark)
    this.fixed[y][x] = true
  }

  /** Squares in one another around a centre, up to this distance; `rings` are dark. */
  #square(x, y, distance, rings) {
    for (let dy = -distance; dy <= distance; dy++) {
      for (let dx = -distance; dx <= distance; dx++) this.#set(x + dx, y + dy, rings.includes(Math.max(Math.abs(dx), Math.abs(dy))))
    }
  }

  #drawPatterns(version) {
    const end = this.size - 1
    for (let at = 0; at <= end; at++) {
      this.#set(6, at, at % 2 === 0)
      this.#set(at, 6, at % 2 === 0)
    }
    for (const [x, y] of [[3, 3], [end - 3, 3], [3, end - 3]]) this.#square(x, y, 4, [0, 1, 3])
    const centres = version < 2 ? [] : version < 7 ? [6, end - 6] : [6, version * 2 + 8, end - 6]
    for (const x of centres) {
      for (const y of centres) {
        const isFinder = (x === 6 && y === 6) || (x === 6 && y === end - 6) || (x === end - 6 && y === 6)
        if (!isFinder) this.#square(x, y, 2, [0, 2])
      }
    }
    this.#drawFormat(0)
    if (version < 7) return
    const bits = checked(version, 0x1f25, 12)
    for (let at = 0; at < 18; at++) {
      const [far, near] = [end - 10 + at % 3, at / 3 | 0]
      this.#set(far, near, bits >> at & 1)
      this.#set(near, far, bits >> at & 1)
    }
  }

  /** Level M and the mask, twice. */
  #drawFormat(mask) {
    const bits = checked(mask, 0x537, 10) ^ 0x5412, end = this.size - 1
    for (let at = 0; at < 15; at++) {
      const bit = bits >> at & 1
      if (at < 8) this.#set(end - at, 8, bit)
      else this.#set(8, end - 14 + at, bit)
      // Beside the first finder, the timing patterns are left out.
      if (at < 8) this.#set(8, at < 6 ? at : at + 1, bit)
      else this.#set(at === 8 ? 7 : 14 - at, 8, bit)
    }
    this.#set(8, end - 7, true)
  }

  /** Writes the bytes in columns of two, from the right, up and down by turns. */
  place(words) {
    let at = 0, isUp = true
    for (let right = this.size - 1; right > 0; right -= 2, isUp = !isUp) {
      if (right === 6) right = 5
      for (let step = 0; step < this.size; step++) {
        const y = isUp ? this.size - 1 - step : step
        for (const x of [right, right - 1]) {
          if (this.fixed[y][x]) continue
          this.dark[y][x] = (words[at >> 3] >> 7 - at % 8 & 1) === 1
          at += 1
        }
      }
    }
  }

  /** The rows with the mask that makes them easiest to read. */
  masked() {
    let best
    masks.forEach((mask, index) => {
      this.#drawFormat(index)
      const rows = this.dark.map((row, y) => row.map((dark, x) => this.fixed[y][x] ? dark : dark !== mask(x, y)))
      const faults = penalty(rows)
      if (!best || faults < best.faults) best = { rows, faults }
    })
    return best.rows
  }
}

/** How hard rows are to read: long runs, what looks like a finder, blocks, and too much or too little that is dark. */
function penalty(rows) {
  let sum = 0, dark = 0
  const size = rows.length
  const lines = [...rows, ...rows.map((_, x) => rows.map((row) => row[x]))].map((line) => line.map(Number).join(''))
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2
    for (let at = 0; at <= size - 11; at++) {
      const part = line.slice(at, at + 11)
      if (part === '10111010000' || part === '00001011101') sum += 40
    }
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      dark += rows[y][x]
      if (x && y && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) sum += 3
    }
  }
  return sum + Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size)) * 10
}
