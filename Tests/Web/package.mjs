// The package as it is handed out: its readable and its global form, and its source map.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { check, equal, fails, test } from './cases.mjs'

export async function packaged(dist) {
  await test('the readable form is the same package', async (after) => {
    const load = (name) => import(pathToFileURL(join(dist, name)))
    const one = await load('causeway.js'), other = await load('causeway.readable.js')
    equal(Object.keys(other).sort(), Object.keys(one).sort())
    const node = await other.createNode()
    after(() => node.stop())
    equal(node.status, 'started')
  })

  await test('the global form finds its module beside its script', async (after) => {
    const source = await readFile(join(dist, 'causeway.global.js'), 'utf8'), wasm = await readFile(join(dist, 'causeway.wasm')), asked = []
    const server = createServer(({ url }, response) => {
      asked.push(url)
      if (url === '/lib/causeway.wasm') response.setHeader('content-type', 'application/wasm').end(wasm)
      else response.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    after(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const home = `http://127.0.0.1:${server.address().port}`
    /** What the script makes of a page; `src` is where it comes from, if the page says so. */
    const load = (src) => {
      globalThis.document = Object.assign(new EventTarget(), src && { currentScript: { src } })
      after(() => { delete globalThis.document })
      return vm.runInThisContext(`(() => { ${source}; return causeway })()`)
    }
    const { addEventListener } = globalThis
    globalThis.addEventListener ??= () => {}
    after(() => { globalThis.addEventListener = addEventListener })
    const { createNode } = load(`${home}/lib/causeway.global.js`), node = await createNode()
    after(() => node.stop())
    equal([node.status, asked], ['started', ['/lib/causeway.wasm']])
    // Nobody says where it is.
    await fails('ERR_WASM', load().createNode())
  })

  await test('the source map leads to every module of the package', async () => {
    const { sources, sourcesContent, mappings } = JSON.parse(await readFile(join(dist, 'causeway.js.map')))
    for (const name of ['node.js', 'stream.js', 'words.js']) check(sources.some((one) => one.endsWith(`/causeway/${name}`)), name)
    equal(sourcesContent.length, sources.length)
    check(mappings.length > 1000, 'it has mappings')
    check((await readFile(join(dist, 'causeway.js'), 'utf8')).endsWith('//# sourceMappingURL=causeway.js.map\n'), 'the script names it')
  })
}
