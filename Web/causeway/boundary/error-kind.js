// Made of Sources/CausewayWeb/ErrorKind.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// Why something failed, as the page is told: the page makes the words. `.wrongPeer` is its `ERR_WRONG_PEER`, and so on; `.aborted` is
// `ABORT_ERR`.

/** By number. */
export const NAMES = `NONE CONNECTION_LOST CLOSED TIMEOUT PEER_FAULT LIMIT NOT_CONNECTED LIMITED_CONNECTION UNSUPPORTED_PROTOCOL RESET
  ABORTED_LOCALLY REFUSED_BY_RELAY UNRESOLVED ABORTED BACKED_OFF UNSUPPORTED_TRANSPORT OWN_PEER UNREACHABLE ANSWER
  NOT_RELAY_ADDRESS KEY_TYPE WRONG_PEER CIRCUIT_BYTES CIRCUIT_DURATION MESSAGE_TOO_LARGE NO_SUBSCRIBERS INVALID_TOPIC
  PUBSUB_OFF HEARSAY`.split(/\s+/)
