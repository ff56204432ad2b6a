// Two tabs of the chat page, each in a network namespace of its own (natlab_chat.py makes them).
//   chat-nat.mjs '{"url": …, "prefixes": [[…], […]], "browsers": ["chromium", "firefox"], "expect": "direct" | "relayed",
//   "isDependent": [false, true]}    whether the NATs show each peer another port'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, close, equal, test } from './cases.mjs'
import { checked, fetchFile, hear, openTalk, ready, savedHash, say, share, untilNote, untilPath } from './chat-flow.mjs'
import { Chromium } from './chromium.mjs'
import { Firefox } from './firefox.mjs'

const { url, prefixes, browsers: kinds = ['chromium', 'chromium'], expect, isDependent } = JSON.parse(process.argv[2])
const folder = await mkdtemp(join(tmpdir(), 'causeway-'))
const browsers = []
for (const [index, prefix] of prefixes.entries()) {
  browsers.push(await (kinds[index] === 'firefox' ? Firefox : Chromium).start({ prefix }))
}
const [a, b] = [await browsers[0].open(url), await browsers[1].open(url)]
const isDirect = expect === 'direct'

await test('both are reachable through the relay', async () => {
  for (const page of [a, b]) await ready(page, 30)
})

await test(`the path is ${expect}`, async () => {
  const paths = await Promise.all([untilPath(a, b, expect, 30), untilPath(b, a, expect, 30)])
  console.log(`      ${paths[0].words}, after ${paths[0].seconds.toFixed(1)} s`)
  equal(paths.map(({ words }) => words.startsWith(isDirect ? 'Direct, WebRTC' : 'Relayed through ')), [true, true])
})

await test('the check tells how each NAT maps, and on whose side a direct connection stops', async () => {
  for (const [index, page] of [a, b].entries()) {
    const { finding, lines } = await checked(page)
    equal(finding, isDirect ? 'directSeen' : isDependent[index] ? 'dependentMapping' : 'mappingUnknown')
    check(lines.includes(`NAT mapping ${isDependent[index] ? 'endpoint-dependent' : 'unknown'}`), lines)
    await page.click('#check [data-close]')
  }
  if (isDirect) return
  for (const [index, [page, other]] of [[a, b], [b, a]].entries()) {
    await openTalk(page, other)
    await page.until('document.querySelector("#peer-failure").textContent', { seconds: 60 })
    equal((await checked(page, '#act-check')).finding, isDependent[index] ? 'peerBlockedByOwnNAT' : 'peerBlocked')
    await page.click('#check [data-close]')
    await openTalk(page)
  }
}, 150_000)

await test('the room, both ways', async () => {
  for (const [from, to] of [[a, b], [b, a]]) {
    await say(from, `from ${from.nick}`)
    await hear(to, `from ${from.nick}`)
  }
})

if (!isDirect) {
  await test('the page says why there is no direct connection', async () => {
    await openTalk(a, b)
    await a.until('document.querySelector("#peer-failure").textContent', { seconds: 45 })
    await a.click('#peer-facts summary')
    const words = (await a.text('#peer-failure')).replaceAll('\n', ' ')
    console.log(`      ${words}`)
    check(/^No direct connection: no packet gets through/.test(words), words)
  }, 60_000)
}

await test('a direct message, both ways', async () => {
  for (const [from, to] of [[a, b], [b, a]]) {
    await openTalk(from, to)
    await openTalk(to, from)
    await say(from, `only for ${to.nick}`)
    await hear(to, `only for ${to.nick}`, 20)
    equal(await untilNote(from, /delivered .*/), isDirect ? 'delivered directly' : 'delivered through the relay')
  }
})

const size = 20_000_000
await test(isDirect ? 'a file of 20 MB over the direct connection' : 'a file of 20 MB is refused over the relay, in words', async () => {
  const bytes = randomBytes(size), path = join(folder, 'file.bin')
  await writeFile(path, bytes)
  await share(a, b, path)
  const { isHere, text, seconds } = await fetchFile(b, 150)
  if (!isDirect) {
    console.log(`      ${text.replaceAll('\n', ' ')}`)
    return check(!isHere && /over a relay only/.test(text), text)
  }
  check(isHere && /received directly/i.test(text), text)
  const hash = createHash('sha256').update(bytes).digest('hex')
  equal(await savedHash(b), hash)
  console.log(`      ${seconds.toFixed(1)} s, ${(size / 1e6 / seconds).toFixed(1)} MB/s, SHA-256 ${hash}`)
}, 180_000)

for (const browser of browsers) await browser.close()
await rm(folder, { recursive: true, force: true })
close()
