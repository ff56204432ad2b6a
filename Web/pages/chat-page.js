// What the parts of the chat's page share: the chat, its elements, what is said to screen readers, and drawing at most once per frame.

import { make } from './chat-elements.js'
import { Chat } from './chat-node.js'

export const chat = new Chat()
export const $ = (id) => document.getElementById(id)
export const setText = (element, text) => { if (element.textContent !== text) element.textContent = text }

/** How each part of the page is drawn, by its name; `message` draws one message again. */
export const draws = { said: drawSaid }
const wanted = new Set()

/** Has a part, or a message, drawn soon. */
export function soon(what) {
  if (!wanted.size) setTimeout(flush, 30)
  wanted.add(what)
}

function flush() {
  const now = [...wanted]
  // What is wanted while these are drawn is drawn next.
  wanted.clear()
  for (const what of now) {
    if (typeof what === 'string') draws[what]?.()
    else draws.message(what)
  }
}

const said = []

/** Says something to screen readers; the last few lines stay. */
export function announce(text) {
  said.push(text)
  said.splice(0, said.length - 5)
  soon('said')
}

function drawSaid() {
  const log = $('announcer')
  log.append(...said.splice(0).map((text) => make('span', { text })))
  while (log.childElementCount > 5) log.firstChild.remove()
}
