// Streams that go on over another connection (docs/resumable.md): what causeway.js loads when the first of them is asked for.
// MIT or Apache-2.0. Scripts/build-web.sh makes one file of this and what it imports.

export { makeResumables } from './causeway/resumable/resumables.js'
