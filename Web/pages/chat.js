// The chat's page. It puts peers' texts into the document as text, never as markup.

import { Gate } from './chat-bounds.js'
import './chat-check.js'
import { note } from './chat-composer.js'
import { fill, make, whoIs } from './chat-elements.js'
import { drawFacts, drawFailure } from './chat-facts.js'
import './chat-invite.js'
import './chat-me.js'
import { drawMessage, group, nameMessage, updateMessage } from './chat-message.js'
import { noticeOf } from './chat-notice.js'
import { forgetFile } from './chat-offer.js'
import { $, announce, chat, draws, setText, soon } from './chat-page.js'
import { pathWords } from './chat-paths.js'
import { drawPeople } from './chat-people.js'
import { ROOM } from './chat-room.js'
import { drawState } from './chat-self.js'
import { limitWords } from './chat-words.js'
import { peerFace } from './peer-face.js'

let drawn = new Map()
/** Notes to show in the conversation between its messages. */
const happened = []
/** Where many come and go, not every change of a path is said. */
const pathsSaid = new Gate({ burst: 5, perSecond: 0.2 })
let atEnd = true

const isWide = matchMedia('(min-width: 56.01rem)')
const isSeen = () => document.visibilityState === 'visible' && (isWide.matches || document.body.dataset.view === 'talk')

// Parts on a phone

function show(view) {
  document.body.dataset.view = view
  for (const button of document.querySelectorAll('.views button')) {
    if (button.dataset.view === view) button.setAttribute('aria-current', 'true')
    else button.removeAttribute('aria-current')
  }
  if (view === 'talk') markRead()
}
/** The node is beside the conversation, or on a phone in its place. */
function showNode(isOpen) {
  if (!isWide.matches) return show('node')
  document.body.toggleAttribute('data-node', isOpen)
  $('state').setAttribute('aria-expanded', isOpen)
}
$('state').addEventListener('click', () => showNode(!document.body.hasAttribute('data-node')))
/** A page that no relay serves needs the address of one: where to give it is unfolded, once. */
let mayAsk = true
draws.state = () => {
  drawState()
  if (!mayAsk || !chat.needsRelay) return
  mayAsk = false
  showNode(true)
}
for (const button of document.querySelectorAll('.views button')) button.addEventListener('click', () => show(button.dataset.view))

// The conversation

function openTalk(key) {
  chat.open = key
  chat.conversation(key)
  drawn = new Map()
  happened.length = 0
  $('message-list').replaceChildren()
  drawMessages()
  show('talk')
  const isRoom = key === ROOM
  $('attach').hidden = $('act-invite').hidden = !isRoom
  setText($('text-label'), isRoom ? 'Message to everyone in the room' : `Direct message to ${chat.called(key)}`)
  $('text').placeholder = isRoom ? 'Message everyone' : 'Message privately'
  $('peer-facts').open = false
  note('')
  markRead()
  scrollToEnd()
  $('talk-title').focus({ preventScroll: true })
  if (isWide.matches) $('text').focus()
}

const nameOf = (id) => chat.peers.get(id)?.name || peerFace(id).name

function markRead() {
  const talk = chat.conversations.get(chat.open)
  if (talk && isSeen()) talk.unread = 0
  draws.people()
}

function drawTitle() {
  const title = $('talk-title'), isRoom = chat.open === ROOM
  const shown = isRoom ? chat.room.name : chat.called(chat.open)
  if (title.dataset.key === chat.open && title.dataset.shown === shown) return
  Object.assign(title.dataset, { key: chat.open, shown })
  fill(title, ...isRoom ? [chat.room.name] : whoIs(chat, chat.open))
}

function drawNotice() {
  const words = chat.open === ROOM ? noticeOf(chat) : ''
  $('room-notice').hidden = !words
  setText($('room-notice'), words)
}

function drawTalkHead() {
  const isRoom = chat.open === ROOM, peer = chat.peers.get(chat.open)
  drawTitle()
  setText($('talk-note'), isRoom ? 'Everybody in the room can read it. Messages are signed, and not stored.'
    : peer ? [`${pathWords(peer)[1]}.`.replace('….', '…'), limitWords(peer.connection?.limits)].filter(Boolean).join(' ') : 'Gone')
  $('talk-actions').hidden = isRoom || !peer
  $('peer-facts').hidden = isRoom || !peer
  drawFailure(isRoom ? undefined : peer)
  if (!isRoom && peer) {
    $('act-connect').hidden = !!peer.path
    $('act-connect').disabled = peer.isMeeting
    $('act-ping').hidden = $('act-hang-up').hidden = !peer.path
    if ($('peer-facts').open) drawFacts(peer)
  }
  const hidden = chat.conversations.get(chat.open)?.hidden ?? 0
  $('hidden-count').hidden = !hidden
  setText($('hidden-count'), `${hidden} more ${hidden === 1 ? 'message was' : 'messages were'} not shown: the sender was too fast.`)
}

function drawStart() {
  const list = $('message-list'), isEmpty = !drawn.size
  list.querySelector('.start')?.remove()
  if (!isEmpty) return
  const isRoom = chat.open === ROOM
  list.prepend(make('li', { class: 'start' },
    make('strong', { text: isRoom ? 'The room is quiet' : `A direct line to ${nameOf(chat.open)}` }),
    make('span', { text: isRoom
      ? 'Say something, or share a file. You do not receive messages that are sent while you are away.'
      : `Only ${nameOf(chat.open)} can read what you write here: it is encrypted from end to end.` })))
}

/** Removes the messages that the conversation has dropped, and adds new ones at the end. */
function drawMessages() {
  const { messages } = chat.conversation(chat.open), kept = new Set(messages.map(({ key }) => key))
  for (const [key, element] of drawn) {
    if (kept.has(key)) continue
    element.remove()
    drawn.delete(key)
  }
  const news = messages.filter(({ key }) => !drawn.has(key)), isToEnd = atEnd || news.some((one) => one.own)
  for (const message of news) drawn.set(message.key, drawMessage(message, chat, chat.open))
  $('message-list').append(
    ...news.map(({ key }) => drawn.get(key)), ...happened.splice(0).map((text) => make('li', { class: 'event', text })))
  for (const old of [...document.querySelectorAll('.event')].slice(0, -20)) old.remove()
  drawStart()
  group($('message-list'))
  if (isToEnd) scrollToEnd()
}

function scrollToEnd() { $('messages').scrollTop = $('messages').scrollHeight }

function onMessage({ talk, message, removed }) {
  if (removed?.file) forgetFile(removed.file)
  if (talk.key === chat.open) {
    if (isSeen()) talk.unread = 0
    soon('messages')
  }
  if (!message.own) {
    const where = talk.key === ROOM ? '' : 'Direct message from '
    announce(`${where}${chat.called(message.from)}: ${message.file ? 'offers a file' : message.text.slice(0, 200)}`)
  }
  soon('people')
}

/** Announces something that happened to a peer, and shows it in that peer's conversation. */
function onEvent(peer, words) {
  const text = `${chat.called(peer)} ${words}`
  if (pathsSaid.passes()) announce(text)
  if (chat.open !== peer) return
  happened.push(text)
  happened.splice(0, happened.length - 20)
  soon('messages')
}

function onFetched({ file }) {
  const isFetched = file.state === 'fetched'
  if (file.state !== 'offered') announce(isFetched ? `The file from ${chat.called(file.peer)} is here` : `Not fetched: ${file.note}`)
}

// Leaves a conversation and goes back to the room.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing || chat.open === ROOM
    || document.querySelector('dialog[open]')) return
  openTalk(ROOM)
})

draws.messages = drawMessages
draws.message = (message) => { if (drawn.has(message.key)) updateMessage(drawn.get(message.key), message, chat, chat.open) }
draws.people = () => {
  drawPeople()
  drawTalkHead()
  drawNotice()
}
/** Somebody has told a name: it stands at all that they have said. */
draws.names = () => {
  for (const message of chat.conversation(chat.open).messages) {
    const element = drawn.get(message.key)
    if (element) nameMessage(element, message, chat)
  }
  draws.me()
  draws.people()
}

chat.addEventListener('change', ({ detail }) => {
  switch (detail.what) {
    case 'message': return onMessage(detail)
    case 'update': case 'progress': return soon(detail.message)
    case 'path': return onEvent(detail.peer, `is now reached: ${detail.words}`)
    case 'no-direct': return onEvent(detail.peer, `cannot be reached directly: ${detail.words}`)
    case 'fetched': return onFetched(detail.message)
    case 'tick':
      soon('tick')
      return soon('people')
    case 'peers': return soon('people')
    case 'named': return soon('names')
    case 'self':
      soon('me')
      return soon('self')
    default: return soon(detail.what)
  }
})
$('people').addEventListener('click', ({ target }) => {
  const { key } = target.closest('.person')?.dataset ?? {}
  if (key !== undefined) openTalk(key)
})
$('peer-facts').addEventListener('toggle', draws.people)
$('messages').addEventListener('scroll', ({ target }) => { atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 60 })
// The window changes its size, and so do messages, such as by a picture.
const sizes = new ResizeObserver(() => { if (atEnd) scrollToEnd() })
for (const id of ['messages', 'message-list']) sizes.observe($(id))
document.addEventListener('visibilitychange', markRead)
isWide.addEventListener('change', markRead)

openTalk(ROOM)
draws.state()
chat.start()
