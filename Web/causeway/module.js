// One instance of the module: the page's commands go in, its events come out when the export has returned, and the page has one timer
// for it.

import * as Command from './boundary/command.js'
import { nothing, randomBytes, split, string, utf8 } from './bytes.js'
import { makeClock } from './clock.js'
import { CausewayError, failure, refuse } from './errors.js'
import { complain } from './telling.js'

const LONGEST_TIMER = 2 ** 31 - 1

export class Module {
  #exports
  /** Why it does not run any more. */
  #failing
  #handle
  #trapped
  #events = []
  #timer
  #isScheduled = false
  #isDraining = false
  #clock = makeClock(() => this.send(Command.SUSPENDED))

  /** `handle` gets each event, `trapped` the error of a module that failed. */
  constructor(handle, trapped) {
    this.#handle = handle
    this.#trapped = trapped
  }

  get isRunning() { return !!this.#exports }

  /** Makes the instance, and gives it its first command. */
  async load(compiled, ...start) {
    const host = {
      random: (p, n) => this.#memory(p, n).set(randomBytes(n)),
      log: (p, n) => console.debug('causeway:', string(this.#memory(p, n))),
      event: (kind, a, b, p, n) => { this.#events.push([kind, a >>> 0, b >>> 0, this.#memory(p, n).slice()]) },
    }
    try { this.#exports = (await WebAssembly.instantiate(compiled, { host })).exports } catch (cause) {
      refuse('ERR_WASM', 'the module cannot run here', { cause })
    }
    this.#exports._initialize?.()
    this.command(Command.START, ...start)
    this.turn()
    if (this.#failing) throw this.#failing
  }

  #memory(p, n) { return new Uint8Array(this.#exports.memory.buffer, p >>> 0, n) }

  /** Throws if the module does not run, or fails; answers what the module answers. */
  command = (kind, a = 0, b = 0, bytes = nothing) => {
    const now = this.#clock(), exports = this.#exports
    if (!exports) throw this.#failing ?? new CausewayError('ERR_STOPPED', 'the node is not running')
    const p = exports.buffer_allocate(bytes.length)
    if (!p) throw failure('ERR_LIMIT', `the module has no room for ${bytes.length} bytes`, { value: bytes.length })
    try {
      this.#memory(p, bytes.length).set(bytes)
      const answer = exports.command(kind, a, b, p, bytes.length, now)
      exports.buffer_free(p)
      if (!this.#isScheduled) {
        this.#isScheduled = true
        queueMicrotask(() => this.#isScheduled && this.turn())
      }
      return answer
    } catch (cause) {
      this.#trap(cause)
      throw this.#failing
    }
  }

  /** A command that does not matter any more when the node is gone. */
  send = (...given) => {
    if (!this.#exports) return
    // If the module fails now, the node has said so.
    try { this.command(...given) } catch {}
  }

  /** A question, which is answered at once, of what is so now; the answer is the last event. */
  query(kind, link = 0, argument = '') {
    this.#work()
    this.send(kind, link, 0, utf8(argument))
    return split(this.#events.pop()?.[3] ?? nothing)
  }

  /** Lets the module work. */
  #work() {
    const now = this.#clock()
    if (!this.#exports) return
    clearTimeout(this.#timer)
    this.#isScheduled = false
    try {
      const deadline = this.#exports.turn(now)
      // Nobody looks at a page that is hidden: it works when something arrives, or for whom has asked for something.
      if (deadline === Infinity || globalThis.document?.hidden && this.isIdle()) return
      this.#timer = setTimeout(() => this.turn(), Math.min(Math.ceil(deadline - now), LONGEST_TIMER))
    } catch (cause) { this.#trap(cause) }
  }

  /** Lets it work, and hands its events on. */
  turn() {
    this.#work()
    if (this.#isDraining) return
    this.#isDraining = true
    // An application's listener may ask, which adds events at the end.
    for (let index = 0; index < this.#events.length; index++) {
      try { this.#handle(...this.#events[index]) } catch (error) { complain(error) }
    }
    this.#events = []
    this.#isDraining = false
  }

  #trap(cause) { this.#trapped(new CausewayError('ERR_TRAP', 'the module failed; the node is closed', { cause })) }

  /** What is asked of it from now on fails with `error`. */
  end(error) {
    this.#exports = undefined
    this.#failing = error
    this.#events = []
    clearTimeout(this.#timer)
  }
}
