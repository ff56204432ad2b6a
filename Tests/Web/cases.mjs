// Runs cases, prints a line each and the closing line.
let passed = 0, failed = 0, print = console.log

/** Where the lines go: from a page, to its server. */
export function printTo(act) { print = act }

export async function test(name, body, milliseconds = 40_000) {
  const began = performance.now(), undo = []
  let timer
  try {
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not done in ${milliseconds} ms`)), milliseconds) })
    await Promise.race([body((act) => undo.unshift(act)), late])
    passed += 1
    print(`ok    ${name} (${Math.round(performance.now() - began)} ms)`)
  } catch (error) {
    failed += 1
    // Firefox's stacks do not say what happened.
    print(`FAIL  ${name}: ${/firefox/i.test(globalThis.navigator?.userAgent) ? `${error}\n` : ''}${error?.stack ?? error}`)
  } finally {
    clearTimeout(timer)
    for (const act of undo) await act()
  }
}

export function close() {
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed || !passed ? 1 : 0)
}

export function equal(one, other, what = 'values differ') {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`)
}

export function check(truth, what) { if (!truth) throw new Error(what) }

/** That it fails with this code; the error. */
export async function fails(code, act) {
  let value
  try { value = await (typeof act === 'function' ? act() : act) } catch (error) {
    if (error.code !== code) throw new Error(`${code} was expected, not ${error.code}: ${error.message}`, { cause: error })
    return error
  }
  throw new Error(`${code} was expected, not ${value}`)
}

export function eventOf(target, type, where = () => true, milliseconds = 15_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no event ${type} in ${milliseconds} ms`)), milliseconds)
    target.addEventListener(type, function listener({ detail }) {
      if (!where(detail)) return
      clearTimeout(timer)
      target.removeEventListener(type, listener)
      resolve(detail)
    })
  })
}

export async function until(truth, what, milliseconds = 15_000) {
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    if (await truth()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not in ${milliseconds} ms: ${what}`)
}

export async function readAll(readable) {
  const chunks = []
  for await (const chunk of readable) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** A pattern that shows a byte that is missing, doubled or out of place. */
export function pattern(count) {
  const bytes = new Uint8Array(count), view = new DataView(bytes.buffer)
  for (let at = 0; at + 4 <= count; at += 4) view.setUint32(at, at)
  return bytes
}
