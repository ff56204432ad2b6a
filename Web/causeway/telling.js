// How the application is told of what nobody asked for, and waits.

export const emit = (target, type, detail) => { target.dispatchEvent(new CustomEvent(type, { detail })) }

/** For what nobody handles, as for the error of a listener. */
export const complain = (error) => (globalThis.reportError ?? console.error)(error)

/** A promise whose failure may be nobody's concern. */
export const unwatched = (promise) => {
  promise.catch(() => {})
  return promise
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
