// One list of peers, with their reservations and circuits, and the lists of circuits and topics.
import { endOfID, facePicture, peerFace } from './peer-face.js'
import { ShortList, byID, copyButton, make, setText } from './status-elements.js'
import { bytes, duration, many, onlyThere, roughly, transport, whole } from './status-words.js'

let peers, circuits, topics

export function makeLists() {
  peers = new ShortList({
    list: byID('peers'), button: byID('all-peers'), noun: 'peers', key: ({ id }) => id, row: peerRow, empty: 'No peer is connected.',
  })
  circuits = new ShortList({
    list: byID('circuits'), button: byID('all-circuits'), noun: 'circuits', key: ({ id }) => id, row: circuitRow,
    empty: 'No circuit is open.',
  })
  topics = new ShortList({
    list: byID('topics'), button: byID('all-topics'), noun: 'topics', key: ({ name }) => name, row: topicRow,
    empty: 'The relay forwards no topic.',
  })
}

export function drawLists(now) {
  const { counts } = now
  const byPeer = new Map()
  for (const circuit of now.circuits) {
    for (const id of new Set([circuit.source, circuit.target])) byPeer.set(id, [...byPeer.get(id) ?? [], circuit])
  }
  const entries = now.peers.map((peer) => ({ ...peer, circuits: byPeer.get(peer.id) ?? [], limits: now.limits }))
  const rank = (peer) => (peer.circuits.length ? 2 : 0) + (peer.reservedFor != null ? 1 : 0)
  entries.sort((a, b) => rank(b) - rank(a))
  const isCounted = now.limits.listed === 0
  peers.draw(entries, counts.peers ? onlyThere : 'No peer is connected.')
  circuits.draw(now.circuits, counts.circuits ? onlyThere : 'No circuit is open.')
  topics.draw(now.topics, isCounted ? onlyThere : 'The relay forwards no topic.')
  byID('peer-columns').hidden = entries.length === 0
  byID('topic-count').hidden = isCounted
  setText(byID('peer-count'), whole.format(counts.peers))
  setText(byID('circuit-count'), whole.format(counts.circuits))
  setText(byID('topic-count'), whole.format(now.topics.length))
  setText(byID('peer-note'), note(now.peers.length, counts.peers, 'connected'))
  setText(byID('circuit-note'), note(now.circuits.length, counts.circuits, 'opened')
    || `${whole.format(counts.circuitsOpened)} opened and ${whole.format(counts.circuitsRefused)} refused since the start.`)
}

const note = (shown, all, how) =>
  shown > 0 && shown < all ? `The list has the ${whole.format(shown)} of ${whole.format(all)} that ${how} first.` : ''

/** Picture, name and the end of the peer id. */
function peerName(id) {
  return make('span', { class: 'who', title: id }, facePicture(id), make('span', { class: 'name' }, peerFace(id).name),
    make('code', {}, `…${endOfID(id)}`))
}

const sum = (list) => list.reduce((total, { sent, returned }) => total + sent + returned, 0)

function peerRow({ id }) {
  const part = (name) => make('span', { class: name })
  const [software, path, place, busy, time] = ['software', 'path', 'place', 'busy', 'time'].map(part)
  const more = make('ul', { class: 'with' })
  const facts = make('p', { class: 'soft' })
  const parts = [peerName(id), software, path, place, busy, time].flatMap((one) => [one, ' '])
  const node = make('li', {}, make('details', {}, make('summary', {}, ...parts),
    make('div', { class: 'more' },
      make('p', { class: 'whole-id' }, make('code', {}, id), copyButton(`the peer ID of ${peerFace(id).name}`, () => id)), facts, more)))
  return { node, update: (peer) => {
    setText(software, peer.agent ?? 'software not known yet')
    setText(path, transport(peer.transport))
    setText(place, peer.reservedFor == null ? '' : `Reserved, ${roughly(peer.reservedFor)} left`)
    setText(busy, peer.circuits.length === 0 ? '' : `${many(peer.circuits.length, 'circuit')}, ${bytes(sum(peer.circuits))}`)
    setText(time, roughly(peer.connectedFor))
    setText(facts, story(peer))
    const others = peer.circuits.map(({ source, target, sent, returned }) => `${source === id ? 'to' : 'from'} ${
      peerFace(source === id ? target : source).name}: ${bytes(sent + returned)}`)
    const text = others.slice(0, 8).join('; ')
    if (more.dataset.drawn === text) return
    more.dataset.drawn = text
    more.replaceChildren(...others.slice(0, 8).map((one) => make('li', {}, `Circuit ${one}`)),
      ...others.length > 8 ? [make('li', {}, `and ${others.length - 8} more`)] : [])
  } }
}

/** How a peer came, and whether others reach it here. */
function story({ inbound, connectedFor, transport: by, reservedFor, agent }) {
  const came = `${inbound ? 'It dialled this relay' : 'This relay dialled it'} ${duration(connectedFor)} ago by ${transport(by)}.`
  const place = reservedFor == null ? 'It has no reservation, so others cannot reach it through this relay.'
    : `Others reach it through this relay for ${duration(reservedFor)} more, and longer if it asks again.`
  return `${came} ${place}${agent ? ` Its software: ${agent}` : ''}`
}

/** How much of a limit is used. Without a limit, only the number. */
const used = (text, limit) => limit == null ? text : `${text} of ${limit}`

function circuitRow({ source, target }) {
  const numbers = make('span', { class: 'numbers' })
  const bar = make('rect', { class: 'fill', height: 4 })
  const gauge = make('svg', { class: 'gauge', 'aria-hidden': 'true', preserveAspectRatio: 'none', viewBox: '0 0 100 4' },
    make('rect', { class: 'track', width: 100, height: 4 }), bar)
  const node = make('li', {}, make('span', { class: 'pair' }, peerName(source), make('span', { class: 'to' }, 'to'), peerName(target)),
    make('span', { class: 'measure' }, numbers, gauge))
  return { node, update: ({ sent, returned, age, limitBytes, limitSeconds }) => {
    setText(numbers, [`${used(bytes(sent), limitBytes == null ? null : bytes(limitBytes))} sent`, `${bytes(returned)} received`,
      used(duration(age), limitSeconds == null ? null : duration(limitSeconds))].join(', '))
    // What is nearest to its limit ends the circuit.
    const share = Math.min(1, Math.max(limitBytes ? Math.max(sent, returned) / limitBytes : 0, limitSeconds ? age / limitSeconds : 0))
    gauge.toggleAttribute('data-high', share >= 0.85)
    gauge.toggleAttribute('data-none', limitBytes == null && limitSeconds == null)
    bar.setAttribute('width', (share * 100).toFixed(1))
  } }
}

function topicRow({ name }) {
  const numbers = make('span', { class: 'soft' })
  const node = make('li', {}, make('code', {}, name), numbers)
  return { node, update: ({ subscribers }) =>
    setText(numbers, many(subscribers.length, 'peer')) }
}
