// Where the module comes from.

import { CausewayError } from './errors.js'

/** Where a script that is no module comes from: only while it runs for the first time does the page say so. */
const script = globalThis.document?.currentScript?.src

/** `causeway.wasm` beside the package's one file, of which this becomes a part. Bundlers look for these very words. */
function besideUs() {
  try { return new URL('causeway.wasm', import.meta.url) } catch { return new URL('causeway.wasm', script ?? globalThis.location?.href) }
}

/** The compiled module. */
export async function compile(source) {
  let url, came
  try {
    source ??= besideUs()
    if (source instanceof WebAssembly.Module) return source
    if (!(source instanceof URL) && typeof source !== 'string') return await WebAssembly.compile(source)
    url = new URL(source, globalThis.location?.href ?? import.meta.url)
    if (url.protocol === 'file:' && globalThis.process) {
      const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ 'node:fs/promises')
      return await WebAssembly.compile(await readFile(url))
    }
    const response = await fetch(url)
    came = `status ${response.status}, ${response.headers.get('content-type')}`
    return await WebAssembly.compile(await response.arrayBuffer())
  } catch (cause) {
    throw new CausewayError('ERR_WASM', `the module could not be loaded${url ? ` from ${url}` : ''}: ${
      came ? `${came} came instead. Put causeway.wasm there, or say by the option wasm where it is` : cause.message}`, { cause })
  }
}
