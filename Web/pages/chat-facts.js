// What is known of a peer, and why it is not reached.

import { fill, make } from './chat-elements.js'
import { $, chat, setText } from './chat-page.js'
import { isUpgrading, whyRelayed } from './chat-paths.js'
import { directFacts, directFault, wordsOf } from './chat-words.js'

/** Shows why a peer is not connected, or not directly. */
export function drawFailure(peer) {
  const failure = peer && !peer.path && peer.failure, why = peer && whyRelayed(peer)
  $('peer-failure').hidden = !failure && !why
  setText($('peer-facts-title'), failure ? 'Why is there no connection?' : why ? 'Why is it not direct?' : 'Connection details')
  $('peer-facts').dataset.path = failure ? 'failed' : why ? 'relayed' : ''
  const text = JSON.stringify([failure?.words, failure?.outcomes?.length, why, peer?.upgrade?.tries, chat.tellers.length])
  if ((!failure && !why) || $('peer-failure').dataset.text === text) return
  $('peer-failure').dataset.text = text
  if (failure) return fill($('peer-failure'), make('p', { text: `Could not connect: ${failure.words}` }), outcomeList(failure.outcomes))
  fill($('peer-failure'), ...relayedWords(peer.upgrade, why))
}

function relayedWords({ outcome, tries }, why) {
  const fact = (...children) => make('p', { class: 'fact' }, ...children)
  const words = [make('p', { text: `No direct connection: ${why}. Messages go through the relay.` })]
  if (!outcome) return words
  words.push(fact(`Tried ${tries === 1 ? 'once' : `${tries} times`}: ${directFacts(outcome)}.`))
  const hint = fact('Nobody tells this device its public address. A relay that listens on ', make('code', { text: '/webrtc-direct' }),
    ' does.')
  return chat.tellers.length ? words : [...words, hint]
}

export function drawFacts(peer) {
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

export function outcomeList(outcomes = []) {
  return make('ul', { class: 'outcomes' }, ...outcomes.slice(0, 12).map((one) =>
    make('li', {}, make('code', { text: String(one.address) }), make('span', { text: outcomeWords(one) }))))
}

const outcomeWords = (one) => one.webrtc ? `${directFault(one)}; ${directFacts(one)}` : `${wordsOf(one)}, after ${one.milliseconds} ms`
