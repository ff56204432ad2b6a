// The chat page in company: names, links, pictures, rooms and invitations, and what it says when something fails.
//   chat-company.mjs CAUSEWAY DIST [--other firefox] [--shots DIR]
import { spawn } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'
import { FrameReader, decodeAbout, encodeAbout, frame, utf8, uvarint } from '../../Web/pages/chat-codec.js'
import { endOfID } from '../../Web/pages/peer-face.js'
import { check, close, equal, test, until } from './cases.mjs'
import { hear, lastFile, misfits, openTalk, pressFile, ready, say, share, unnamed, untilFile, untilPath } from './chat-flow.mjs'
import { Shots, desktop, phone } from './chat-shots.mjs'
import { Chromium } from './chromium.mjs'
import { Firefox } from './firefox.mjs'
import { pause } from './page.mjs'

const [causeway, dist, ...options] = process.argv.slice(2)
const option = (name) => options.includes(name) ? options[options.indexOf(name) + 1] : undefined
const { createNode } = await import(pathToFileURL(`${dist}/causeway.js`))
const ROOM = 'universal-connectivity', FILES = 'universal-connectivity-file'
const ABOUT = '/causeway/chat-about/1', FILE = '/universal-connectivity-file/1'
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))
const port = 20000 + Math.floor(Math.random() * 20000), url = `http://127.0.0.1:${port}/chat.html`
const relay = spawn(causeway, ['relay', '--listen', `/ip4/127.0.0.1/tcp/${port}/ws`, '--key', join(folder, 'key'), '--pages', dist,
  '--topic', ROOM, '--topic', FILES, '--topic', 'board/*'], { stdio: 'ignore' })
await until(() => fetch(url).then((answer) => answer.ok, () => false), 'the relay to answer')
const { peerId } = await (await fetch(`http://127.0.0.1:${port}/status.json`)).json()
const address = `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peerId}`

// Two browsers: what one keeps is not the other's.
const browsers = [await Chromium.start(), await (option('--other') === 'firefox' ? Firefox : Chromium).start()]
const shots = new Shots(option('--shots'))
const a = await browsers[0].open(url), b = await browsers[1].open(url), both = [a, b]
for (const page of both) await ready(page)
await Promise.all([untilPath(a, b, 'direct'), untilPath(b, a, 'direct')])

/** A node of a stranger's, known to the pages, which tells of itself what it wants. */
async function stranger(after, about) {
  const node = await createNode({ relays: [address] })
  after(() => node.stop())
  const own = { name: '', colour: 0, room: ROOM, ...about }
  await node.handle(ABOUT, async ({ stream }) => {
    await new FrameReader(stream.readable).frame(4096)
    await stream.writable.getWriter().write(frame(encodeAbout(own)))
    await stream.close()
  }, { runOnLimitedConnection: true })
  for (const topic of [ROOM, FILES]) node.services.pubsub.subscribe(topic)
  await node.services.pubsub.ready(ROOM)
  node.nick = endOfID(node.peerId)
  return node
}

const rowOf = ({ nick }) => `[...document.querySelectorAll('.person')].find((one) => one.innerText.includes(${JSON.stringify(nick)}))`

/** Waits until a page shows a peer under a name that matches; the name, and what stands beside it. */
const untilNamed = (page, peer, pattern) => page.until(`(() => {
  const who = ${rowOf(peer)}?.querySelector('.who'), name = who?.querySelector('.called').textContent
  return ${pattern}.test(name) && { name, end: who.querySelector('.end').textContent }
})()`, { what: `a name like ${pattern}`, show: `${rowOf(peer)}?.innerText` })

async function fileOf(name, bytes) {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

async function becomes(page, name, colour) {
  await page.click('#me')
  await page.evaluate(`document.querySelector('#profile-name').value = ''`)
  await page.focus('#profile-name')
  await page.type(name)
  await page.click(`#profile-colours input[value="${colour}"]`)
  await page.evaluate(`document.querySelector('#profile-form').requestSubmit()`)
}

await test('company: a name and a colour are told, and kept over a visit', async () => {
  await becomes(a, 'Ada Lovelace', 3)
  equal(await untilNamed(b, a, /^Ada Lovelace$/), { name: 'Ada Lovelace', end: a.nick })
  equal(await b.evaluate(`${rowOf(a)}.querySelector('.called').dataset.colour`), '3')
  await a.evaluate('location.reload()')
  await a.until('document.querySelector("#me-name .called")?.textContent === "Ada Lovelace"')
  await ready(a)
  await untilNamed(b, a, /^Ada Lovelace$/)
  await untilPath(b, a, 'direct')
})

await test('company: a stranger takes neither room nor another one\'s place by its name', async (after) => {
  const wild = await stranger(after, { name: `\u202e\u0000Eve\n${'x'.repeat(300)}`, colour: 77 })
  const { name, end } = await untilNamed(a, wild, /^Eve/)
  equal([name, end], [`Eve ${'x'.repeat(28)}`, wild.nick])
  const twin = await stranger(after, { name: 'Ada Lovelace', colour: 3 })
  equal(await untilNamed(b, twin, /^Ada/), { name: 'Ada Lovelace', end: twin.nick })
  const faces = await b.evaluate(`[${rowOf(a)}, ${rowOf(twin)}].map((one) => one.querySelector('.face').outerHTML)`)
  check(faces[0] !== faces[1], 'the faces differ')
  await twin.services.pubsub.publish(ROOM, utf8('I am Ada'))
  await hear(b, 'I am Ada')
  equal(await b.evaluate(`[...document.querySelectorAll('.message .end')].at(-1).textContent`), twin.nick)
})

await test('company: who tells of itself all the time is not heard all the time', async (after) => {
  const wild = await stranger(after, { name: 'Once' })
  await untilNamed(a, wild, /^Once$/)
  let heard = 0, isRefused = false
  for (let count = 0; count < 60 && !isRefused; count++) {
    const stream = await wild.dialProtocol(`${address}/p2p-circuit/p2p/${a.id}`, ABOUT, { runOnLimitedConnection: true })
    try {
      await stream.writable.getWriter().write(frame(encodeAbout({ name: `Name ${count}`, colour: 1, room: ROOM })))
      decodeAbout(await new FrameReader(stream.readable).frame(1024))
      heard += 1
    } catch { isRefused = true }
  }
  check(isRefused && heard >= 15 && heard < 40, `${heard} heard`)
  await untilNamed(a, wild, /^Name \d+$/)
})

await test('company: messages are text alone, as other implementations read them', async (after) => {
  const plain = await createNode({ relays: [address] }), heard = []
  after(() => plain.stop())
  plain.services.pubsub.addEventListener('message', ({ detail }) => detail.topic === ROOM && heard.push(Buffer.from(detail.data).toString()))
  plain.services.pubsub.subscribe(ROOM)
  await plain.services.pubsub.ready(ROOM)
  await pause(1000)
  await say(a, 'only these words')
  await until(() => heard.some((one) => one.includes('these words')), 'the message')
  equal(heard.filter((one) => one !== 'I am Ada'), ['only these words'])
})

await test('company: what one says at a time stands together', async () => {
  for (const text of ['one', 'two', 'three']) {
    await say(b, text)
    await hear(a, text)
  }
  await say(a, 'four')
  await hear(b, 'four')
  equal(await a.evaluate(`[...document.querySelectorAll('.message')].slice(-4).map((one) => [one.matches('.follows'),
    one.querySelector('header').checkVisibility()])`), [[false, true], [true, false], [true, false], [false, true]])
})

await test('company: links lead where they say, and nothing else is one', async () => {
  const text = 'javascript:alert(1) https://good.example@evil.example/ data:text/html,1 \u202Ehttps://example.org/x).'
  await say(b, text)
  await hear(a, text)
  equal(await a.evaluate(`[...document.querySelectorAll('.message')].at(-1).querySelectorAll('a').length`), 1)
  equal(await a.evaluate(`(({ href, rel, target, dir, textContent }) => ({ href, rel, target, dir, textContent }))(
    [...document.querySelectorAll('.bubble a')].at(-1))`), {
    href: 'https://example.org/x', rel: 'noopener noreferrer', target: '_blank', dir: 'ltr', textContent: 'https://example.org/x',
  })
})

function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]), end = Buffer.alloc(4), length = Buffer.alloc(4)
    end.writeUInt32BE(crc32(body))
    length.writeUInt32BE(data.length)
    return Buffer.concat([length, body, end])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const row = (y) => Buffer.from([0, ...Array.from({ length: width }, (_, x) => [40 + x * 120 / width, 120 + y * 90 / height, 150]).flat()])
  const rows = Buffer.concat(Array.from({ length: height }, (_, y) => row(y)))
  return Buffer.concat([Buffer.from([0x89]), Buffer.from('PNG\r\n\x1a\n'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

await test('company: a file has its name, size and kind, and a picture is shown', async () => {
  await share(a, b, await fileOf('over the lake.png', png(320, 200)))
  await untilFile(b, `/over the lake\\.png\\s+Picture, PNG · [\\d.]+.K?i?B/.test(file.innerText)`)
  await untilFile(a, `file.querySelector('img')?.naturalWidth === 320`)
  equal(await b.evaluate(`${lastFile}.querySelectorAll('img').length`), 0, 'nothing is fetched unasked')
  await pressFile(b, 'Fetch')
  await untilFile(b, `file.querySelector('img')?.naturalWidth === 320`)
  equal(await b.evaluate(`[${lastFile}.querySelector('img').src.split(':')[0], ${lastFile}.querySelector('a').download]`), ['blob', 'over the lake.png'])
  if (b.look) await shots.take(b, 'company-picture')
})

await test('company: a page or a drawing that calls itself a picture is never shown', async (after) => {
  for (const [name, text] of [['drawing.png', '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"/>'], ['page.jpg', '<script>1</script>']]) {
    await share(a, b, await fileOf(name, text))
    await pressFile(b, 'Fetch')
    await untilFile(b, `file.querySelector('a')`)
    equal(await b.evaluate(`${lastFile}.querySelectorAll('img, svg, iframe, object, script').length`), 0)
    equal(await b.evaluate(`import('./chat-page.js').then(({ chat }) => chat.conversation('room').messages.at(-1).file.blob.type)`),
      'application/octet-stream')
  }
  const wild = await stranger(after, { fileName: '../../\u202egpj.exe', fileSize: 12, fileType: 'text/html;<b>' })
  await wild.handle(FILE, async ({ stream }) => {
    await new FrameReader(stream.readable).frame(64)
    const writer = stream.writable.getWriter()
    await writer.write(uvarint(9e9))
  }, { runOnLimitedConnection: true })
  await untilNamed(b, wild, /./)
  await wild.services.pubsub.publish(FILES, utf8('wild-file'))
  await untilFile(b, `/^gpj\\.exe/.test(file.innerText)`)
  await b.evaluate(`${lastFile}.scrollIntoView()`)
  await pressFile(b, 'Fetch')
  await untilFile(b, `/Not fetched: it has [\\d.]+.MiB, and this page takes 64.0.MiB at most/.test(file.innerText)`, 60)
}, 100_000)

await test('company: an invitation is a link to this room with its code', async () => {
  await a.click('#act-invite')
  const { link, dark, shown } = await a.evaluate(`({ link: document.querySelector('#invite-link code').textContent,
    dark: document.querySelector('#invite-code path').getAttribute('d').split('M').length - 1, shown: document.querySelector('#invite').open })`)
  equal([link, shown], [url, true])
  check(dark > 200, `${dark} dark modules`)
  check(/works on this device only/.test(await a.text('#invite-hint')), await a.text('#invite-hint'))
  equal(await unnamed(a), [])
  await shots.take(a, 'company-invite')
  await a.look(phone)
  equal(await misfits(a), [])
  await a.look(desktop)
  await a.click('#invite-link button')
  check(/Copied|Selected/.test(await a.until(`document.querySelector('#invite-link button').textContent.match(/Copied|Selected/)?.[0]`)), 'copied')
  await a.press('Escape')
  await a.until('!document.querySelector("#invite").open')
  await a.click('#me')
  await shots.take(a, 'company-profile')
  equal(await unnamed(a), [])
  await a.click('#profile .close')
})

await test('company: a room of their own is theirs alone', async () => {
  const [c, d] = [await browsers[0].open(`${url}#room=board/friends`), await browsers[1].open(`${url}#room=board/friends`)]
  for (const page of [c, d]) await ready(page)
  await untilPath(c, d, 'direct')
  equal(await c.text('#talk-title'), 'board/friends')
  await say(c, 'just us')
  await hear(d, 'just us')
  await say(a, 'to everybody')
  await hear(b, 'to everybody')
  equal(await d.evaluate(`document.querySelectorAll('.message').length`), 1)
  equal(await b.evaluate(`[...document.querySelectorAll('.bubble')].some((one) => one.textContent === 'just us')`), false)
  check(!(await c.evaluate(`${rowOf(a)}?.closest('#people-list')`)), 'who is elsewhere is not among the people here')
  await pause(5000)
  equal(await c.text('#room-notice'), '', 'the relay carries this room')
  for (const page of [c, d]) await page.close()
}, 60_000)

await test('company: the page says which room the relay does not carry, and which is none', async () => {
  const c = await browsers[0].open(`${url}#room=elsewhere`)
  await ready(c)
  check(/^This relay does not carry the room “elsewhere”\. .*--topic 'elsewhere'/.test(await c.until(`document.querySelector('#room-notice').innerText`, { seconds: 15 })), 'not carried')
  await shots.take(c, 'company-not-carried')
  await c.close()
  const d = await browsers[0].open(`${url}#room=${encodeURIComponent('<b>*')}`)
  check(/^The link names no room: a room has a name/.test(await d.until(`document.querySelector('#room-notice').innerText`)), 'no room')
  equal(await d.text('#talk-title'), ROOM)
  await d.close()
}, 60_000)

await test('company: a message too long and a file too large stay here, in words', async () => {
  const before = await a.evaluate(`document.querySelectorAll('.message').length`)
  await say(a, 'ä'.repeat(2100))
  await a.until(`/too long/.test(document.querySelector('#text-note').innerText)`)
  equal(await a.evaluate(`[document.querySelector('#text').value.length, document.querySelectorAll('.message').length]`), [2100, before])
  await a.evaluate(`document.querySelector('#text').value = ''`)
  const path = await fileOf('large.bin', '')
  await truncate(path, (64 << 20) + 1)
  await a.choose('#file', path)
  const words = await a.until(`document.querySelector('#text-note').innerText.match(/Not shared.*/)?.[0]`)
  check(/Not shared: “large\.bin” has 64\.0.MiB, and a file may have 64\.0.MiB at most/.test(words), words)
})

await test('company: a sender who leaves while a file comes is called so', async () => {
  const c = await browsers[0].open(url)
  await ready(c)
  await untilPath(c, b, 'direct')
  await untilPath(b, c, 'direct')
  const path = await fileOf('slow.bin', '')
  await truncate(path, 64 << 20)
  await share(c, b, path)
  await pressFile(b, 'Fetch')
  await untilFile(b, `file.querySelector('progress')?.value > 0`)
  await c.close()
  const words = await untilFile(b, 'file.innerText.match(/Not fetched: .*/)?.[0]', 40)
  check(/^Not fetched: the sender left after [\d.]+.[KM]iB of 64.0.MiB/.test(words), words)
}, 90_000)

await test('company: forty people are a list, and the page stays quick', async (after) => {
  const names = ['Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Vint', 'Tim', 'Margaret', 'Dennis']
  const many = []
  for (let count = 0; count < 40; count++) {
    many.push(await stranger(after, { name: `${names[count % 10]} ${count}`, colour: count % 9 }))
  }
  await a.until('document.querySelector("#people-count").textContent >= 40', { seconds: 30 })
  for (const [index, one] of many.entries()) if (index % 6 === 0) await one.services.pubsub.publish(ROOM, utf8(`Good evening from number ${index}`))
  await hear(a, 'Good evening from number 36')
  await openTalk(a)
  const began = Date.now()
  await say(a, 'quick?')
  await hear(a, 'quick?')
  check(Date.now() - began < 3000, `${Date.now() - began} ms`)
  await shots.take(a, 'company-busy')
  await shots.take(a, 'company-busy-people', { view: 'people' })
  await a.look(phone)
  equal(await misfits(a), [])
  await a.look(desktop)
}, 120_000)

await test('company: a relay out of reach is said', async () => {
  relay.kill('SIGKILL')
  check(/^The relay cannot be reached\. /.test(await a.until(`document.querySelector('#room-notice').innerText`, { seconds: 30 })), 'said')
  await shots.take(a, 'company-no-relay')
}, 60_000)

await test('company: neither page nor browser complained', () => {
  const known = /WebSocket|ERR_CONNECTION_REFUSED|can.t establish a connection|ICE failed/
  equal(both.flatMap((page) => page.errors).filter((one) => !known.test(one)), [])
})

for (const browser of browsers) await browser.close()
await rm(folder, { recursive: true, force: true })
close()
