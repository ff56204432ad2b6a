// The path to a peer, and the attempt to reach it without the relay.

import { bounds } from './chat-bounds.js'
import { directFault, pathOf, worthDialling } from './chat-words.js'

/** After this time a WebRTC attempt has ended, whichever side started it. */
const PATIENCE = 40000

export const OWN_RELAY = 'our relay'

/**
 * Where to meet a peer that announced itself, and at which addresses: at our own relay if it says that it is there, otherwise at the first
 * host that it names. For a peer that is already connected over a relay, only its direct addresses count.
 */
export function meetingPlace({ addresses, path }, relay) {
  const worth = worthDialling(addresses).filter((one) => !path || !one.includes('/p2p-circuit'))
  const here = worth.filter((one) => one.includes(`/p2p/${relay}/p2p-circuit`))
  return here.length ? { place: OWN_RELAY, addresses: here } : { place: worth[0]?.split('/')[2], addresses: worth }
}

const isUpgrade = (address) => /\/webrtc(\/|$)/.test(address)

/** Updates a peer's `connection`, `path` and `upgrade`. `upgrade` exists while only relayed connections lead to the peer. */
export function followPath(known, connections) {
  const open = connections.filter((one) => one.status === 'open')
  known.connection = open.find((one) => one.direct) ?? open[0]
  known.path = known.connection && pathOf(known.connection)
  if (known.path?.kind !== 'relayed') {
    known.upgrade = undefined
    return
  }
  // The side that dialled the relayed connection starts the upgrade.
  const state = open.some((one) => one.direction === 'outbound') ? 'trying' : 'awaited'
  if (!known.upgrade) known.upgrade = { state, since: Date.now(), tries: 0 }
  else if (known.upgrade.state === 'awaited') known.upgrade.state = state
}

/** Records a failed dial. Returns whether it was the attempt to go around the relay; one that was given up says nothing of the path. */
export function followFault(known, outcome) {
  if (!isUpgrade(outcome.address) || outcome.code === 'ABORT_ERR' || known.path?.kind === 'direct') return false
  const tries = (known.upgrade?.tries ?? 0) + 1
  known.upgrade = { state: 'failed', since: Date.now(), tries, outcome, words: directFault(outcome) }
  return true
}

/** Whether an attempt at a direct connection is still running. */
export const isUpgrading = (known) =>
  /trying|awaited/.test(known.upgrade?.state) && Date.now() - known.upgrade.since < PATIENCE

/** A peer's path in words: `[kind, words]`. */
export function pathWords(known) {
  if (known.isMeeting) return ['connecting', 'Connecting…']
  if (known.path?.kind === 'relayed' && !known.isRelay) {
    const end = isUpgrading(known) ? ', trying a direct connection…' : ', no direct connection'
    return ['relayed', known.path.words + end]
  }
  if (known.path) return [known.path.kind, known.path.words]
  if (known.failure) return ['failed', `Could not connect: ${known.failure.words}`]
  return ['none', known.inRoom ? 'In the room, not connected to you' : 'Not connected']
}

/** A peer's path in a word or two. */
export function pathLabel(known) {
  const [kind] = pathWords(known)
  if (kind === 'relayed' && !known.isRelay) return isUpgrading(known) ? 'relayed…' : 'relayed'
  return { direct: 'direct', connecting: 'connecting…', failed: 'not reached' }[kind] ?? (kind === 'relayed' ? 'relayed' : 'away')
}

/** Why a connected peer is not connected directly. Undefined: it is, or an attempt is running. */
export function whyRelayed(known) {
  if (known.path?.kind !== 'relayed' || known.isRelay || isUpgrading(known)) return undefined
  return known.upgrade.words ?? 'the other side tried it without success, and knows why'
}

/** Waits until something holds, `milliseconds` at most. */
function waitUntil(isOver, chat, milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(late)
      chat.removeEventListener('change', look)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const look = () => isOver() && end()
    const late = setTimeout(end, milliseconds)
    chat.addEventListener('change', look)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    look()
  })
}

/** Waits while an attempt at a direct connection is running, `milliseconds` at most. Returns whether there is one. */
export async function directPath(chat, known, milliseconds, signal) {
  await waitUntil(() => known.path?.kind !== 'relayed' || !isUpgrading(known), chat, milliseconds, signal)
  return known.path?.kind === 'direct'
}

/** Whether a peer whose stream has just ended is leaving: its connection ends a moment later. */
export async function isLeaving(chat, known) {
  await waitUntil(() => !known.path, chat, bounds.leavingSeconds * 1000)
  return !known.path
}
