// What few pages need: causeway.js loads it when the first of this is asked for.
// MIT or Apache-2.0. Scripts/build-web.sh makes one file of this and what it imports. What it needs of causeway.js is passed to it, as that
// may be another of the package's three scripts.

export { expand } from './causeway/more/dnsaddr.js'
export { takeKey } from './causeway/more/key.js'
export { createLibp2p } from './causeway/more/libp2p.js'
export { makeResumables } from './causeway/resumable/resumables.js'
