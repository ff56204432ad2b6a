// The page's own node: its state, its addresses, and dialling by hand.

import { copyButton, fill, make } from './chat-elements.js'
import { outcomeList } from './chat-facts.js'
import { $, announce, chat, draws, setText } from './chat-page.js'
import { sizeOf, wordsOf } from './chat-words.js'
import { endOfID } from './peer-face.js'

export function drawState() {
  $('state').dataset.state = chat.state
  const [first, ...rest] = chat.stateWords.split(' ')
  if ($('state-text').textContent !== chat.stateWords) {
    announce(chat.stateWords)
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
  const { tellers } = chat, names = tellers.map(({ id }) => endOfID(id)).join(' and ')
  const tell = tellers.length > 1 ? 'tell' : 'tells'
  setText($('node-stun'), names ? `For direct connections, ${names} ${tell} this device its public address.`
    : 'Nobody tells this device its public address. Direct connections work where no NAT is in between.')
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
    const { remotePeer, remoteAddr } = await chat.dialNamed(address)
    fill(result, make('p', { text: `Connected to ${endOfID(remotePeer)}` }), make('code', { text: String(remoteAddr) }))
    $('address').value = ''
  } catch (error) {
    result.setAttribute('data-bad', '')
    fill(result, make('p', { text: `Could not connect: ${wordsOf(error, true)}` }), outcomeList(error.outcomes))
  }
  result.scrollIntoView({ block: 'nearest' })
  $('dial-go').disabled = false
})

draws.state = drawState
draws.self = drawSelf
draws.tick = drawNumbers
