// Whom the application wants to reach.

import { undialable } from './dialable.js'
import { refuse } from './errors.js'
import { parse, peerOf } from './multiaddr.js'

/** The peer that is meant, and what of its addresses a page can dial; throws if it can dial none of those that are given. */
export function readDestination(to) {
  const list = [to].flat().map(String)
  if (list.length === 1 && !list[0].startsWith('/')) return { peer: peerOf(list[0]), addresses: [] }
  if (!list.length) refuse('ERR_INVALID_ARGUMENT', 'expected an address, but the list is empty')
  let peer
  const faults = list.map((one) => {
    // One that cannot be read does not spoil the others.
    try { parse(one) } catch (error) { return error }
    const [name, value] = parse(one).at(-1)
    if (name !== 'p2p') refuse('ERR_INVALID_ADDRESS', `${one} must end in /p2p/<peer id>`)
    if (value !== (peer ??= value)) refuse('ERR_INVALID_ADDRESS', 'the addresses belong to several peers')
    return undialable(one)
  })
  if (faults.every(Boolean)) throw faults[0]
  return { peer, addresses: list.filter((_, index) => !faults[index]) }
}
