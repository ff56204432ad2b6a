// Why something failed, in words: what happened, whose limit it was, and what to do about it.

import { NAMES } from './boundary/limit-name.js'

/** A relay's statuses (circuit-v2.md, "Status Codes"). */
const statuses = {
  200: 'it has no room for another place', 201: 'a limit of its own was reached', 202: 'it does not allow this',
  203: 'it could not reach the peer', 204: 'the peer has no place there',
}

const usedUp = (limit) => `the relay allows ${limit} for a circuit, which are used up; a direct connection has no such limit`
const nameOf = (limit) => (NAMES[limit] ?? '').replace(/[A-Z]/g, (one) => ` ${one.toLowerCase()}`)

const words = {
  ABORT_ERR: 'the signal was aborted',
  ERR_ABORTED_LOCALLY: 'this side aborted it',
  ERR_ANSWER: 'the answer was invalid',
  ERR_BACKED_OFF: 'not dialled, because a recent attempt failed',
  ERR_CIRCUIT_BYTES: ({ value }) => usedUp(`${value} bytes`),
  ERR_CIRCUIT_DURATION: ({ value }) => usedUp(`${value} seconds`),
  ERR_CLOSED: 'it was closed',
  ERR_CONNECTION_LOST: 'the connection was lost',
  ERR_INVALID_TOPIC: 'a topic is a text that is neither empty nor too long',
  ERR_HEARSAY: 'not dialled, because only other peers named this address, and it is private or contains a path',
  ERR_KEY_TYPE: "the remote's key is not an Ed25519 key, and a page cannot verify others",
  ERR_LIMIT: ({ value, limit }) => `a limit of this node was reached${value ? `: ${value}` : ''}${nameOf(limit) && ` (${nameOf(limit)})`}`,
  ERR_LIMITED_CONNECTION: 'a relay limits the only connection to this peer: set runOnLimitedConnection, or wait for a direct connection',
  ERR_MESSAGE_TOO_LARGE: ({ value }) => `a message can have ${value} bytes at most`,
  ERR_NOT_CONNECTED: 'the peer is not connected, and none of its addresses is known',
  ERR_NOT_RELAY_ADDRESS: 'not the address of a relay: it must end in /p2p/<peer id>',
  ERR_NO_SUBSCRIBERS: 'no connected peer subscribes to it: wait for one (pubsub.ready), or set allowPublishToZeroTopicPeers; '
    + 'gossip does not use connections that a relay limits',
  ERR_OWN_PEER: 'this is the node itself',
  ERR_PEER_FAULT: ({ value }) => `the remote violated a protocol${value ? ` (fault ${value >>> 16}.${value & 0xffff})` : ''}`,
  ERR_PUBSUB_OFF: 'pubsub is off: the node was made with pubsub: false',
  ERR_REFUSED_BY_RELAY: ({ value }) => `the relay refused with status ${value}${statuses[value] ? `: ${statuses[value]}` : ''}`,
  ERR_RESET: 'the remote reset the stream',
  ERR_STOPPED: 'the node is not running',
  ERR_TIMEOUT: 'there was no answer in time',
  ERR_UNREACHABLE: 'none of the addresses could be reached',
  ERR_UNRESOLVED: 'the name could not be resolved',
  ERR_UNSUPPORTED_PROTOCOL: 'the remote does not serve this protocol; '
    + 'on a connection that a relay limits, its handler needs runOnLimitedConnection',
  ERR_UNSUPPORTED_TRANSPORT: 'a page cannot dial this kind of address',
  ERR_WRONG_PEER: 'another peer answered than the address names; a relay that does not keep its key has a new peer id each time',
  /** Of an address that was dialled. */
  nobody: 'nothing answers there as a peer (the browser does not say why)',
}

/** `more` has what the error has: its `value`, and the number of the `limit` that was reached. */
export function reasonOf(code, more = {}) {
  const reason = words[code] ?? code
  return typeof reason === 'string' ? reason : reason(more)
}
