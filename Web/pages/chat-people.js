// The list of conversations. Who clicks on one is told of it by the button's `data-key`.

import { avatar, make } from './chat-elements.js'
import { ROOM } from './chat-node.js'
import { $, chat, setText } from './chat-page.js'
import { pathWords } from './chat-paths.js'

const people = new Map()

function personButton(key) {
  const nick = make('span', { class: 'nick' }), how = make('span', { class: 'how' }), badge = make('span', { class: 'badge' })
  const who = make('span', { class: 'who' }, nick, how)
  const button = make('button', { class: 'person', type: 'button', 'data-key': key }, avatar(key), who, badge)
  const row = { item: make('li', {}, button), button, nick, how, badge }
  people.set(key, row)
  return row
}

function drawPerson(key, name, [kind, words], list) {
  const { item, button, nick, how, badge } = people.get(key) ?? personButton(key)
  setText(nick, name)
  setText(how, words)
  button.title = key === ROOM ? '' : words
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
  drawPerson(ROOM, 'Room', ['room', `${inRoom.length + 1} here, with you`], $('room-list'))
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
    drawPerson(peer.id, peer.isRelay ? `${peer.nick} · relay` : peer.nick, pathWords(peer), $(isPerson ? 'people-list' : 'other-list'))
  }
  for (const [key, { item }] of people) {
    if (key === ROOM || chat.peers.has(key)) continue
    item.remove()
    people.delete(key)
  }
  setText($('people-count'), `${mine}`)
  setText($('other-count'), `${others}`)
  $('people-empty').hidden = mine > 0
  $('other-title').hidden = others === 0
  const unread = [...chat.conversations.values()].reduce((sum, one) => sum + one.unread, 0)
  $('views-unread').hidden = !unread
  setText($('views-unread'), unread ? `${unread}` : '')
  document.title = unread ? `(${unread}) Causeway chat` : 'Causeway chat'
}
