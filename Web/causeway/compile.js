// Where the module comes from.

import { asOurs, refuse } from './errors.js'

/** The compiled module; by default `causeway.wasm` beside the package's one file, of which this becomes a part. */
export async function compile(source = new URL('causeway.wasm', import.meta.url)) {
  try {
    if (source instanceof WebAssembly.Module) return source
    if (!(source instanceof URL) && typeof source !== 'string') return await WebAssembly.compile(source)
    const url = new URL(source, globalThis.location?.href ?? import.meta.url)
    if (url.protocol === 'file:' && globalThis.process) {
      const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ 'node:fs/promises')
      return await WebAssembly.compile(await readFile(url))
    }
    const response = await fetch(url)
    if (!response.ok) refuse('ERR_WASM', `${url}: status ${response.status}`)
    return await WebAssembly.compile(await response.arrayBuffer())
  } catch (cause) {
    throw asOurs(cause, 'ERR_WASM', 'the module could not be loaded')
  }
}
