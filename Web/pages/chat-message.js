// One message in the conversation, and how messages stand together.

import { fill, make, whoIs } from './chat-elements.js'
import { drawOffer, drawShared } from './chat-offer.js'
import { ROOM } from './chat-room.js'
import { piecesOf } from './chat-text.js'
import { wordsOf } from './chat-words.js'
import { facePicture } from './peer-face.js'

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat([], { weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' })

/** What one person says within this time stands together, and after such a pause the time stands between messages. */
const TOGETHER = 5 * 60_000, PAUSE = 30 * 60_000

function link(href) {
  // A direction of its own: no character of the text around it turns the URL.
  return make('a', { href, dir: 'ltr', target: '_blank', rel: 'noopener noreferrer', referrerpolicy: 'no-referrer', text: href })
}

function say(bubble, { text, isCut }) {
  fill(bubble, ...piecesOf(text).map((one) => one.href ? link(one.href) : one.text), ...isCut ? [' … (the rest was too long)'] : [])
}

export function drawMessage(message, chat, talk) {
  const time = make('time', { datetime: new Date(message.at).toISOString(), title: day.format(message.at), text: clock.format(message.at) })
  const head = make('header', {}, make('b', { class: 'who-name' }), time)
  const bubble = make('div', { class: 'bubble' })
  if (message.file) bubble.classList.add('file')
  else say(bubble, message)
  const element = make('li', { 'data-from': message.own ? 'own' : message.from, 'data-at': message.at },
    facePicture(message.from), head, bubble, make('div', { class: 'note' }))
  nameMessage(element, message, chat)
  updateMessage(element, message, chat, talk)
  return element
}

/** Writes who says it. */
export function nameMessage(element, message, chat) {
  const who = element.querySelector('.who-name'), { name = '', colour = 0 } = chat.peers.get(message.from) ?? {}, shown = colour + name
  if (who.dataset.shown === shown) return
  who.dataset.shown = shown
  if (message.own) fill(who, 'You')
  else fill(who, ...whoIs(chat, message.from))
}

/** Redraws the parts that can change. */
export function updateMessage(element, message, chat, talk) {
  for (const one of ['sending', 'sent', 'lonely', 'failed']) element.classList.toggle(one, message.status === one)
  element.classList.add('message')
  element.classList.toggle('own', !!message.own)
  const note = element.querySelector('.note')
  const text = message.status === 'sending' ? 'sending…' : message.note ?? ''
  const again = message.status === 'failed' && talk !== ROOM ? [button('Try again', () => chat.resend(talk, message))] : []
  const tried = (message.outcomes ?? []).slice(0, 6).map((one) =>
    make('div', {}, make('code', { text: String(one.address) }), `: ${wordsOf(one)}`))
  if (note.dataset.text !== text) {
    note.dataset.text = text
    fill(note, make('span', { text: text + (again.length ? ' ' : '') }), ...again, ...tried)
  }
  if (!message.file) return
  const bubble = element.querySelector('.bubble')
  if (message.own) drawShared(bubble, message.file, chat)
  else drawOffer(bubble, message, chat)
}

function button(text, act) {
  const made = make('button', { type: 'button', text })
  made.addEventListener('click', act)
  return made
}

/** Groups the messages of a list by sender and time. */
export function group(list) {
  let before
  const own = [...list.children].filter((one) => one.dataset.from === 'own').at(-1)
  for (const one of list.children) {
    const { from, at } = one.dataset
    const pause = from && before?.at ? at - before.at : 0
    one.classList.toggle('follows', !!from && before?.from === from && pause < TOGETHER)
    one.classList.toggle('newest', one === own)
    if (pause >= PAUSE) one.dataset.pause = day.format(Number(at))
    else delete one.dataset.pause
    before = from ? { from, at } : { at: before?.at }
  }
}
