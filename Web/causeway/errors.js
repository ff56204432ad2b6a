// The errors that a page gets; their codes are listed in causeway.d.ts.

import { reasonOf } from './words.js'

export class CausewayError extends Error {
  constructor(code, message = reasonOf(code), more) {
    super(message, more)
    this.name = code === 'ABORT_ERR' ? 'AbortError' : 'CausewayError'
    this.code = code
    Object.assign(this, more)
  }
}

/** An error in its code's own words, behind what was attempted. */
export const failure = (code, what, { limit, ...more } = {}) =>
  new CausewayError(code, `${what ? `${what}: ` : ''}${reasonOf(code, { limit, ...more })}`, more)
export const refuse = (code, message, more) => { throw new CausewayError(code, message, more) }
/** An error as one of ours. */
export const asOurs = (cause, code, message) => cause instanceof CausewayError ? cause : new CausewayError(code, message, { cause })
export const aborted = (signal, what) => failure('ABORT_ERR', what, { cause: signal.reason })
