// What was asked of the module and is not answered yet.

import * as Command from './boundary/command.js'
import * as Event from './boundary/event.js'
import { notConnected, toError } from './answers.js'
import { aborted } from './errors.js'

export function makeRequests({ command, send }) {
  const waiting = new Map()
  /** Even: the module numbers the streams that remotes open, by odd numbers. */
  let last = 0

  const answer = (id, ...values) => waiting.get(id)?.answer(...values)
  const reject = (id, error) => waiting.get(id)?.reject(error)
  /** What is attempted, in words. */
  const whatOf = (id) => waiting.get(id)?.what

  /** A promise with an abort signal. `begin` gets its number; `read` makes the result of the answer, or throws. */
  const wait = (what, signal, begin, cancel, read) => new Promise((resolve, reject) => {
    if (signal?.aborted) throw aborted(signal, what)
    const id = last += 2
    const settle = (act) => (...values) => {
      waiting.delete(id)
      signal?.removeEventListener('abort', stop)
      try { act(...values) } catch (error) { reject(error) }
    }
    const stop = settle(() => {
      send(cancel, id)
      reject(aborted(signal, what))
    })
    waiting.set(id, { what, answer: settle((...values) => resolve(read(...values, id))), reject: settle(reject) })
    signal?.addEventListener('abort', stop)
    try { begin(id) } catch (error) { settle(reject)(error) }
  })

  return {
    wait, answer, reject, whatOf,
    isIdle: () => !waiting.size,
    ask: (what, kind, b, bytes, signal, read) => wait(what, signal, (id) => command(kind, id, b, bytes), Command.CANCEL, read),
    end(error) { for (const id of [...waiting.keys()]) reject(id, error) },
    events: {
      [Event.ANSWERED]: (request, b, ...parts) => answer(request, b, parts),
      [Event.FAILED](request, isFault, ...parts) {
        const what = whatOf(request)
        reject(request, isFault ? toError(parts[0], what) : notConnected(parts, what))
      },
    },
  }
}
