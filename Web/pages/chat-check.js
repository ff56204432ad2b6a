// "Check my connection": what this network lets through, in one word, and what helps. `causeway check` says the same of a machine.

import { checkFacts } from './chat-check-facts.js'
import { durationWords, verdictOf } from './chat-check-words.js'
import { copyButton, fill, make } from './chat-elements.js'
import { $, announce, chat } from './chat-page.js'
import { directFacts, directFault, sizeOf, wordsOf } from './chat-words.js'
import { endOfID } from './peer-face.js'

const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0ms`

/** About whom the check is: a peer's id, or nobody. */
let asked
/** The newest check; an older one that ends later is not shown. */
let last = 0

/** An address without its peer id. */
const short = (address) => String(address).split('/p2p/')[0]

const outcome = (one) => one.webrtc ? `${directFault(one)}; ${directFacts(one)}`
  : `${wordsOf(one)}, after ${milliseconds(one.milliseconds)}`

function familyLines(name, family) {
  if (!family) return []
  const answered = family.answers.filter(({ isAnswered }) => isAnswered)
  const fastest = answered.length ? `, the fastest in ${milliseconds(Math.min(...answered.map(({ ms }) => ms)))}` : ''
  const lines = [[name, `UDP: ${answered.length} of ${family.answers.length} servers answered${fastest}`]]
  if (family.mapped) lines.push(['', `seen as ${family.mapped}`])
  const { mapping } = family, few = mapping === 'unknown' ? ' (one server only)' : ''
  if (mapping) lines.push(['', mapping === 'none' ? 'no NAT' : `NAT mapping ${mapping}${few}`])
  return lines
}

function placeWords({ hasPlace, limits }) {
  if (!hasPlace) return 'no place'
  const allowed = [limits?.bytes && sizeOf(limits.bytes), limits?.seconds && `${limits.seconds}\u00a0s`].filter(Boolean)
  return `place granted${allowed.length ? `; each circuit may have ${allowed.join(' and ')}` : ''}`
}

function relayLines(relay, { relay: id, places }) {
  const lines = relay.sockets.map(({ address, ms }) =>
    ['', `${ms === undefined ? 'no WebSocket opens' : `WebSocket opens in ${milliseconds(ms)}`} at ${short(address)}`])
  if (!relay.path) {
    const tried = relay.outcomes.map((one) => ['', `${short(one.address)}: ${outcome(one)}`])
    return [['Relay', `${endOfID(relay.id)}, not reached`], ...lines, ...tried]
  }
  const ping = relay.pingMs === undefined ? '' : `, ping ${milliseconds(relay.pingMs)}`
  lines.unshift(['Relay', endOfID(relay.id)], ['', `${relay.path.words}${ping}`])
  if (relay.agent) lines.push(['', relay.agent])
  lines.push(['', relay.isRelay ? placeWords(relay) : 'it is no relay'])
  if (places && id === relay.id) lines.push(['', `${places.of - places.held} of ${places.of} places are free`])
  return lines
}

const serverWords = {
  answered: 'answers', foreign: 'answers, and is no relay', redirected: 'something else answers in its place', silent: 'does not answer',
}

function clockLine({ clockAhead }) {
  if (clockAhead === undefined) return []
  const side = clockAhead > 0 ? 'ahead of' : 'behind'
  return [['Clock', Math.abs(clockAhead) < 3 ? "agrees with the relay's" : `${durationWords(clockAhead)} ${side} the relay's`]]
}

function peerLines(peer) {
  if (!peer) return []
  return [
    ['Peer', `${endOfID(peer.id)}, ${peer.path?.words ?? 'not connected'}`], ...peer.agent ? [['', peer.agent]] : [],
    ...peer.attempts.filter(({ code }) => code !== 'ABORT_ERR').map((one) => ['', `tried ${short(one.address)}: ${outcome(one)}`]),
  ]
}

function linesOf(facts) {
  const { server, people, localNetwork } = facts
  return [
    ...familyLines('IPv4', facts.ipv4), ...familyLines('IPv6', facts.ipv6), ...facts.relays.flatMap((one) => relayLines(one, server)),
    ['Page', `its server ${serverWords[server.state]}${server.ms === undefined ? '' : `, in ${milliseconds(server.ms)}`}`],
    ...clockLine(server), ...localNetwork ? [['Local network', `permission ${localNetwork}`]] : [],
    ['People', `${people.connected} connected, ${people.direct} of them directly`], ...peerLines(facts.peer),
    ['Took', milliseconds(facts.ms)],
  ]
}

function show({ summary, sentence, remedy, finding }, facts) {
  const lines = linesOf(facts), word = `${summary[0].toUpperCase()}${summary.slice(1)}`
  Object.assign($('check-verdict').dataset, { summary, finding })
  fill($('check-verdict'), make('b', { text: word }), make('p', { text: sentence }), make('p', { class: 'quiet', text: remedy }))
  fill($('check-list'), ...lines.flatMap(([name, text]) => [...name ? [make('dt', { text: name })] : [], make('dd', { text })]))
  const report = [`${word}: ${sentence} ${remedy}`, '', ...lines.map(([name, text]) => `${name.padEnd(14)}${text}`)].join('\n')
  fill($('check-copy'), copyButton(report, 'what was found', announce))
}

async function run() {
  const mine = ++last
  delete $('check-verdict').dataset.summary
  fill($('check-verdict'), make('p', { text: 'Checking… It takes at most five seconds.' }))
  fill($('check-copy'))
  $('check-facts').hidden = true
  $('check-again').disabled = true
  const facts = await checkFacts(chat, asked)
  if (mine !== last) return
  show(verdictOf(facts), facts)
  $('check-facts').hidden = false
  $('check-again').disabled = false
}

function open(peer) {
  if (chat.node?.status !== 'started') return
  asked = peer
  $('check-title').textContent = peer ? `My connection to ${chat.called(peer)}` : 'My connection'
  $('check-facts').open = false
  $('check').showModal()
  $('check-title').focus()
  run()
}

$('open-check').addEventListener('click', () => open())
$('act-check').addEventListener('click', () => open(chat.open))
$('check-again').addEventListener('click', run)
