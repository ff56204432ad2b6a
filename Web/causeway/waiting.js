// How the application waits for something to become true.

import { aborted, failure } from './errors.js'

/** How long a node, or a topic, may take to become ready. */
export const READY_TIME = 30_000

/**
 * Resolves with the first answer of `look` that is true. It looks at once and at every event of these types, and fails with what that
 * throws, when the signal is aborted, and after so many milliseconds (0: never).
 */
export async function waitFor(target, types, look, what, { signal } = {}, milliseconds = 0) {
  const end = new AbortController()
  try {
    return await new Promise((resolve, reject) => {
      const listen = (from, type, act) => from.addEventListener(type, act, { signal: end.signal })
      const check = (event) => {
        try {
          const found = look(event)
          if (found) resolve(found)
        } catch (error) { reject(error) }
      }
      const stop = () => reject(aborted(signal, what))
      if (signal) listen(signal, 'abort', stop)
      if (signal?.aborted) return stop()
      for (const type of types) listen(target, type, check)
      if (milliseconds) {
        const timer = setTimeout(() => reject(failure('ERR_TIMEOUT', what)), milliseconds)
        listen(end.signal, 'abort', () => clearTimeout(timer))
      }
      check()
    })
  } finally { end.abort() }
}
