// One message in the conversation, and the file it may carry.

import { ROOM, nickOf } from './chat-node.js'
import { avatar, fill, make } from './chat-elements.js'
import { isUpgrading } from './chat-paths.js'
import { fileName, sizeOf, wordsOf } from './chat-words.js'

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' })

export function drawMessage(message, chat, talk) {
  const time = make('time', { datetime: new Date(message.at).toISOString(), text: clock.format(message.at) })
  const head = make('header', {}, make('b', { text: message.own ? 'You' : nickOf(message.from) }), time)
  const bubble = make('div', { class: 'bubble' })
  if (message.file) bubble.classList.add('file')
  else bubble.textContent = message.text + (message.isCut ? ' … (the rest was too long)' : '')
  const element = make('li', {}, avatar(message.from ?? ''), head, bubble, make('div', { class: 'note' }))
  updateMessage(element, message, chat, talk)
  return element
}

/** Redraws the parts that can change. */
export function updateMessage(element, message, chat, talk) {
  element.className = ['message', message.own && 'own', message.status].filter(Boolean).join(' ')
  const note = element.querySelector('.note')
  const text = message.status === 'sending' ? 'sending…' : message.note ?? ''
  const again = message.status === 'failed' && talk !== ROOM ? [button('Try again', () => chat.resend(talk, message))] : []
  const tried = (message.outcomes ?? []).slice(0, 6).map((one) =>
    make('div', {}, make('code', { text: String(one.address) }), `: ${wordsOf(one)}`))
  if (note.dataset.text !== text) {
    note.dataset.text = text
    fill(note, make('span', { text: text + (again.length ? ' ' : '') }), ...again, ...tried)
  }
  if (!message.file) return
  const bubble = element.querySelector('.bubble')
  if (message.own) drawShared(bubble, message.file, chat)
  else drawOffer(bubble, message, chat)
}

function button(text, act, label = text) {
  const made = make('button', { type: 'button', text, 'aria-label': label })
  made.addEventListener('click', act)
  return made
}

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

function drawShared(bubble, file, chat) {
  const uploads = [...file.uploads].slice(-5)
  const shape = [file.state, ...uploads.map((one) => one.peer + one.state)].join()
  shaped(bubble, shape, () => [
    make('div', { class: 'file-name' }, make('span', { text: file.name }), make('small', { text: sizeOf(file.size) })),
    ...uploads.flatMap((one) => {
      const who = nickOf(one.peer)
      if (one.state !== 'sending') {
        const words = {
          sent: `Sent to ${who} ${one.isDirect ? 'directly' : 'through the relay'}`, cancelled: `Cancelled for ${who}`,
          failed: `${who}: ${one.note}`,
        }[one.state]
        return [make('div', { class: 'file-row', text: words })]
      }
      const { progress, text } = bar(`Sending to ${who}`)
      progress.dataset.peer = text.dataset.peer = one.peer
      const cancel = button('Cancel', () => one.cancel?.(), `Cancel sending to ${who}`)
      return [progress, make('div', { class: 'file-row' }, make('span', {}, `To ${who}: `, text), cancel)]
    }),
    file.state === 'withdrawn' ? make('div', { class: 'file-row', text: 'No longer shared' })
      : make('div', { class: 'file-row' }, make('span', { text: uploads.length ? '' : 'Nobody has fetched it yet' }),
        button('Stop sharing', () => chat.files.stopSharing(file), `Stop sharing ${file.name}`)),
  ])
  const bars = bubble.querySelectorAll('progress'), amounts = bubble.querySelectorAll('.amount')
  uploads.filter((one) => one.state === 'sending').forEach((one, index) => bars[index] && move(bars[index], amounts[index], one))
}

function offerWords(peer) {
  if (peer?.path?.kind !== 'relayed') return 'You see its size when you fetch it'
  return isUpgrading(peer) ? 'Fetched once there is a direct connection' : 'A relay connects you, and it lets little through'
}

function drawOffer(bubble, message, chat) {
  const { file } = message
  const fetch = (text) => button(text, () => chat.files.fetch(message), `${text} from ${nickOf(file.peer)}`)
  shaped(bubble, file.state + (file.note ?? ''), () => {
    const size = make('small', { text: file.total ? sizeOf(file.total) : '' })
    const name = make('div', { class: 'file-name' }, make('span', { text: 'A file' }), size)
    const row = (...children) => make('div', { class: 'file-row' }, ...children)
    switch (file.state) {
      case 'fetching': {
        const { progress, text } = bar(`Fetching a file from ${nickOf(file.peer)}`)
        return [name, progress, row(text, button('Cancel', () => file.cancel?.(), `Cancel fetching from ${nickOf(file.peer)}`))]
      }
      case 'fetched': {
        file.url ??= URL.createObjectURL(file.blob)
        const title = fileName(file.id, file.head)
        return [name, row(make('a', { href: file.url, download: title, text: `Save as ${title}` }),
          make('span', { text: `Received ${file.isDirect ? 'directly' : 'through the relay'}` }))]
      }
      case 'failed': return [name, row(make('span', { text: `Not fetched: ${file.note}` }), fetch('Try again'))]
      default: return [name, row(make('span', { text: file.note || offerWords(chat.peers.get(file.peer)) }), fetch('Fetch'))]
    }
  })
  const progress = bubble.querySelector('progress')
  if (progress) move(progress, bubble.querySelector('.amount'), file)
}
