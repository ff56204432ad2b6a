// Two tabs of the chat page against a relay that stops and comes back.
//   chat.mjs CAUSEWAY DIST [--other firefox] [--shots DIR]
// CAUSEWAY: the command; DIST: Web/dist; the second tab may be Firefox's; with --shots pictures of both pages are put into DIR.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, close, equal, test } from './cases.mjs'
import {
  fetchFile, hear, isReachable, misfits, openTalk, pathTo, pressFile, ready, savedHash, say, share, unnamed, untilFile, untilNote,
  untilPath, untilTalk,
} from './chat-flow.mjs'
import { Shots, desktop, phone } from './chat-shots.mjs'
import { Chromium } from './chromium.mjs'
import { Firefox } from './firefox.mjs'
import { pause } from './page.mjs'

const [causeway, dist, ...options] = process.argv.slice(2)
const option = (name) => options.includes(name) ? options[options.indexOf(name) + 1] : undefined
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))
const port = 20000 + Math.floor(Math.random() * 20000)
const url = `http://127.0.0.1:${port}/chat.html`

let relay
/** The same relay, at the same address with the same key. */
async function startRelay() {
  relay = spawn(causeway, ['relay', '--listen', `/ip4/127.0.0.1/tcp/${port}/ws`,
    '--listen', `/ip4/127.0.0.1/udp/${port}/webrtc-direct`, '--key', join(folder, 'key'), '--pages', dist,
    '--topic', 'universal-connectivity', '--topic', 'universal-connectivity-file'], { stdio: 'ignore' })
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

async function fileOf(size) {
  const bytes = randomBytes(size), path = join(folder, `${size}.bin`)
  await writeFile(path, bytes)
  return { path, hash: createHash('sha256').update(bytes).digest('hex') }
}

await startRelay()
const browsers = [await Chromium.start(), ...option('--other') === 'firefox' ? [await Firefox.start()] : []]
const shots = new Shots(option('--shots'))
const a = await browsers[0].open(url)
await ready(a)
await shots.take(a, 'chat-empty')
const b = await browsers.at(-1).open(url)
const both = [a, b]
console.log(`${a.browser.name} and ${b.browser.name}, ${url}`)

await test('chat: both tabs get a place at the relay and find each other', async () => {
  for (const page of both) await ready(page)
  for (const page of both) await page.until('document.querySelector("#people-count").textContent !== "0"', { seconds: 20 })
})

await test('chat: the path becomes WebRTC by itself, and the page says so', async () => {
  const [one, other] = await Promise.all([untilPath(a, b, 'direct'), untilPath(b, a, 'direct')])
  equal([one.words, other.words], ['Direct, WebRTC', 'Direct, WebRTC'])
  const said = await Promise.all(both.map((page) => page.text('#announcer')))
  check(said.some((text) => /is now reached: Direct, WebRTC/.test(text)), `announced: ${said}`)
})

// A page that offers no address of its own, as behind a network that lets nothing through.
const walled = `{
  const { RTCPeerConnection: Free } = globalThis
  globalThis.RTCPeerConnection = class extends Free { constructor(one) { super({ ...one, iceTransportPolicy: 'relay' }) } }
}`
const status = await browsers[0].open(url.replace('chat.html', ''))
const c = await browsers[0].open(url, { before: walled })

await test('chat: the room, both ways', async () => {
  for (const [from, to] of [[a, b], [b, a]]) {
    const text = `from ${from.nick} to all`
    await say(from, text)
    await hear(to, text)
  }
  await ready(c)
  await untilPath(a, c, 'relayed')
  await say(c, 'Is anyone behind a wall, too?')
  await hear(a, 'Is anyone behind a wall, too?')
  await shots.take(a, 'chat-room')
  await shots.take(a, 'chat-people', { view: 'people' })
})

await test('chat: what a peer says is never markup', async () => {
  const text = '<img src=x onerror="document.title=1"> <b>bold</b> &amp; \u202Eabc'
  await say(a, text)
  await hear(b, text)
  equal(await b.evaluate('document.querySelectorAll("#message-list img, #message-list b:not(header b)").length'), 0)
})

await test('chat: a direct message by the keyboard alone', async () => {
  await a.evaluate('document.activeElement.blur()')
  await a.tabTo('#people-list .person')
  await a.press('Enter')
  await untilTalk(a, b)
  check(await a.evaluate('document.activeElement.id === "text"'), 'the focus is where one writes')
  await a.type('just for you')
  await a.press('Enter')
  equal(await untilNote(a, /delivered \w+/), 'delivered directly')
  await b.until('document.querySelector("#people-list .badge")?.textContent === "1"')
  await openTalk(b, a)
  await hear(b, 'just for you')
  await say(b, 'and back')
  await hear(a, 'and back')
  equal(await untilNote(b, /delivered \w+/), 'delivered directly')
  await a.click('#peer-facts summary')
  await shots.take(a, 'chat-direct')
  await a.click('#peer-facts summary')
})

await test('chat: Escape leads back to the room', async () => {
  await a.press('Escape')
  await untilTalk(a)
  equal(await a.text('#talk-title'), 'universal-connectivity')
})

await test('chat: a file of 20 MB over the direct connection', async () => {
  const { path, hash } = await fileOf(20_000_000)
  await share(a, b, path)
  const { isHere, text, seen, seconds } = await fetchFile(b)
  check(isHere && /received directly/i.test(text), text)
  equal(await savedHash(b), hash)
  check(await untilFile(a, 'file.innerText.match(/Sent to .* directly/)?.[0]'), 'the sender knows')
  console.log(`      ${seconds.toFixed(1)} s, ${(20 / seconds).toFixed(1)} MB/s, SHA-256 ${hash.slice(0, 16)}…, "${seen.at(-2)}"`)
}, 120_000)

await test('chat: a file is cancelled by either side', async () => {
  const { path } = await fileOf(64_000_000)
  await share(b, a, path)
  await pressFile(a, 'Fetch')
  await untilFile(a, `file.querySelector('progress')?.value > 0`)
  await pressFile(a, 'Cancel')
  await untilFile(a, `file.innerText.includes('Cancelled')`)
  await untilFile(b, `file.innerText.includes(${JSON.stringify(`(${a.nick}): the other side`)})`)
  await pressFile(a, 'Fetch')
  await untilFile(a, `file.querySelector('progress')?.value > 0`)
  await untilFile(b, `file.querySelector('progress')`)
  await pressFile(b, 'Cancel')
  equal(await untilFile(a, 'file.innerText.match(/Not fetched: .*/)?.[0]'), 'Not fetched: the other side ended it')
  await pressFile(b, 'Stop sharing')
  await pressFile(a, 'Try again')
  await untilFile(a, `file.innerText.includes('Not fetched')`)
}, 60_000)

await test('chat: why there is no direct connection, and what goes over the relay', async () => {
  await openTalk(a, c)
  await a.until('/^No direct connection: /.test(document.querySelector("#peer-failure").textContent)', { seconds: 45 })
  equal(await a.text('#peer-facts summary'), 'Why is it not direct?')
  await a.click('#peer-facts summary')
  const words = await a.text('#peer-failure')
  console.log(`      ${words.replaceAll('\n', ' ')}`)
  check(/the other side offered no address.*this side offered \d+ address.*the other side 0; ICE \w+, connection \w+; after [\d.]+\ss/s.test(words), words)
  const path = await a.text('#talk-note')
  check(/^Relayed through \w+, no direct connection\. The relay allows [\d.]+\sKiB and \d+\ss more\./.test(path), path)
  await say(a, 'over the relay')
  equal(await untilNote(a, /delivered .*/), 'delivered through the relay')
  await shots.take(a, 'chat-relayed')
  await status.until('document.querySelector("#circuits li:not(.empty)")')
  equal(await unnamed(status), [])
  await status.look(phone)
  equal(await misfits(status), [])
  await shots.take(status, 'status', { isWhole: true })
  await openTalk(a)
  for (const [size, isHere] of [[50_000, true], [2_000_000, false]]) {
    const { path, hash } = await fileOf(size)
    await share(c, a, path)
    const fetched = await fetchFile(a)
    equal([fetched.isHere, /lets [\d.]+\s.iB more through/.test(fetched.text)], [isHere, !isHere], fetched.text)
    if (isHere) equal(await savedHash(a), hash)
    else console.log(`      ${fetched.text.replaceAll('\n', ' ')}`)
  }
  await untilFile(c, `file.innerText.includes('over a relay only')`)
  await shots.take(a, 'chat-file-refused')
  await c.close()
}, 120_000)

await test('chat: the relay alone is asked for the address, whatever a link says', async () => {
  const seen = `globalThis.asked = []
    const { RTCPeerConnection: Free } = globalThis
    globalThis.RTCPeerConnection = class extends Free { constructor(one) { super(one); asked.push(one.iceServers.map(({ urls }) => urls)) } }`
  const d = await browsers[0].open(`${url}?stun=127.0.0.1:9`, { before: seen })
  await ready(d)
  await untilPath(a, d, 'direct')
  equal(await d.evaluate('[...new Set(asked.flat())]'), [`stun:127.0.0.1:${port}`])
  const words = await d.text('#node-stun')
  check(/^For direct connections, \w+ tells this device its public address\.$/.test(words), words)
  await d.close()
}, 90_000)

await test('chat: why a dial failed', async () => {
  await a.click('#state')
  await a.focus('#address')
  await a.type(`/ip4/127.0.0.1/tcp/1/ws/p2p/${b.id.slice(0, -1)}${b.id.endsWith('a') ? 'b' : 'a'}`)
  await a.press('Enter')
  await a.until('document.querySelector("#dial-result").hasAttribute("data-bad")', { seconds: 35 })
  const text = await a.text('#dial-result')
  check(/Could not connect: .+/.test(text), text)
  console.log(`      ${text.replaceAll('\n', ' ')}`)
  await shots.take(a, 'chat-dial', { view: 'node' })
  await a.click('#state')
}, 60_000)

await test('chat: without the relay the two go on, and the page says what it does', async () => {
  await stopRelay()
  for (const page of both) {
    await page.until('/stays connected directly/.test(document.querySelector("#state-text").textContent)', { seconds: 15 })
    console.log(`      "${await page.text('#state-text')}"`)
  }
  for (const page of both) await openTalk(page)
  await say(a, 'the relay is gone')
  await hear(b, 'the relay is gone')
  await openTalk(b, a)
  await say(b, 'but we are not')
  equal(await untilNote(b, /delivered \w+/), 'delivered directly')
  equal((await pathTo(a, b)).kind, 'direct')
  await shots.take(a, 'chat-recovering')
  await status.until('document.querySelector("#link").dataset.state === "stale"', { seconds: 20 })
  await shots.take(status, 'status-stale')
  await status.close()
}, 60_000)

await test('chat: the relay comes back, and so do the places at it', async () => {
  const said = new Set()
  await pause(5000)
  await startRelay()
  const up = Date.now()
  while (!(await Promise.all(both.map((page) => page.evaluate(isReachable)))).every(Boolean)) {
    said.add(await a.text('#state-text'))
    check(Date.now() - up < 30_000, `not in 30 s: ${[...said]}`)
    await pause(100)
  }
  console.log(`      after ${((Date.now() - up) / 1000).toFixed(1)} s; said meanwhile: ${[...said].join(' / ')}`)
  await openTalk(b)
  await openTalk(a)
  await say(b, 'welcome back')
  await hear(a, 'welcome back')
}, 60_000)

await test('chat: everything that can be operated has a name', async () => {
  for (const peer of [undefined, b]) {
    await openTalk(a, peer)
    equal(await unnamed(a), [])
  }
})

await test('chat: on a phone nothing is too wide or too small for a finger', async () => {
  await a.look(phone)
  const faults = []
  for (const peer of [undefined, b]) {
    await openTalk(a, peer)
    for (const view of ['people', 'talk', 'node']) {
      await a.click(`[data-view="${view}"]:is(button)`)
      await a.pause(100)
      faults.push(...(await misfits(a)).map((one) => `${view}: ${one}`))
    }
  }
  equal(faults, [])
})

await test('chat: neither page nor browser complained', () => {
  // A relay that is gone, and a peer that cannot be reached, are complained of by the browser itself.
  const known = /WebSocket|ERR_CONNECTION_REFUSED|can.t establish a connection|ICE failed/
  equal(both.flatMap((page) => page.errors).filter((one) => !known.test(one)), [])
})

if (option('--shots')) {
  // Many tabs would make the machine busy; files of the largest size last long enough to be looked at.
  const { path } = await fileOf(64 << 20)
  await a.look(desktop)
  await share(b, a, path)
  for (const [page, name] of [[a, 'chat-file-fetching'], [b, 'chat-file-sending']]) {
    await pressFile(a, 'Fetch')
    await untilFile(a, `file.querySelector('progress')?.value > 0`)
    if (page.look) await shots.take(page, name)
    await pressFile(a, 'Cancel')
    await untilFile(a, `file.innerText.includes('Cancelled')`)
  }
}

for (const browser of browsers) await browser.close()
relay.kill('SIGKILL')
await rm(folder, { recursive: true, force: true })
close()
