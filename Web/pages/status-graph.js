// The circuits as a picture: the relay in the middle, peers around it, and a line for each circuit, wider with every byte.
import { facePicture, peerFace } from './peer-face.js'
import { byID, make, set, setText } from './status-elements.js'
import { bytes, duration, many, onlyThere, whole } from './status-words.js'

const MOST_PEERS = 24, MOST_LINES = 60
/** Below this width of the picture, in pixels, it is drawn for a phone. */
const NARROW = 520
/** How long a circuit that ended stays to be seen, in milliseconds; as the style sheet has it. */
const FADE = 1800

/** Peers by id: `{ slot, node, label }`, and circuits by id: `{ node, line, flow, circuit }`. */
const peers = new Map(), lines = new Map()
let places = 0
let isFirst = true
/** The ids of the last answer's circuits, and how many had been opened until then. */
let before = { ids: new Set(), opened: 0 }

/** The peers to show: those of the largest circuits first, then those with a reservation. */
function chosenPeers(now) {
  const chosen = new Set()
  const add = (id) => { if (chosen.size < MOST_PEERS) chosen.add(id) }
  for (const { source, target } of [...now.circuits].sort((a, b) => b.sent + b.returned - a.sent - a.returned)) {
    if (chosen.size + Number(!chosen.has(source)) + Number(!chosen.has(target)) <= MOST_PEERS) [source, target].forEach(add)
  }
  for (const { id } of now.peers.filter((one) => one.reservedFor != null)) add(id)
  for (const { id } of now.peers) add(id)
  return chosen
}

export function drawGraph(now) {
  const chosen = chosenPeers(now)
  const ended = [...lines.values()].filter(({ circuit, isOver }) => !isOver && !now.circuits.some(({ id }) => id === circuit.id))
  for (const one of ended) leave(one)
  for (const [id, { node }] of peers) {
    // A peer stays as long as a line that fades ends at it.
    const isNeeded = chosen.has(id) || [...lines.values()].some(({ circuit }) => circuit.source === id || circuit.target === id)
    if (!isNeeded) {
      node.remove()
      peers.delete(id)
    }
  }
  seat(chosen)
  for (const circuit of now.circuits.slice(0, MOST_LINES)) {
    if (peers.has(circuit.source) && peers.has(circuit.target)) drawLine(circuit)
  }
  lay()
  drawWords(now, chosen.size, ended, brief(now))
  isFirst = false
}

// MARK: Peers

/** Gives every new peer the free place that is farthest from the others. The places grow by steps, so that peers seldom move. */
function seat(chosen) {
  const count = new Set([...peers.keys(), ...chosen]).size
  const wanted = [6, 12, 24].find((step) => step >= count) ?? Math.max(count, MOST_PEERS)
  if (wanted !== places) {
    places = wanted
    for (const peer of peers.values()) peer.slot = null
  }
  const taken = new Set([...peers.values()].map(({ slot }) => slot).filter((slot) => slot !== null))
  const distance = (slot) => Math.min(places, ...[...taken].map((other) => {
    const apart = Math.abs(slot - other)
    return Math.min(apart, places - apart)
  }))
  for (const id of new Set([...peers.keys(), ...chosen])) {
    const peer = peers.get(id) ?? addPeer(id)
    if (peer.slot !== null) continue
    const free = Array.from({ length: places }, (_, slot) => slot).filter((slot) => !taken.has(slot))
    peer.slot = free.reduce((best, slot) => distance(slot) > distance(best) ? slot : best)
    taken.add(peer.slot)
  }
}

function addPeer(id) {
  const { name } = peerFace(id)
  const label = make('text', { class: 'name', 'text-anchor': 'middle' })
  const picture = facePicture(id)
  const spoke = make('line', { class: 'spoke' })
  const node = make('g', { class: 'peer' }, make('title', {}, `${name}, ${id}`),
    make('rect', { class: 'ground', x: -17, y: -17, width: 34, height: 34, rx: 9 }), picture, label)
  set(picture, { x: -14, y: -14, width: 28, height: 28 })
  byID('graph-peers').append(node)
  byID('graph-spokes').append(spoke)
  const peer = { slot: null, label, name, spoke, node: { remove: () => { node.remove(); spoke.remove() } }, place: node }
  peers.set(id, peer)
  return peer
}

// MARK: Circuits

/** How wide the line of a circuit is, in pixels: one more for each doubling beyond 16 KiB. */
const widthOf = (count) => Math.min(11, 1.75 + Math.log2(1 + count / 16384) * 0.9)

function drawLine(circuit) {
  let one = lines.get(circuit.id)
  if (!one) {
    const colour = peerFace(circuit.source).colour
    const title = make('title')
    const line = make('path', { class: 'line', stroke: colour })
    const flow = make('path', { class: 'flow' })
    const node = make('g', { class: 'circuit', 'data-circuit': circuit.id }, title, line, flow)
    one = { node, line, flow, title, circuit }
    lines.set(circuit.id, one)
    byID('graph-lines').append(node)
  }
  const moved = circuit.sent + circuit.returned
  one.node.toggleAttribute('data-moving', !isFirst && moved > one.circuit.sent + one.circuit.returned)
  one.circuit = circuit
  const scale = byID('graph').clientWidth < NARROW ? 0.65 : 1
  set(one.line, { 'stroke-width': (widthOf(moved) * scale).toFixed(2) })
  setText(one.title, `${pair(circuit)}: ${bytes(moved)}`)
}

/** Lets the line of a circuit that ended fade. */
function leave(one) {
  one.isOver = true
  one.node.setAttribute('data-over', '')
  setTimeout(() => {
    one.node.remove()
    lines.delete(one.circuit.id)
  }, FADE)
}

/** How many circuits opened and ended since the last answer, so that there was never a line for them. */
function brief({ circuits, counts }) {
  const seen = circuits.filter(({ id }) => !before.ids.has(id)).length
  const opened = counts.circuitsOpened - before.opened
  before = { ids: new Set(circuits.map(({ id }) => id)), opened: counts.circuitsOpened }
  // A list that was cut does not tell.
  return isFirst || circuits.length < counts.circuits ? 0 : Math.max(0, opened - seen)
}

const pair = ({ source, target }) => `${peerFace(source).name} and ${peerFace(target).name}`

// MARK: Places

/** Places on an ellipse around 0, all equally far from their neighbours, the first one on the left. */
function ring(count, reachX, reachY) {
  const steps = 720
  const at = (step) => [-Math.cos(step / steps * 2 * Math.PI) * reachX, -Math.sin(step / steps * 2 * Math.PI) * reachY]
  const lengths = [0]
  for (let step = 1; step <= steps; step++) {
    const [[x, y], [fromX, fromY]] = [at(step), at(step - 1)]
    lengths.push(lengths.at(-1) + Math.hypot(x - fromX, y - fromY))
  }
  return Array.from({ length: count }, (_, index) => at(lengths.findIndex((length) => length >= index / count * lengths.at(-1))))
}

/** Puts everything where it belongs in a picture of this size. */
function lay() {
  const picture = byID('graph')
  const width = Math.max(280, picture.clientWidth)
  const height = peers.size === 0 ? 180 : width < NARROW ? width : Math.min(440, width * 0.62)
  set(picture, { viewBox: `0 0 ${width} ${height}`, height })
  const isNarrow = width < NARROW
  const [x, y] = [width / 2, height / 2 - 6]
  const [reachX, reachY] = [x - (isNarrow ? 30 : 64), y - (isNarrow ? 30 : 34)]
  byID('graph-relay').setAttribute('transform', `translate(${x} ${y})`)
  const scale = isNarrow && places > 12 ? 0.72 : 1
  const around = ring(places, reachX, reachY)
  for (const peer of peers.values()) {
    peer.at = [x + around[peer.slot][0], y + around[peer.slot][1]]
    peer.place.setAttribute('transform', `translate(${peer.at[0].toFixed(1)} ${peer.at[1].toFixed(1)}) scale(${scale})`)
    set(peer.spoke, { x1: x, y1: y, x2: peer.at[0].toFixed(1), y2: peer.at[1].toFixed(1) })
    const words = places > 12 ? (isNarrow ? '' : peer.name.split(' ')[0]) : isNarrow && places > 6 ? peer.name.split(' ')[0] : peer.name
    setText(peer.label, words)
    set(peer.label, { y: 31 })
  }
  for (const { circuit, line, flow } of lines.values()) {
    const [from, to] = [peers.get(circuit.source)?.at, peers.get(circuit.target)?.at]
    if (!from || !to) continue
    // The curve leaves both peers towards the relay, and passes close to it.
    const near = ([left, top]) => [x + (left - x) * 0.08, y + (top - y) * 0.08]
    const [start, first, second, end] = [from, near(from), near(to), to].map((point) => point.map((one) => one.toFixed(1)).join(' '))
    const path = `M${start}C${first} ${second} ${end}`
    set(line, { d: path })
    set(flow, { d: path })
  }
}

new ResizeObserver(() => { if (!isFirst) lay() }).observe(byID('graph'))

// MARK: Words

function drawWords(now, shown, ended, short) {
  const others = now.counts.peers - shown
  const more = `${shown} peers are drawn, and there ${others === 1 ? 'is' : 'are'} ${whole.format(others)} more.`
  setText(byID('graph-more'), others > 0 && shown > 0 ? more : '')
  byID('graph-empty').hidden = shown > 0
  setText(byID('graph-empty'), others > 0 ? onlyThere : 'Peers appear here as soon as they connect.')
  const total = now.circuits.reduce((sum, { sent, returned }) => sum + sent + returned, 0)
  const words = now.circuits.length === 0 ? 'The relay and its peers. No circuit is open.'
    : `The relay and its peers, with ${many(now.circuits.length, 'circuit')} that carried ${bytes(total)}. The list below has each.`
  byID('graph').setAttribute('aria-label', words)
  const last = ended.at(-1)
  if (short > 0) {
    const why = 'as it is when two peers soon have a direct connection'
    setText(byID('graph-news'), `${many(short, 'circuit')} opened and ended within seconds, ${why}.`)
  } else if (last) {
    const { circuit } = last, rest = ended.length > 1 ? ` So did ${many(ended.length - 1, 'other circuit')}.` : ''
    const moved = `${duration(circuit.age)} and ${bytes(circuit.sent + circuit.returned)}`
    setText(byID('graph-news'), `The circuit of ${pair(circuit)} ended after ${moved}.${rest}`)
  }
}
