// Causeway's browser peer: sockets, timers, streams and the API around causeway.wasm, which has the protocols.
// MIT or Apache-2.0. The types and their comments are in causeway.d.ts. Scripts/build-web.sh makes one file of this and what it imports.

export { CausewayError } from './causeway/errors.js'
export { multiaddr } from './causeway/multiaddr.js'
export { createLibp2p } from './causeway/libp2p.js'
export { createNode } from './causeway/node.js'
export { peerIdFromString } from './causeway/peerid.js'
