// What strangers write where a page shows it: names of people, rooms and files, and links. Everything here is bounded.

import { bounds } from './chat-bounds.js'

/** The room of everybody. */
export const EVERYBODY = 'universal-connectivity'

/** Control, format (also those that turn the direction of writing), private and unassigned characters, and lone surrogates. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\p{Variation_Selector}]/gu

/** Text in one line of at most `most` characters, of which each has at most two marks. */
function line(text, most) {
  const clean = String(text).slice(0, 8 * most).normalize('NFC').replace(/\s+/gu, ' ').replace(unprintable, '')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1').replace(/ +/g, ' ').trim()
  return [...clean].slice(0, most).join('').trim()
}

/** A person's name; empty if nothing of it can be shown. It says nothing of who this is: show it beside the peer id. */
export const personName = (text) => line(text, bounds.nameLength)

/** A file's name without folders; empty if nothing is left. */
export function plainFileName(text) {
  const name = line(text, 4 * bounds.fileNameLength).split(/[/\\:]/).at(-1).replace(/[<>"|?*]/g, '_').replace(/^[. ]+/, '')
  return [...name].slice(-bounds.fileNameLength).join('')
}

/** A media type such as image/png; empty if it is none. */
export const mediaType = (text) => /^[a-z]{1,20}\/[a-z0-9.+-]{1,60}$/.test(text) ? text : ''

export class RoomError extends Error {
  name = 'RoomError'
}

/** The topic of a room, in whatever form a person names it. */
export function roomName(text) {
  const name = text.trim()
  if (!/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/.test(name)) {
    throw new RoomError('a room has a name of 1 to 64 letters, digits and . _ / - which begins with a letter or a digit')
  }
  if (/-file$/.test(name) || name === 'p2p-discovery') throw new RoomError(`“${name}” is used by the chat itself`)
  return name
}

/** The room that the end of a URL names (`#room=NAME`); the room of everybody if it names none. */
export function roomOf(hash) {
  const given = /^#room=(.*)$/s.exec(hash)?.[1]
  if (given === undefined) return EVERYBODY
  let text
  try { text = decodeURIComponent(given) } catch { throw new RoomError('the link names a room in a form that cannot be read') }
  return roomName(text)
}

/** The URL of a page in which a room opens. */
export function roomURL({ origin, pathname }, room) {
  return `${origin}${pathname}${room === EVERYBODY ? '' : `#room=${encodeURIComponent(room).replaceAll('%2F', '/')}`}`
}

const address = /https?:\/\/[^\s<>"'`\\^{|}\p{C}]{1,2000}/giu

/** What may be opened: an http(s) URL in its plain form. A user name before the host would pass for the host. */
function linkOf(text) {
  try {
    const url = new URL(text)
    const isPlain = !text.split('//')[1].split(/[/?#]/)[0].includes('@')
    return /^https?:$/.test(url.protocol) && url.hostname && isPlain ? url.href : undefined
  } catch { return undefined }
}

/** The end of a sentence is not part of a URL, nor is a bracket that was opened before it. */
function withoutTail(text) {
  for (;;) {
    const isOpened = text.endsWith(')') && text.split('(').length >= text.split(')').length
    if (!/[.,;:!?)\]…]$/u.test(text) || isOpened) return text
    text = text.slice(0, -1)
  }
}

/** A message as pieces: `{ text }`, and `{ href }` whose visible text is the URL as the browser will open it. */
export function piecesOf(text) {
  const pieces = []
  let at = 0, links = 0
  for (const found of text.matchAll(address)) {
    const given = withoutTail(found[0]), href = linkOf(given)
    if (!href || ++links > bounds.linksOfMessage) continue
    if (found.index > at) pieces.push({ text: text.slice(at, found.index) })
    pieces.push({ href })
    at = found.index + given.length
  }
  if (at < text.length || !pieces.length) pieces.push({ text: text.slice(at) })
  return pieces
}
