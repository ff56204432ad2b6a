// Writing in the open conversation, and what is asked of its peer.

import { bounds } from './chat-bounds.js'
import { $, chat, setText, soon } from './chat-page.js'
import { ROOM } from './chat-room.js'
import { wordsOf } from './chat-words.js'

export function note(text, isBad = false) {
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
$('attach').addEventListener('click', () => $('file').click())
$('file').addEventListener('change', () => {
  const [file] = $('file').files
  if (file) chat.files.share(file).catch((error) => note(`Not shared: ${wordsOf(error)}`, true))
  $('file').value = ''
})

const peerAct = (id, act) => $(id).addEventListener('click', async () => {
  const peer = chat.open
  try { await act(peer) } catch (error) { note(`${$(id).textContent}: ${wordsOf(error)}`, true) }
  soon('people')
})
peerAct('act-connect', (peer) => chat.connect(peer))
peerAct('act-hang-up', (peer) => chat.hangUp(peer))
peerAct('act-ping', async (peer) => {
  note('Waiting for the echo…')
  const known = chat.peer(peer)
  known.roundTrip = `${(await chat.ping(peer)).toFixed(1)} ms`
  note(`${chat.called(peer)} answers within ${known.roundTrip}`)
})
