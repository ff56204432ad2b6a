// The list of conversations. Who clicks on one is told of it by the button's `data-key`.

import { fill, make, whoIs } from './chat-elements.js'
import { $, chat, setText } from './chat-page.js'
import { pathLabel, pathWords } from './chat-paths.js'
import { ROOM } from './chat-room.js'
import { facePicture } from './peer-face.js'

const people = new Map()

function personButton(key) {
  const who = make('span', { class: 'who' }), how = make('span', { class: 'how' }), badge = make('span', { class: 'badge' })
  const picture = key === ROOM ? make('span', { class: 'face room-face', 'aria-hidden': 'true', text: '#' }) : facePicture(key)
  const button = make('button', { class: 'person', type: 'button', 'data-key': key }, picture, who, badge, how)
  const row = { item: make('li', {}, button), button, who, how, badge }
  people.set(key, row)
  return row
}

function drawPerson(key, name, { kind, label, words }, list) {
  const { item, button, who, how, badge } = people.get(key) ?? personButton(key)
  const shown = name.map((one) => one.outerHTML ?? one).join('')
  if (who.dataset.shown !== shown) {
    who.dataset.shown = shown
    fill(who, ...name)
  }
  setText(how, label)
  button.title = words
  button.dataset.path = kind
  if (key === chat.open) button.setAttribute('aria-current', 'true')
  else button.removeAttribute('aria-current')
  const unread = chat.conversations.get(key)?.unread ?? 0
  badge.hidden = !unread
  setText(badge, unread ? `${unread > 99 ? '99+' : unread}` : '')
  badge.setAttribute('aria-label', unread ? `${unread} unread` : '')
  if (item.parentNode !== list) list.append(item)
}

export function drawPeople() {
  const inRoom = [...chat.peers.values()].filter((one) => one.inRoom && !one.isRelay)
  const here = { kind: 'room', label: `${inRoom.length + 1} here`, words: 'Everybody in the room' }
  drawPerson(ROOM, [make('bdi', { class: 'called', text: chat.room.isOwn ? chat.room.name : 'Room' })], here, $('room-list'))
  let mine = 0, others = 0
  for (const peer of chat.peers.values()) {
    if (peer.id === chat.self) continue
    const isPerson = !peer.isRelay && (peer.inRoom || chat.conversations.has(peer.id))
    if (!isPerson && !peer.path && !peer.failure) {
      people.get(peer.id)?.item.remove()
      continue
    }
    if (isPerson) mine++
    else others++
    const [kind, words] = pathWords(peer), name = whoIs(chat, peer.id)
    if (peer.isRelay) name[0].textContent = 'Relay'
    drawPerson(peer.id, name, { kind, words, label: pathLabel(peer) }, $(isPerson ? 'people-list' : 'other-list'))
  }
  for (const [key, { item }] of people) {
    if (key === ROOM || chat.peers.has(key)) continue
    item.remove()
    people.delete(key)
  }
  drawCounts(mine, others)
}

function drawCounts(mine, others) {
  setText($('people-count'), `${mine}`)
  setText($('other-count'), `${others}`)
  $('people-empty').hidden = mine > 0
  $('other-title').hidden = others === 0
  const unread = [...chat.conversations.values()].reduce((sum, one) => sum + one.unread, 0)
  $('views-unread').hidden = !unread
  setText($('views-unread'), unread ? `${unread}` : '')
  document.title = unread ? `(${unread}) Causeway chat` : 'Causeway chat'
}
