// The status page of a real relay with real peers.   status.mjs CAUSEWAY TESTPEER DIST [--shots DIR]
// CAUSEWAY: the command; TESTPEER: the native test peer; DIST: Web/dist; with --shots pictures of the page are put into DIR.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { check, close, equal, test } from './cases.mjs'
import { misfits, unnamed } from './chat-flow.mjs'
import { Shots, desktop, phone } from './chat-shots.mjs'
import { Chromium } from './chromium.mjs'
import { contrast, disorder, faint, tabOrder } from './look.mjs'
import { pause } from './page.mjs'
import { Peer } from './peer.mjs'

const [causeway, testpeer, dist, ...options] = process.argv.slice(2)
const shots = new Shots(options.includes('--shots') ? options[options.indexOf('--shots') + 1] : undefined)
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))
const port = 20000 + Math.floor(Math.random() * 20000), url = `http://127.0.0.1:${port}/`

let relay
async function startRelay() {
  relay = spawn(causeway, ['relay', '--listen', `/ip4/127.0.0.1/tcp/${port}/ws`, '--key', join(folder, 'key'), '--pages', dist,
    '--listen', `/ip4/127.0.0.1/tcp/${port + 1}`, '--page-host', 'other.localhost', '--topic', 'hello', '--connections-per-ip', '1000', '--reservations-per-ip', '1000',
    '--circuit-data', '64MiB', '--circuit-time', '10m'], { stdio: 'ignore' })
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return
    await pause(100)
  }
  throw new Error('the relay does not answer')
}

async function stopRelay() {
  relay.kill('SIGKILL')
  await new Promise((resolve) => relay.once('exit', resolve))
}

await startRelay()
const { peerId } = await (await fetch(`${url}status.json`)).json()
const address = `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peerId}`
const browser = await Chromium.start()
await browser.call('Browser.grantPermissions', { permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'], origin: url.slice(0, -1) })
const page = await browser.open(url)
const copied = () => page.evaluate('navigator.clipboard.readText()')
const count = (selector) => page.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`)

/** Everything that a page owes to everybody, in light and dark. */
async function isForEverybody(one, state) {
  equal(await unnamed(one), [], `${state}: names`)
  equal(await disorder(one), [], `${state}: order`)
  for (const scheme of ['light', 'dark']) {
    await one.look({ width: 1280, scheme })
    equal(await faint(one), [], `${state}, ${scheme}: contrast`)
  }
  for (const width of [360, 768]) {
    await one.look({ width, scheme: 'light' })
    equal(await one.evaluate('document.scrollingElement.scrollWidth - document.documentElement.clientWidth'), 0, `${state}: ${width} px`)
  }
  await one.look(phone)
  equal(await misfits(one), [], `${state}: a phone`)
  await one.look(desktop)
}

await test('status: a fresh relay says what it is for, and nothing is missing', async () => {
  await page.until('!document.querySelector("#main").hidden')
  equal(await page.text('#summary'), 'Working, and waiting for its first peer.')
  equal(await page.text('main h2'), 'Connect to this relay')
  equal(await page.text('#address'), address)
  check(/Only this machine reaches this address/.test(await page.text('#reach')), 'who reaches it')
  equal(await page.text('#peers'), 'No peer is connected.')
  check((await page.text('#facts')).split('Nothing yet').length === 3, 'the two shares have no value yet')
  await page.click('.own summary')
  const own = await page.text('#own')
  check(/Not tested\s*Source: a port of this relay\. Reason: the node listens there\./.test(own), own)
  await isForEverybody(page, 'empty')
  await shots.take(page, 'status-empty', { isWhole: true })
  await page.click('.own summary')
  equal(page.errors, [])
}, 60_000)

await test('status: the address is copied by the keyboard, and leads to the relay', async () => {
  await page.evaluate('document.activeElement.blur(), scrollTo(0, 0)')
  await page.tabTo('#copy-address')
  await page.press('Enter')
  await page.until('document.querySelector("#copy-address").textContent === "Copied"')
  equal(await copied(), address)
  equal(await page.text('#announcer'), 'Copied the address.')
  const { stdout } = await promisify(execFile)(causeway, ['dial', await copied()])
  check(stdout.includes(`connected to ${peerId}`), stdout)
})

await test('status: the address is copied where the browser gives a page no clipboard', async () => {
  const other = await browser.open(url, { before: 'Object.defineProperty(navigator, "clipboard", { value: undefined })' })
  await other.until('!document.querySelector("#main").hidden')
  await page.evaluate('navigator.clipboard.writeText("before")')
  await other.focus('#copy-address')
  await other.press('Enter')
  await other.until('document.querySelector("#copy-address").textContent === "Copied"')
  equal(await other.evaluate('document.activeElement.id'), 'copy-address')
  await other.close()
  equal(await copied(), address)
})

await test('status: every kind of address, by the keyboard', async () => {
  equal((await page.text('#kinds')).split('\n').map((one) => one.trim()).filter(Boolean), ['Kind of address', 'WebSocket', 'TCP'])
  await page.focus('#kinds input:checked')
  await page.press('ArrowRight')
  const tcp = `/ip4/127.0.0.1/tcp/${port + 1}/p2p/${peerId}`
  equal(await page.text('#address'), tcp)
  check((await page.evaluate('document.querySelector("#lines-page").textContent')).includes(`relays: '${tcp}'`), 'the lines have it')
  await page.press('ArrowLeft')
  equal(await page.text('#address'), address)
})

await test('status: the QR code is that of the address', async () => {
  const same = await page.evaluate(`import('./qr-code.js').then(({ qrCode }) => {
    const dark = new Set(document.querySelector('#qr-place path').getAttribute('d').match(/M\\d+ \\d+/g))
    const rows = qrCode(${JSON.stringify(address)})
    const wanted = rows.flatMap((row, y) => row.flatMap((one, x) => one ? ['M' + (x + 4) + ' ' + (y + 4)] : []))
    return wanted.length === dark.size && wanted.every((one) => dark.has(one))
  })`)
  check(same, 'the modules')
})

await test('status: the lines for a page and for a terminal work as they are copied', async () => {
  await page.click('#copy-page')
  const lines = await copied()
  equal(lines.split('\n').length, 5)
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(
    `<!doctype html><title>x</title><script>said = []; console.log = (...all) => said.push(all.join(' '))</script>
    <script type="module">${lines}</script>`)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const other = await browser.open(`http://127.0.0.1:${server.address().port}/`)
  await other.until(`/others reach this page at .*${peerId}.p2p-circuit/.test(said)`, { show: 'said' })
  await other.close()
  server.close()

  await page.focus('#tab-page')
  await page.press('ArrowRight')
  await page.until('document.activeElement.id === "tab-terminal" && !document.querySelector("#use-terminal").hidden')
  await page.click('#copy-terminal')
  const [assignment, ping, dial, , peer, ...rest] = (await copied()).split('\n')
  equal(rest, [])
  const run = (line) => promisify(execFile)('bash', ['-c', `${assignment}\n${line}`], {
    env: { ...process.env, PATH: `${dirname(causeway)}:${process.env.PATH}` } })
  check(/min .* ms/.test((await run(ping)).stdout), 'ping')
  check((await run(dial)).stdout.includes(peerId), 'dial')
  check(/reservation at \S+ made/.test((await run(`timeout 5 ${peer.split('#')[0]} </dev/null || true`)).stdout), 'peer')
}, 60_000)

// MARK: Peers

const gatherer = await Peer.start([testpeer], { maxSeconds: 600 })
const others = []
async function gather(number, reserve) {
  const { peerIds, failed } = await gatherer.call('crowd', { addr: address, count: number, reserve, timeoutMs: 120_000 })
  equal(failed, 0)
  others.splice(0, others.length, ...peerIds)
}

await test('status: one list of peers, ten of them, and all by the keyboard', async () => {
  await gather(40, true)
  await page.until('document.querySelector("#peer-count").textContent === "40"', { seconds: 20 })
  await page.until('/^Working. 40 peers are connected/.test(document.querySelector("#summary").textContent)')
  equal([await count('table'), await count('#peers > li')], [0, 10])
  check((await page.text('#peers > li')).includes('Reserved'), await page.text('#peers > li'))
  await page.evaluate('document.activeElement.blur(), scrollTo(0, 0)')
  await page.tabTo('#peers summary')
  await page.press('Enter')
  const id = await page.until('document.querySelector("#peers details[open] .whole-id code")?.textContent')
  check(others.includes(id), `${id} is connected`)
  check(/It dialled this relay .* by WebSocket\. Others reach it through this relay for/.test(await page.text('#peers .more')), 'its story')
  await page.tabTo('#all-peers')
  equal(await page.text('#all-peers'), 'Show all 40 peers')
  await page.press('Enter')
  equal(await count('#peers > li'), 40)
  check(await page.evaluate('document.activeElement.id === "all-peers" && document.activeElement.ariaExpanded === "true"'), 'the focus')
  await page.press('Enter')
  equal(await count('#peers > li'), 10)
  equal(await page.evaluate('document.querySelector("#peers details[open] .whole-id code").textContent'), id, 'what is open stays open')
  await page.click('#peers details[open] summary')
}, 90_000)

await test('status: a peer has one face wherever it is shown', async () => {
  const faces = await page.evaluate(`import('./peer-face.js').then(({ peerFace, colours }) => ${JSON.stringify(others)}.map((id) => {
    const face = peerFace(id)
    return { ...face, again: JSON.stringify(face) === JSON.stringify(peerFace(id)), known: colours.includes(face.colour) }
  }))`)
  check(faces.every(({ again, known, name }) => again && known && /^[A-Z][a-z]{3} [A-Z][a-z]{3}$/.test(name)), JSON.stringify(faces[0]))
  equal(new Set(faces.map(({ name }) => name)).size, faces.length, 'names')
  equal(new Set(faces.map(({ colour, cells }) => colour + cells)).size, faces.length, 'pictures')
  const grounds = (await readFile(join(dist, 'tokens.css'), 'utf8')).match(/(?<=--surface: )#\w+/g)
  equal(grounds.length, 2)
  for (const { colour } of faces) check(grounds.every((ground) => contrast(colour, ground) >= 3), `${colour} on ${grounds}`)
  const shown = await page.text('#peers .who .name')
  check(faces.some(({ name }) => name === shown), shown)
})

// MARK: Circuits

const lineOf = '.circuit:not([data-over]) .line'
const widthNow = () => page.evaluate(`Number(document.querySelector('${lineOf}')?.getAttribute('stroke-width') ?? 0)`)

await test('status: a circuit is a line that grows, and fades when it ends', async () => {
  const dialler = await Peer.start([testpeer], { webrtc: false, dcutr: false })
  const target = await Peer.start([testpeer], { webrtc: false, dcutr: false, relays: [address] })
  try {
    await target.event('reservation', ({ state }) => state === 'made')
    const circuit = `${address}/p2p-circuit/p2p/${target.id}`
    await dialler.call('dial', { addr: circuit })
    await page.until(`document.querySelector('${lineOf}')`, { what: 'a line' })
    equal(await page.text('#circuit-count'), '1')
    const before = await widthNow()
    await dialler.call('echo', { peerId: target.id, bytes: 4_000_000, allowLimited: true })
    await page.until(`Number(document.querySelector('${lineOf}').getAttribute('stroke-width')) > ${before} + 2`, { what: 'a wider line' })
    check(/with 1 circuit that carried [\d.]+ MiB/.test(await page.evaluate('document.querySelector("#graph").ariaLabel')), 'words for it')
    await page.click('.listed summary')
    const listed = await page.text('#circuits')
    check(/\bto\b.* of 64 MiB sent, .* received, .* of 10 min/s.test(listed), listed)
    check(/1 circuit, [\d.]+ MiB/.test(await page.text('#peers > li')), 'it is told with its peers, which come first')
    await isForEverybody(page, 'a circuit')
    await shots.take(page, 'status-circuit', { isWhole: true })
    await dialler.call('hangup', { peerId: target.id })
    await page.until(`document.querySelector('.circuit[data-over]') || !document.querySelector('.circuit')`, { what: 'it fades' })
    await page.until(`!document.querySelector('.circuit')`, { what: 'it is gone' })
    const news = await page.text('#graph-news')
    check(/^The circuit of \S+ \S+ and \S+ \S+ ended after .* and [\d.]+ MiB\.$/.test(news), news)
    equal(await page.text('#circuit-count'), '0')
  } finally {
    await Promise.all([dialler.stop(), target.stop()])
  }
}, 60_000)

await test('status: a circuit leaves when its two peers have become direct', async () => {
  const dialler = await Peer.start([testpeer], { webrtc: true, dcutr: false })
  const target = await Peer.start([testpeer], { webrtc: true, dcutr: false, relays: [address] })
  try {
    await target.event('reservation', ({ state }) => state === 'made')
    await dialler.call('dial', { addr: `${address}/p2p-circuit/p2p/${target.id}` })
    await page.until(`document.querySelector('${lineOf}')`, { what: 'a line' })
    const isDirect = async () => (await dialler.call('connections')).connections.some((one) => one.peerId === target.id && !one.limited)
    for (let tries = 0; !await isDirect(); tries++) {
      check(tries < 150, 'they do not become direct')
      await pause(100)
    }
    // They keep the relayed connection for a while.
    await page.until(`!document.querySelector('.circuit')`, { seconds: 60, what: 'the line is gone' })
    check((await dialler.call('connections')).connections.filter((one) => one.peerId === target.id).every((one) => !one.limited), 'direct')
    check(/^The circuit of \S+ \S+ and \S+ \S+ ended after/.test(await page.text('#graph-news')), await page.text('#graph-news'))
  } finally {
    await Promise.all([dialler.stop(), target.stop()])
  }
}, 100_000)

await test('status: circuits that were too short to be drawn are told', async () => {
  const dialler = await Peer.start([testpeer], { webrtc: false, dcutr: false })
  const state = async () => (await (await fetch(`${url}status.json`)).json()).counts
  try {
    // Right after an answer, so that the page sees nothing between the two ends.
    await page.evaluate(`new Promise((done) => new PerformanceObserver((list) => {
      if (list.getEntries().some((one) => one.name.endsWith('/status.json'))) done()
    }).observe({ type: 'resource' }))`)
    await dialler.call('dial', { addr: `${address}/p2p-circuit/p2p/${others[0]}` })
    await dialler.call('hangup', { peerId: others[0] })
    await page.until(`/^1 circuit opened and ended within seconds/.test(document.querySelector('#graph-news').textContent)`)
    equal((await state()).circuits, 0)
  } finally {
    await dialler.stop()
  }
})

await test('status: the picture moves for those alone who have not asked for less motion', async () => {
  const motion = (value) => page.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-reduced-motion', value }] })
  const name = `(() => { const one = document.querySelector('#link .dot'); return getComputedStyle(one).animationName })()`
  equal(await page.evaluate(name), 'none')
  await motion('no-preference')
  equal(await page.evaluate(name), 'pulse')
  await motion('reduce')
})

await test('status: a plot tells the value of every moment', async () => {
  await page.evaluate('document.activeElement.blur()')
  await page.tabTo('.plot', 120)
  const words = () => page.evaluate('document.activeElement.ariaValueText')
  check(/^\d+ connections, now$/.test(await words()), await words())
  await page.press('ArrowLeft')
  check(/^\d+ connections?, \d+ s ago$/.test(await words()), await words())
  equal(await page.text('.tile .read'), await words())
  await page.evaluate('document.activeElement.blur()')
  check(/^Peak: \d+$/.test(await page.text('.tile .read')), await page.text('.tile .read'))
  const place = await page.evaluate(`(() => {
    const { right, top } = document.querySelector('.plot').getBoundingClientRect()
    return { x: right - 12, y: top + 60 }
  })()`)
  await page.call('Input.dispatchMouseEvent', { type: 'mouseMoved', ...place })
  check(/^\d+ connections?, (now|\d s ago)$/.test(await page.text('.tile .read')), await page.text('.tile .read'))
  const scale = await page.evaluate('[...document.querySelectorAll(".plot .grid")][0].textContent')
  check(/^03060.*ago.*now$/.test(scale), scale)
})

await test('status: the focus stays where it is while peers come', async () => {
  await page.click('#all-peers')
  await page.focus('#peers li:nth-child(3) summary')
  const id = await page.evaluate('document.activeElement.querySelector(".who").title')
  await gather(5, true)
  await page.until('document.querySelector("#peer-count").textContent === "45"')
  equal(await page.evaluate('document.activeElement.querySelector(".who")?.title'), id)
  equal(await page.evaluate('[...document.querySelectorAll("#peers li")].indexOf(document.activeElement.closest("li"))'), 2)
  equal(await count('#peers > li'), 45)
  await page.click('#all-peers')
})

await test('status: what a peer calls its software is text, and fits', async () => {
  const agent = `\u202e<img src=x onerror="document.title=1">${'W'.repeat(120)} ${'x'.repeat(120)}`
  const stranger = await Peer.start([testpeer], { agent, relays: [address] })
  try {
    await page.until(`document.querySelector('#peers [title="${stranger.id}"]') || document.querySelector('#all-peers').ariaExpanded === 'true'
      || void document.querySelector('#all-peers').click()`, { what: 'it is listed' })
    await page.until(`document.querySelector('#peers [title="${stranger.id}"]')?.closest('li').innerText.includes('<img')`, { what: 'its software' })
    await page.evaluate(`document.querySelector('#peers [title="${stranger.id}"]').closest('details').open = true`)
    equal(await count('#peers img'), 0)
    await page.look({ width: 320, scheme: 'light' })
    equal(await misfits(page), [])
    await page.look(desktop)
    equal(await misfits(page).then((faults) => faults.filter((one) => /wider|cut/.test(one))), [])
    await page.click('#all-peers')
  } finally {
    await stranger.stop()
  }
})

await test('status: 200 peers on a phone', async () => {
  await page.until('document.querySelector("#peer-count").textContent === "45"')
  await gather(155, true)
  await page.until('document.querySelector("#peer-count").textContent === "200"', { seconds: 30 })
  await page.look(phone)
  equal(await misfits(page), [])
  const height = await page.evaluate('document.documentElement.scrollHeight')
  check(height < 5500, `${height} px of page`)
  equal([await count('#peers > li'), await count('#graph .peer')], [10, 24])
  equal(await page.text('#graph-more'), '24 peers are drawn, and there are 176 more.')
  await page.click('#all-peers')
  equal(await count('#peers > li'), 200)
  equal(await misfits(page), [])
  await page.click('#all-peers')
  await shots.take(page, 'status-crowd', { isWhole: true })
  await page.look(desktop)
  const stops = await tabOrder(page)
  check(stops.every(({ isSeen }) => isSeen), 'the focus is always on something that is seen')
  const back = stops.slice(1).filter(({ y }, at) => y < stops[at].y - 60)
  equal(back, [], 'Tab goes down the page')
}, 120_000)

// MARK: What goes wrong

await test('status: whoever is elsewhere sees counts', async () => {
  const other = await browser.open(`http://other.localhost:${port}/`)
  await other.until('!document.querySelector("#main").hidden')
  check(/--public-status/.test(await other.text('#peers')), await other.text('#peers'))
  equal(await other.text('#peer-count'), '200')
  await isForEverybody(other, 'counts')
  await other.close()
})

await test('status: a relay that refuses says why', async () => {
  const other = await browser.open(`http://evil.localhost:${port}/`)
  await other.until('!document.querySelector("#trouble").hidden')
  equal(await other.text('#trouble-title'), 'The relay does not show its state here')
  check(/--page-host NAME/.test(await other.text('#trouble-text')), 'its own words')
  check(await other.evaluate('document.querySelector("#main").hidden'), 'nothing else is shown')
  await shots.take(other, 'status-refused')
  await other.close()
})

await test('status: a relay that stops and comes back', async () => {
  await stopRelay()
  await page.until('!document.querySelector("#trouble").hidden', { seconds: 20 })
  equal(await page.text('#trouble-title'), 'The relay does not answer')
  check(/What you see below is \d+ s old/.test(await page.text('#trouble-text')), 'its age')
  await shots.take(page, 'status-gone')
  equal(await faint(page), [])
  await startRelay()
  await page.click('#ask-again')
  await page.until('document.querySelector("#trouble").hidden && document.querySelector("#link").dataset.state === "live"')
})

await browser.close()
await gatherer.stop('SIGKILL')
await stopRelay()
await rm(folder, { recursive: true, force: true })
close()
