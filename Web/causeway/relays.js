// Relays that are named by the URL at which they serve pages. Each says there which peer it is.

import { CausewayError } from './errors.js'
import { originAddress } from './multiaddr.js'
import { peerIdFromString } from './peerid.js'

const WAIT = 10_000

/** One or several relays, by their addresses. One that does not say who it is is left out, as long as there are others. */
export async function findRelays(relays = []) {
  const asked = await Promise.allSettled([relays].flat().map(async (one) => /^https?:/.test(one) ? ask(String(one)) : one))
  const found = asked.filter(({ reason }) => !reason).map(({ value }) => value)
  for (const { reason } of asked) {
    if (reason && !found.length) throw reason
    if (reason) console.warn(reason.message)
  }
  return found
}

async function ask(text) {
  let url = text, came = ''
  try {
    url = new URL('/relay.json', text)
    const response = await fetch(url, { signal: AbortSignal.timeout(WAIT) })
    came = `status ${response.status}, ${response.headers.get('content-type')}`
    return `${originAddress(url)}/p2p/${peerIdFromString((await response.json()).peerId)}`
  } catch (cause) {
    throw new CausewayError('ERR_UNREACHABLE', `no relay says at ${url} who it is: ${came || cause.message}`, { cause })
  }
}
