// The chat's page. It puts peers' texts into the document as text, never as markup.

import { bounds } from './chat-bounds.js'
import { Chat, ROOM, nickOf } from './chat-node.js'
import { drawMessage, updateMessage } from './chat-message.js'
import { avatar, copyButton, fill, make } from './chat-elements.js'
import { isUpgrading, pathWords, whyRelayed } from './chat-paths.js'
import { directFacts, directFault, limitWords, sizeOf, wordsOf } from './chat-words.js'

const $ = (id) => document.getElementById(id)
const chat = new Chat()
let drawn = new Map()
/** Notes to show in the conversation between its messages. */
const happened = []
let atEnd = true

const setText = (element, text) => { if (element.textContent !== text) element.textContent = text }
const isWide = matchMedia('(min-width: 56.01rem)')
const isSeen = () => document.visibilityState === 'visible' && (isWide.matches || document.body.dataset.view === 'talk')

const said = []

/** Says something to screen readers; the last few lines stay. */
function announce(text) {
  said.push(text)
  said.splice(0, said.length - 5)
  soon('said')
}

function drawSaid() {
  const log = $('announcer')
  log.append(...said.splice(0).map((text) => make('span', { text })))
  while (log.childElementCount > 5) log.firstChild.remove()
}

// Parts on a phone

function show(view) {
  document.body.dataset.view = view
  for (const button of document.querySelectorAll('.views button')) {
    if (button.dataset.view === view) button.setAttribute('aria-current', 'true')
    else button.removeAttribute('aria-current')
  }
  if (view === 'talk') markRead()
}
for (const button of document.querySelectorAll('.views button')) button.addEventListener('click', () => show(button.dataset.view))

// People

const people = new Map()

function personButton(key) {
  const nick = make('span', { class: 'nick' }), how = make('span', { class: 'how' }), badge = make('span', { class: 'badge' })
  const button = make('button', { class: 'person', type: 'button' }, avatar(key), make('span', { class: 'who' }, nick, how), badge)
  button.addEventListener('click', () => openTalk(key))
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

function drawPeople() {
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
  drawTalkHead()
}

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
  $('attach').hidden = !isRoom
  setText($('text-label'), isRoom ? 'Message to everyone in the room' : `Direct message to ${nickOf(key)}`)
  $('text').placeholder = isRoom ? 'Message everyone' : `Message ${nickOf(key)} only`
  note('')
  markRead()
  scrollToEnd()
  $('talk-title').focus({ preventScroll: true })
  if (isWide.matches) $('text').focus()
}

function markRead() {
  const talk = chat.conversations.get(chat.open)
  if (talk && isSeen()) talk.unread = 0
  drawPeople()
}

function drawTalkHead() {
  const isRoom = chat.open === ROOM, peer = chat.peers.get(chat.open)
  setText($('talk-title'), isRoom ? 'universal-connectivity' : nickOf(chat.open))
  setText($('talk-note'), isRoom ? 'Everyone on this topic can read it. Messages are signed, and not stored.'
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

/** Shows why a peer is not connected, or not directly. */
function drawFailure(peer) {
  const failure = peer && !peer.path && peer.failure, why = peer && whyRelayed(peer)
  $('peer-failure').hidden = !failure && !why
  if (failure) return fill($('peer-failure'), make('p', { text: `Could not connect: ${failure.words}` }), outcomeList(failure.outcomes))
  const text = why && JSON.stringify([why, peer.upgrade.tries])
  if (!why || $('peer-failure').dataset.text === text) return
  $('peer-failure').dataset.text = text
  const { outcome } = peer.upgrade
  const tried = outcome && `Tried ${peer.upgrade.tries === 1 ? 'once' : `${peer.upgrade.tries} times`}: ${directFacts(outcome)}.`
  const fact = (...children) => make('p', { class: 'fact' }, ...children)
  const hint = () => fact(
    'Across networks a STUN server helps. Add one to this page’s URL: ', make('code', { text: '?stun=host:port' }))
  fill($('peer-failure'), make('p', { text: `No direct connection: ${why}. Messages go through the relay.` }),
    ...outcome ? [fact(tried), ...chat.iceServers.length ? [] : [hint()]] : [])
}

function drawFacts(peer) {
  const lines = [
    ['Peer ID', peer.id], ['Software', peer.agent ?? 'not known yet'],
    ['Path', peer.path?.words ?? 'none'], ['Over', peer.path?.address ?? '–'],
    ['Direct', peer.path?.kind === 'direct' ? 'yes' : isUpgrading(peer) ? 'being tried' : whyRelayed(peer) ?? 'no'],
    ['Round trip', peer.roundTrip ?? 'not measured'], ...peer.addresses.map((one) => ['Address', one]),
    ...peer.attempts.map((one) => ['Tried', `${one.address}: ${outcomeWords(one)}`]),
  ]
  const text = JSON.stringify(lines)
  const list = $('peer-facts-list')
  if (list.dataset.text === text) return
  list.dataset.text = text
  fill(list, ...lines.flatMap(([name, value]) => [make('dt', { text: name }), make('dd', {}, make('code', { text: value }))]))
}
$('peer-facts').addEventListener('toggle', drawPeople)

function outcomeList(outcomes = []) {
  return make('ul', { class: 'outcomes' }, ...outcomes.slice(0, 12).map((one) =>
    make('li', {}, make('code', { text: String(one.address) }), make('span', { text: outcomeWords(one) }))))
}

const outcomeWords = (one) => one.webrtc ? `${directFault(one)}; ${directFacts(one)}` : `${wordsOf(one)}, after ${one.milliseconds} ms`

function drawStart() {
  const list = $('message-list'), isEmpty = !drawn.size
  list.querySelector('.start')?.remove()
  if (!isEmpty) return
  const isRoom = chat.open === ROOM
  list.prepend(make('li', { class: 'start' },
    make('strong', { text: isRoom ? 'The room is quiet' : `A direct line to ${nickOf(chat.open)}` }),
    make('span', { text: isRoom
      ? 'Say something, or share a file. You do not receive messages that are sent while you are away.'
      : `Only ${nickOf(chat.open)} can read what you write here: it is encrypted from end to end.` })))
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
  if (isToEnd) scrollToEnd()
}

function scrollToEnd() { $('messages').scrollTop = $('messages').scrollHeight }

function onMessage({ talk, message, removed }) {
  if (removed?.file?.url) URL.revokeObjectURL(removed.file.url)
  if (talk.key === chat.open) {
    if (isSeen()) talk.unread = 0
    soon('messages')
  }
  if (!message.own) {
    const where = talk.key === ROOM ? '' : 'Direct message from '
    announce(`${where}${nickOf(message.from)}: ${message.file ? 'offers a file' : message.text.slice(0, 200)}`)
  }
  soon('people')
}

/** Announces something that happened to a peer, and shows it in that peer's conversation. */
function onEvent(peer, words) {
  const text = `${nickOf(peer)} ${words}`
  announce(text)
  if (chat.open !== peer && chat.open !== ROOM) return
  happened.push(text)
  happened.splice(0, happened.length - 20)
  soon('messages')
}

function onFetched({ file }) {
  const isFetched = file.state === 'fetched'
  if (file.state !== 'offered') announce(isFetched ? `The file from ${nickOf(file.peer)} is here` : `Not fetched: ${file.note}`)
}

// Writing

function note(text, isBad = false) {
  setText($('text-note'), text)
  $('text-note').toggleAttribute('data-bad', isBad)
}

function grow() {
  const text = $('text')
  text.style.height = 'auto'
  text.style.height = `${text.scrollHeight + 2}px`
  const left = bounds.messageBytes - new TextEncoder().encode(text.value).length
  note(left < 0 ? `${-left} bytes too long` : left < 500 ? `${left} bytes left` : '', left < 0)
}
$('text').addEventListener('input', grow)
$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $('composer').requestSubmit()
})
$('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  const text = $('text').value.trim()
  if (!text) return
  if (chat.node?.status !== 'started') return note('The node is not running yet.', true)
  const sending = chat.open === ROOM ? chat.sayToRoom(text) : chat.sayTo(chat.open, text)
  $('text').value = ''
  grow()
  sending.catch((error) => {
    $('text').value ||= text
    note(wordsOf(error), true)
  })
})
// Leaves a conversation and goes back to the room.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing || chat.open === ROOM) return
  openTalk(ROOM)
})
$('attach').addEventListener('click', () => $('file').click())
$('file').addEventListener('change', () => {
  const [file] = $('file').files
  if (file) chat.files.share(file).catch((error) => note(`Not shared: ${wordsOf(error)}`, true))
  $('file').value = ''
})

// The peer of a conversation

const peerAct = (id, act) => $(id).addEventListener('click', async () => {
  const peer = chat.open
  try { await act(peer) } catch (error) { note(`${$(id).textContent}: ${wordsOf(error)}`, true) }
  drawPeople()
})
peerAct('act-connect', (peer) => chat.connect(peer))
peerAct('act-hang-up', (peer) => chat.hangUp(peer))
peerAct('act-ping', async (peer) => {
  note('Waiting for the echo…')
  const known = chat.peer(peer)
  known.roundTrip = `${(await chat.ping(peer)).toFixed(1)} ms`
  note(`${nickOf(peer)} answers within ${known.roundTrip}`)
})

// My node

function drawState() {
  $('state').dataset.state = chat.state
  const [first, ...rest] = chat.stateWords.split(' ')
  if ($('state-text').textContent !== chat.stateWords) {
    fill($('state-text'), first, make('span', { class: 'tail', text: rest.length ? ` ${rest.join(' ')}` : '' }))
  }
  $('state').title = chat.stateWords
  setText($('node-state'), chat.stateWords + (chat.startNote ? `. ${chat.startNote}` : ''))
  $('restart').hidden = chat.state !== 'failed'
}
$('restart').addEventListener('click', () => chat.restart())

function addressItem(text, what) {
  return make('li', {}, make('code', { text }), copyButton(text, what, announce))
}

function drawSelf() {
  if (!chat.self) return
  setText($('node-nick'), nickOf(chat.self))
  if (!$('own-id').childElementCount) fill($('own-id'), addressItem(chat.self, 'peer ID'))
  const addresses = chat.node.getMultiaddrs().map(String)
  setText($('address-count'), `${addresses.length}`)
  $('addresses-empty').hidden = addresses.length > 0
  const list = $('own-addresses'), text = addresses.join(' ')
  if (list.dataset.text !== text) {
    list.dataset.text = text
    fill(list, ...addresses.map((one) => addressItem(one, 'address')))
  }
  const { expires, limits } = chat.reservation ?? {}
  setText($('node-expires'), expires ? expires.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '–')
  setText($('node-limits'), limits ? `Each relayed connection may carry ${[
    limits.bytes && `${sizeOf(limits.bytes)} each way`, limits.seconds && `last ${limits.seconds} s`].filter(Boolean).join(' and ')}.` : '')
  setText($('node-stun'), chat.iceServers.length ? `This page asks ${namedServers} for this device’s public address.`
    : 'This page asks nobody for this device’s public address. Direct connections work where no NAT is in between.')
}

function drawNumbers() {
  setText($('node-connections'), `${chat.node.getConnections().length}`)
  setText($('node-received'), `${chat.received.perMinute}`)
  setText($('node-sent'), `${chat.sent.perMinute}`)
}

$('dial').addEventListener('submit', async (event) => {
  event.preventDefault()
  const address = $('address').value.trim(), result = $('dial-result')
  if (!address || chat.node?.status !== 'started') return
  result.removeAttribute('data-bad')
  fill(result, make('p', { text: 'Dialling…' }))
  $('dial-go').disabled = true
  try {
    const { remotePeer, remoteAddr } = await chat.dial(address)
    fill(result, make('p', { text: `Connected to ${nickOf(remotePeer)}` }), make('code', { text: String(remoteAddr) }))
    $('address').value = ''
  } catch (error) {
    result.setAttribute('data-bad', '')
    fill(result, make('p', { text: `Could not connect: ${wordsOf(error, true)}` }), outcomeList(error.outcomes))
  }
  result.scrollIntoView({ block: 'nearest' })
  $('dial-go').disabled = false
})

// Drawing, at most once per frame

const wanted = new Set()
const draws = { messages: drawMessages, said: drawSaid, people: drawPeople, state: drawState, self: drawSelf, tick: drawNumbers }

function soon(what) {
  if (!wanted.size) setTimeout(flush, 30)
  wanted.add(what)
}

function flush() {
  for (const what of [...wanted]) {
    wanted.delete(what)
    if (typeof what === 'string') draws[what]?.()
    else if (drawn.has(what.key)) updateMessage(drawn.get(what.key), what, chat, chat.open)
  }
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
    default: return soon(detail.what)
  }
})
$('messages').addEventListener('scroll', ({ target }) => { atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 60 })
new ResizeObserver(() => { if (atEnd) scrollToEnd() }).observe($('messages'))
document.addEventListener('visibilitychange', markRead)
isWide.addEventListener('change', markRead)

// A link may name STUN servers, but a person has to allow them.

const ALLOWED = 'causeway-stun'
const namedServers = chat.namedServers.map(({ urls }) => urls.replace('stun:', '')).join(', ')

function allowServers() {
  chat.iceServers = chat.namedServers
  soon('self')
}
/** What the person allowed before on this device. Some browsers store nothing. */
function allowed() { try { return localStorage.getItem(ALLOWED) } catch { return undefined } }

if (namedServers && allowed() === namedServers) allowServers()
else if (namedServers) {
  setText($('ask-text'), `The link to this page asks your browser to tell ${namedServers} your public address. `
    + 'This helps to reach people directly across networks.')
  $('ask').hidden = false
}
$('ask-yes').addEventListener('click', () => {
  $('ask').hidden = true
  allowServers()
  try { localStorage.setItem(ALLOWED, namedServers) } catch {}
})
$('ask-no').addEventListener('click', () => { $('ask').hidden = true })

document.querySelector('.elsewhere').search = location.search
openTalk(ROOM)
drawState()
chat.start()
