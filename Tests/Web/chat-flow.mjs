// What a person does on the chat's page, and sees there; by the keyboard where the page is to be usable by it.
import { createHash } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { endOfID } from '../../Web/pages/peer-face.js'
import { pause } from './page.mjs'

const quote = JSON.stringify

export const isReachable = 'document.querySelector("#state").dataset.state === "reserved"'

/** Waits until the page has its place at the relay, and learns its name. */
export async function ready(page, seconds = 20) {
  await page.until(isReachable, { seconds, what: 'a place at the relay' })
  page.id = await page.text('#own-id code')
  page.nick = endOfID(page.id)
}

const personOf = (peer) => `[...document.querySelectorAll('.person')].find((one) => one.innerText.includes(${quote(peer.nick)}))`

/** The path to another page's peer: `{ kind, words }`, undefined if it is not in the list. */
export const pathTo = (page, peer) => page.evaluate(`(() => {
  const one = ${personOf(peer)}
  return one && { kind: one.dataset.path, words: one.title }
})()`)

/** Waits until a path's kind is this; answers its words and the seconds it took. */
export async function untilPath(page, peer, kind, seconds = 20) {
  const began = Date.now()
  await page.until(`${personOf(peer)}?.dataset.path === ${quote(kind)}`, { seconds, what: `${peer.nick} is ${kind}` })
  return { words: (await pathTo(page, peer)).words, seconds: (Date.now() - began) / 1000 }
}

/** Waits until a conversation is shown: the room's, or a peer's. */
export const untilTalk = (page, peer) => page.until(
  `document.querySelector('#talk-title').dataset.key?.endsWith(${quote(peer?.nick ?? 'room')})`, { what: 'the conversation is shown' })

/** Goes to a conversation: the room's, or a peer's. */
export async function openTalk(page, peer) {
  await page.evaluate(`${peer ? personOf(peer) : "document.querySelector('#room-list .person')"}.click()`)
  await untilTalk(page, peer)
}

/** Writes into the open conversation. */
export async function say(page, text) {
  await page.focus('#text')
  await page.type(text)
  await page.press('Enter')
}

const lastMessages = `[...document.querySelectorAll('#message-list .message')].slice(-5)`

/** Waits until the open conversation shows a message that is exactly this text. */
export const hear = (page, text, seconds = 10) => page.until(
  `${lastMessages}.some((one) => one.querySelector('.bubble').textContent === ${quote(text)})`, { seconds, what: `"${text}" is heard` })

/** Waits until the last own message has such a note. */
export const untilNote = (page, pattern, seconds = 15) => page.until(
  `${lastMessages}.filter((one) => one.matches('.own')).at(-1)?.querySelector('.note').innerText.match(${pattern})?.[0]`,
  { seconds, what: `the last message's note says ${pattern}` })

/** The bubble of the last file that is shown. */
export const lastFile = `[...document.querySelectorAll('.bubble.file')].at(-1)`

/** Shares a file with the room, and waits until the other page shows the offer. */
export async function share(page, other, path) {
  await openTalk(page)
  await openTalk(other)
  const before = await other.evaluate("document.querySelectorAll('.bubble.file').length")
  await page.choose('#file', path)
  await other.until(`document.querySelectorAll('.bubble.file').length > ${before}`, { what: 'a file is offered' })
}

/** Waits until something is true of the last file, which is `file` in the expression. */
export const untilFile = (page, expression, seconds = 10) =>
  page.until(`((file) => ${expression})(${lastFile})`, { seconds, what: `the file: ${expression}`, show: `${lastFile}.innerText` })

/** Presses a button of the last file, by the keyboard. */
export async function pressFile(page, words) {
  await page.evaluate(`[...${lastFile}.querySelectorAll('button, a')].find((one) => one.innerText.startsWith(${quote(words)})).focus()`)
  await page.press('Enter')
}

/** Fetches the last file and saves it; answers what became of it. */
export async function fetchFile(page, seconds = 90) {
  const began = Date.now()
  await pressFile(page, 'Fetch')
  const seen = []
  for (;;) {
    const now = await page.evaluate(`({ amount: ${lastFile}.querySelector('.amount')?.textContent, text: ${lastFile}.innerText,
      isOver: !${lastFile}.querySelector('progress'), link: !!${lastFile}.querySelector('a') })`)
    if (now.amount && seen.at(-1) !== now.amount) seen.push(now.amount)
    if (now.isOver && Date.now() - began > 200) {
      const took = (Date.now() - began) / 1000
      return { isHere: now.link, text: now.text, seen, seconds: took }
    }
    if (Date.now() - began > seconds * 1000) throw new Error(`the file is not here in ${seconds} s: ${now.text}`)
    await pause(50)
  }
}

/** Saves the last file by its link; answers the SHA-256 of what the browser wrote. */
export async function savedHash(page) {
  const folder = page.browser.downloads
  const before = new Set(await readdir(folder).catch(() => []))
  await page.evaluate(`${lastFile}.querySelector('a').click()`)
  for (let tries = 0; tries < 200; tries++) {
    const [name] = (await readdir(folder).catch(() => [])).filter((one) => !before.has(one) && !/\.(crdownload|part)$/.test(one))
    if (name) {
      const path = join(folder, name), { size } = await stat(path)
      await pause(300)
      if (size && (await stat(path)).size === size) return createHash('sha256').update(await readFile(path)).digest('hex')
    }
    await pause(100)
  }
  throw new Error('the browser saved nothing')
}

/** Presses a button that opens the panel, and waits for what the check says. */
export async function checked(page, button = '#open-check') {
  await page.click(button)
  const isOver = `!document.querySelector('#check-again').disabled`
  const verdict = `${isOver} && { ...document.querySelector('#check-verdict').dataset }`
  const data = await page.until(verdict, { seconds: 8, what: 'the check ends' })
  const text = (await page.text('#check-verdict')).replaceAll(/\n+/g, ' ')
  const lines = await page.evaluate(`[...document.querySelectorAll('#check-list > *')].map((one) => one.textContent).join(' | ')`)
  console.log(`      ${text}`)
  return { ...data, text, lines }
}

const interactive = new Set('button link textbox checkbox combobox menuitem tab slider spinbutton DisclosureTriangle searchbox'.split(' '))

/** Elements that can be operated and have no name for a screen reader. */
export const unnamed = async (page) => (await page.accessibility()).filter(({ role, name, focusable }) =>
  !name.trim() && (interactive.has(role) || (focusable && role !== 'RootWebArea')))

/** What a page must not be at a phone's width: wider than the window, or with targets too small for a finger. */
export const misfits = (page) => page.evaluate(`(() => {
  const faults = []
  const wide = document.scrollingElement.scrollWidth - document.documentElement.clientWidth
  if (wide > 0) faults.push(wide + ' px wider than the window')
  for (const one of document.querySelectorAll('button, a[href], input, textarea, summary')) {
    const { width, height, right, left } = one.getBoundingClientRect()
    if (!one.checkVisibility() || !width || one.closest('.visually-hidden, .skip')) continue
    const name = one.id || one.getAttribute('aria-label') || one.innerText || one.className
    if (height < 43.5 || width < 43.5) faults.push(name + ': ' + width.toFixed(0) + ' by ' + height.toFixed(0))
    if (right > innerWidth + 0.5 || left < -0.5) faults.push(name + ' is cut off')
  }
  return faults
})()`)
