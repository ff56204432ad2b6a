// Examples/web in tabs of Chromium, at a relay that serves them, and the package in a page of another site.   examples.mjs CAUSEWAY DIST
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, close, equal, test, until } from './cases.mjs'
import { Chromium } from './chromium.mjs'
import { pause } from './page.mjs'

const [causeway, dist] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'causeway-')), pages = join(folder, 'pages')
await cp(dist, pages, { recursive: true })
await cp(fileURLToPath(new URL('../../Examples/web', import.meta.url)), pages, { recursive: true })
const port = 20000 + Math.floor(Math.random() * 20000), home = `http://127.0.0.1:${port}`
const listen = `/ip4/127.0.0.1/tcp/${port}/ws`
const relay = spawn(causeway, ['relay', '--listen', listen, '--key', join(folder, 'key'), '--pages', pages], { stdio: 'ignore' })
for (let tries = 0; !await fetch(`${home}/relay.json`).then((answer) => answer.ok, () => false); tries++) {
  if (tries > 100) throw new Error('the relay does not answer')
  await pause(100)
}
const browser = await Chromium.start()

/** Two tabs that show each other. */
async function tabs(name) {
  const both = [await browser.open(`${home}/${name}`), await browser.open(`${home}/${name}`)]
  for (const page of both) {
    await page.until('/^With .{6}$/.test(document.querySelector("#people").textContent)', {
      seconds: 40, what: 'the other, directly', show: 'document.querySelector("#people").textContent',
    })
  }
  return both
}

async function over(...all) {
  for (const page of all) {
    equal(page.errors, [])
    await page.close()
  }
}

await test('the board: what one draws is seen by the other, and by who comes later', async () => {
  const [one, other] = await tabs('board')
  await one.evaluate(`{
    const board = document.querySelector('#board'), box = board.getBoundingClientRect()
    const at = (type, x, y) => board.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: box.x + x, clientY: box.y + y }))
    board.setPointerCapture = () => {}
    at('pointerdown', 10, 10)
    for (let x = 10; x < 200; x += 10) at('pointermove', x, 20)
    at('pointerup', 200, 20)
  }`)
  const image = "document.querySelector('#board').getContext('2d').getImageData(0, 0, 800, 480)"
  const drawn = `${image}.data.reduce((sum, one) => sum + (one > 0), 0)`
  const count = await one.evaluate(drawn)
  check(count > 1000, `${count} of the board is drawn`)
  await other.until(`${drawn} === ${count}`, { show: drawn })
  const third = await browser.open(`${home}/board`)
  await third.until(`${drawn} === ${count}`, { seconds: 40, show: drawn })
  await over(one, other, third)
}, 120_000)

await test('the text: two write at once, and have the same', async () => {
  const [one, other] = await tabs('text')
  const write = (page, text) => page.evaluate(`{
    const field = document.querySelector('#text')
    field.value = ${JSON.stringify(text)} + field.value
    field.dispatchEvent(new Event('input'))
  }`)
  await Promise.all([write(one, 'hello '), write(other, 'world ')])
  const text = 'document.querySelector("#text").value'
  for (const page of [one, other]) await page.until(`${text}.length === 12`, { show: text })
  equal(await one.evaluate(text), await other.evaluate(text))
  check(/^(hello world |world hello )$/.test(await one.evaluate(text)), await one.evaluate(text))
  await over(one, other)
}, 120_000)

await test('the drop: a file arrives as it was sent', async () => {
  const [one, other] = await tabs('drop'), bytes = randomBytes(3_000_000), path = join(folder, 'holiday.bin')
  await writeFile(path, bytes)
  await one.choose('#file', path)
  await other.until('document.querySelector("#list a")', { seconds: 30, show: 'document.querySelector("#list").textContent' })
  equal(await other.evaluate('document.querySelector("#list a").download'), 'holiday.bin')
  await other.click('#list a')
  const saved = join(browser.downloads, 'holiday.bin')
  await until(() => stat(saved).then(({ size }) => size === bytes.length, () => false), 'the file to be saved')
  check(bytes.equals(await readFile(saved)), 'other bytes were saved')
  await one.until('/sent to/.test(document.querySelector("#list").textContent)')
  await over(one, other)
}, 120_000)

await test('a page of another site needs nothing but the address of a relay', async () => {
  const site = createServer((request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>another site</title>')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => site.once('listening', resolve))
  const page = await browser.open(`http://127.0.0.1:${site.address().port}/`)
  const made = await page.evaluate(`import('${home}/causeway.js').then(async ({ createNode }) => {
    const node = await createNode({ relays: '${home}' }), [address] = await node.ready()
    await node.stop()
    return String(address)
  })`)
  check(made.startsWith(`/ip4/127.0.0.1/tcp/${port}/ws/p2p/`), made)
  // The same as a script that is no module.
  const name = await page.evaluate(`new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src: '${home}/causeway.global.js', onload: resolve, onerror: reject })
    document.head.append(script)
  }).then(() => causeway.createNode()).then((node) => String(node.peerId))`)
  check(name.startsWith('12D3KooW'), name)
  await over(page)
  site.close()
})

await browser.close()
relay.kill()
await rm(folder, { recursive: true })
close()
