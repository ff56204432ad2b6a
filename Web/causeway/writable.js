// A stream's direction to the remote. A write waits while much is on its way.

import { view } from './bytes.js'
import { unwatched } from './telling.js'

/** While more waits to be sent, writers wait. */
export const HIGH_WATER = 256 << 10

/**
 * - `write` takes bytes and answers how many wait to be sent; `finish` ends the direction, and resolves when all of it is with the remote.
 * - `check` throws when the stream has failed; asked whether it may be written, when it has ended, too.
 */
export function makeWritable({ write, finish, abort, check }) {
  let output, writer, drained, written

  const writeAll = async (bytes) => {
    for (let at = 0; at < bytes.length; at += HIGH_WATER) {
      check(true)
      if (write(bytes.subarray(at, at + HIGH_WATER)) > HIGH_WATER) await new Promise((resolve) => { drained = resolve })
    }
    check()
  }

  const writable = new WritableStream({
    start(controller) {
      output = controller
      // `abort` below waits for the write that is going on, and that one for the remote. A moment later, or it is not called at all.
      controller.signal?.addEventListener('abort', () => queueMicrotask(() => abort(controller.signal.reason)))
    },
    write: (chunk) => written = writeAll(view(chunk)),
    close: finish,
    abort,
  })
  const getWriter = writable.getWriter.bind(writable)
  writable.getWriter = () => {
    const made = writer = getWriter(), release = made.releaseLock.bind(made)
    made.releaseLock = () => {
      release()
      if (writer === made) writer = undefined
    }
    return made
  }

  return {
    writable,
    /** Ends the direction in the application's stead, behind what it has written. */
    close: () => unwatched((async () => {
      if (!writable.locked) return writable.close()
      // Locked: by the writer that was handed out last, or by a pipe, which has no more to say.
      if (writer) return writer.close()
      await written
      return finish()
    })()),
    drained: () => drained?.(),
    failed: (error) => output.error(error),
  }
}
