// What the module tells, from the parts of its events (boundary/event.js) to what the application gets.

import { NAMES } from './boundary/error-kind.js'
import { nothing, number, string } from './bytes.js'
import { CausewayError, failure } from './errors.js'
import { addressOf, toAddress } from './multiaddr.js'
import { toPeer } from './peerid.js'
import { reasonOf } from './words.js'

const valueOf = (fault) => number(fault.subarray(0, 4))

/** A fault's code; undefined: it went well. */
export const codeOf = ([, , , , kind]) => !kind ? undefined : NAMES[kind] === 'ABORTED' ? 'ABORT_ERR' : `ERR_${NAMES[kind]}`

/** A fault as an error, in which `what` says what failed; undefined: it went well. */
export function toError(fault, what, more) {
  const code = codeOf(fault), value = valueOf(fault)
  return code && failure(code, what, { ...value && { value }, limit: fault[5], ...more })
}

export function toOutcome(address, fault, milliseconds) {
  const code = codeOf(fault), value = valueOf(fault), isNobody = code === 'ERR_CONNECTION_LOST' && !/\/webrtc/.test(address)
  const result = code ? reasonOf(isNobody ? 'nobody' : code, { value, limit: fault[5] }) : 'connected'
  return { address, result, code, value, milliseconds: number(milliseconds) }
}

/** Why there is no connection, of the parts of every outcome. */
export function notConnected(parts, what) {
  const outcomes = []
  while (parts.length) {
    const [address, fault, milliseconds] = parts.splice(0, 3)
    outcomes.push(toOutcome(toAddress(address), fault, milliseconds))
  }
  if (!outcomes.length) return failure('ERR_NOT_CONNECTED', what)
  const [{ code, value }] = outcomes, isOne = outcomes.every((one) => one.code === code)
  const words = outcomes.map((one) => `${one.address}: ${one.result}`).join('; ')
  return new CausewayError(isOne ? code : 'ERR_UNREACHABLE', `${what}: ${words}`, { outcomes, ...isOne && value && { value } })
}

/** Of two parts, each empty if there is no such limit. */
export function limitsOf(bytes = nothing, seconds = nothing) {
  if (bytes.length || seconds.length) {
    return { ...bytes.length && { bytes: number(bytes) }, ...seconds.length && { seconds: number(seconds) } }
  }
}

export function identified([peer, agent, version, observed, count, ...rest]) {
  const addresses = number(count)
  return {
    peerId: toPeer(peer), agentVersion: string(agent), listenAddrs: rest.slice(0, addresses).map((one) => addressOf(peer, one)),
    protocols: rest.slice(addresses).map(string), protocolVersion: string(version),
    observedAddr: observed.length ? toAddress(observed) : undefined,
  }
}

export function toReservation(state, [relay, expires, bytes, seconds, ...addresses]) {
  const until = number(expires), limits = limitsOf(bytes, seconds)
  return {
    state, relay: toPeer(relay), addresses: addresses.map(toAddress),
    ...until && { expires: new Date(until * 1000) }, ...limits && { limits },
  }
}

export const directionOf = (isInbound) => isInbound ? 'inbound' : 'outbound'
