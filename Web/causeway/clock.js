// The clock of a node: milliseconds that never run backwards, and go on while the machine sleeps.

/** What the page's own clock showed at the wall's time 0. */
export const epoch = () => Date.now() - performance.now()

/** `jumped` is called when the machine has slept. */
export function makeClock(jumped) {
  let origin = epoch(), slept = 0
  return () => {
    const now = performance.now() + slept, ahead = Date.now() - origin - now
    if (Math.abs(ahead) < 5000) return now
    if (ahead < 0) {
      origin += ahead
      return now
    }
    slept += ahead
    jumped()
    return now + ahead
  }
}
