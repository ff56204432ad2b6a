// A file in a message: one that this page shares, or one that somebody offers.

import { fill, make } from './chat-elements.js'
import { bounds } from './chat-bounds.js'
import { isUpgrading } from './chat-paths.js'
import { fileName, kindOf, sizeOf } from './chat-words.js'

function button(text, act, label = text) {
  const made = make('button', { type: 'button', text, 'aria-label': label })
  made.addEventListener('click', act)
  return made
}

const row = (...children) => make('div', { class: 'file-row' }, ...children)
const percent = (done, total) => total ? Math.floor(done / total * 100) : 0

/** Redraws parts only when their structure changes, so that a focused button stays. Otherwise it updates the numbers only. */
function shaped(bubble, shape, draw) {
  if (bubble.dataset.shape === shape) return
  bubble.dataset.shape = shape
  const focused = bubble.contains(document.activeElement) ? document.activeElement : undefined
  fill(bubble, ...draw())
  if (!focused) return
  const buttons = [...bubble.querySelectorAll('button, a')]
  const same = buttons.find((one) => one.getAttribute('aria-label') === focused.getAttribute('aria-label'))
  ;(same ?? buttons[0] ?? document.getElementById('text')).focus()
}

function bar(label) {
  const progress = make('progress', { max: 100, 'aria-label': label })
  const text = make('span', { class: 'amount' })
  return { progress, text }
}

function move(progress, text, { done, total, step, isDirect }) {
  if (total) progress.value = percent(done, total)
  const way = isDirect ? 'directly' : 'through the relay'
  text.textContent = total ? `${sizeOf(done)} of ${sizeOf(total)}, ${percent(done, total)} %, ${way}` : step
}

/** The lines that every file begins with: what it is called, its kind and its size. */
function title(name, facts) {
  return make('div', { class: 'file-name' }, make('bdi', { text: name }), make('small', { text: facts.filter(Boolean).join(' · ') }))
}

/** The picture that a file's own bytes are, by a URL of this page's. */
function picture(file, name) {
  if (!file.picture) return []
  const { blob, width, height } = file.picture
  file.pictureURL ??= URL.createObjectURL(blob)
  return [make('img', { class: 'picture', src: file.pictureURL, width, height, alt: `Picture: ${name}`, decoding: 'async' })]
}

/** Lets go of what a message that is no longer shown has in memory. */
export function forgetFile({ url, pictureURL }) {
  for (const one of [url, pictureURL]) if (one) URL.revokeObjectURL(one)
}

function uploadLine(one, chat) {
  const who = chat.called(one.peer)
  if (one.state !== 'sending') {
    const words = {
      sent: `Sent to ${who} ${one.isDirect ? 'directly' : 'through the relay'}`, cancelled: `Cancelled for ${who}`,
      failed: `${who}: ${one.note}`,
    }[one.state]
    return [row(words)]
  }
  const { progress, text } = bar(`Sending to ${who}`)
  const cancel = button('Cancel', () => one.cancel?.(), `Cancel sending to ${who}`)
  return [progress, row(make('span', {}, `To ${who}: `, text), cancel)]
}

export function drawShared(bubble, file, chat) {
  const uploads = [...file.uploads].slice(-5)
  const shape = [file.state, !!file.picture, ...uploads.map((one) => one.peer + one.state)].join()
  shaped(bubble, shape, () => [
    ...picture(file, file.name),
    title(file.name || 'A file', [kindOf(file.type), sizeOf(file.size)]),
    ...uploads.flatMap((one) => uploadLine(one, chat)),
    file.state === 'withdrawn' ? row('No longer shared')
      : row(make('span', { text: uploads.length ? '' : 'Nobody has fetched it yet' }),
        button('Stop sharing', () => chat.files.stopSharing(file), `Stop sharing ${file.name}`)),
  ])
  const bars = bubble.querySelectorAll('progress'), amounts = bubble.querySelectorAll('.amount')
  uploads.filter((one) => one.state === 'sending').forEach((one, index) => bars[index] && move(bars[index], amounts[index], one))
}

function offerWords({ size }, peer) {
  if (size > bounds.fileBytes) return `Too large for this page, which takes ${sizeOf(bounds.fileBytes)} at most`
  if (peer?.path?.kind === 'relayed') {
    return isUpgrading(peer) ? 'Fetched once there is a direct connection' : 'A relay connects you, and it lets little through'
  }
  return size ? '' : 'You see its size when you fetch it'
}

export function drawOffer(bubble, message, chat) {
  const { file } = message, from = chat.called(file.peer)
  const fetch = (text) => button(text, () => chat.files.fetch(message), `${text} from ${from}`)
  const words = file.note || offerWords(file, chat.peers.get(file.peer))
  shaped(bubble, [file.state, file.name, file.size, file.total, words].join('\n'), () => {
    const size = file.total || file.size
    const head = title(file.name || 'A file', [kindOf(file.type), size ? sizeOf(size) : ''])
    switch (file.state) {
      case 'fetching': {
        const { progress, text } = bar(`Fetching a file from ${from}`)
        return [head, progress, row(text, button('Cancel', () => file.cancel?.(), `Cancel fetching from ${from}`))]
      }
      case 'fetched': {
        const name = file.name || fileName(file.id, file.head)
        // Never shown as what the sender says it is: it is saved as bytes.
        file.url ??= URL.createObjectURL(file.blob)
        const text = file.name ? 'Save' : `Save as ${name}`
        const save = make('a', { href: file.url, download: name, 'aria-label': `Save ${name}`, text })
        const how = make('span', { text: `Received ${file.isDirect ? 'directly' : 'through the relay'}` })
        return [...picture(file, name), head, row(save, how)]
      }
      case 'failed': return [head, row(make('span', { text: `Not fetched: ${file.note}` }), fetch('Try again'))]
      default: return [head, row(make('span', { text: words }), ...file.size > bounds.fileBytes ? [] : [fetch('Fetch')])]
    }
  })
  const progress = bubble.querySelector('progress')
  if (progress) move(progress, bubble.querySelector('.amount'), file)
}
