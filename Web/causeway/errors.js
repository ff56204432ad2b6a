// The errors that a page gets; their codes are listed in causeway.d.ts.

export const wordsOf = (code) => code === 'ABORT_ERR' ? 'aborted' : code.slice(4).toLowerCase().replaceAll('_', ' ')

export class CausewayError extends Error {
  constructor(code, message = wordsOf(code), more) {
    super(message, more)
    this.name = code === 'ABORT_ERR' ? 'AbortError' : 'CausewayError'
    this.code = code
    Object.assign(this, more)
  }
}

/** An error in its code's own words. */
export const failure = (code, more) => new CausewayError(code, undefined, more)
export const refuse = (code, message, more) => { throw new CausewayError(code, message, more) }
/** An error as one of ours. */
export const asOurs = (cause, code, message) => cause instanceof CausewayError ? cause : new CausewayError(code, message, { cause })
export const aborted = (signal) => failure('ABORT_ERR', { cause: signal.reason })
