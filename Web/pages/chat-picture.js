// Which files are shown as pictures: PNG, JPEG, GIF and WebP, by their own bytes. What a sender calls a file does not count.

import { bounds } from './chat-bounds.js'

const ascii = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to))

function pngSize(bytes, view) {
  if (ascii(bytes, 1, 8) !== 'PNG\r\n\x1a\n' || bytes[0] !== 0x89 || ascii(bytes, 12, 16) !== 'IHDR') return undefined
  return ['image/png', view.getUint32(16), view.getUint32(20)]
}

function gifSize(bytes, view) {
  if (!/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return undefined
  return ['image/gif', view.getUint16(6, true), view.getUint16(8, true)]
}

function webpSize(bytes, view) {
  if (ascii(bytes, 0, 4) !== 'RIFF' || ascii(bytes, 8, 12) !== 'WEBP') return undefined
  const number = (at) => bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16
  switch (ascii(bytes, 12, 16)) {
    case 'VP8X': return ['image/webp', number(24) + 1, number(27) + 1]
    case 'VP8 ': return ['image/webp', view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff]
    case 'VP8L': {
      const bits = view.getUint32(21, true)
      return ['image/webp', (bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1]
    }
  }
}

function jpegSize(bytes, view) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined
  for (let at = 2; bytes[at] === 0xff;) {
    const marker = bytes[at + 1]
    // The start of a frame; C4, C8 and CC are other tables.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return ['image/jpeg', view.getUint16(at + 7), view.getUint16(at + 5)]
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2)
  }
}

/** The picture that these bytes begin: `{ type, width, height }`, undefined if there is none, or one too large to be shown. */
export function pictureOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let found
  // What ends too early is no picture.
  try { found = pngSize(bytes, view) ?? gifSize(bytes, view) ?? webpSize(bytes, view) ?? jpegSize(bytes, view) } catch { return undefined }
  if (!found) return undefined
  const [type, width, height] = found
  return width && height && width * height <= bounds.picturePixels ? { type, width, height } : undefined
}

/** A blob's picture, as a blob that a page may show: `{ blob, width, height }`. */
export async function pictureIn(blob) {
  if (blob.size > bounds.pictureBytes) return undefined
  const found = pictureOf(new Uint8Array(await blob.slice(0, bounds.pictureHead).arrayBuffer()))
  return found && { ...found, blob: blob.slice(0, blob.size, found.type) }
}
