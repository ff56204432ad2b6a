// A stream's direction from the remote. The remote may send more only when the application has read: that is back-pressure.

import { append } from './bytes.js'

/** `consume` is told of bytes that the application has taken, or does not want. */
export function makeReadable(consume) {
  let input, pulled, chunks = [], fault, isFinished = false, isDiscarding = false

  const settle = () => {
    if (chunks.length || !input) return
    // What the remote has finished is whole, whatever becomes of the connection then.
    if (isFinished) input.close()
    else if (fault) input.error(fault)
    else return
    input = undefined
    pulled?.()
  }
  const deliver = () => {
    const chunk = chunks.shift()
    input.enqueue(chunk)
    consume(chunk.length)
    settle()
  }
  /** Throws away what waits and what comes. */
  const discard = () => {
    isDiscarding = true
    for (const one of chunks.splice(0)) consume(one.length)
  }

  const readable = new ReadableStream({
    start(controller) { input = controller },
    pull() {
      if (chunks.length) deliver()
      else if (input) return new Promise((resolve) => { pulled = () => { pulled = undefined; resolve() } })
    },
    cancel() {
      input = undefined
      discard()
    },
  }, { highWaterMark: 0 })

  return {
    readable, discard,
    received(bytes) {
      if (isDiscarding) return consume(bytes.length)
      append(chunks, bytes)
      if (!pulled) return
      const resolve = pulled
      deliver()
      resolve()
    },
    finished() {
      isFinished = true
      settle()
    },
    failed(error) {
      fault = error
      settle()
    },
    /** Aborted here: what waits is not read any more, and no end that came before counts. */
    abort() {
      chunks = []
      isFinished = false
    },
  }
}
