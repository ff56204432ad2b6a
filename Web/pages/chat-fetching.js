// Fetching one offered file from its sender, over a direct connection if possible.

import { bounds } from './chat-bounds.js'
import { FrameReader, frame, utf8 } from './chat-codec.js'
import { directPath, isLeaving, whyRelayed } from './chat-paths.js'
import { pictureIn } from './chat-picture.js'
import { sizeOf, wordsOf } from './chat-words.js'

export class Fetching {
  #chat
  #message
  #protocol
  #abort = new AbortController()

  constructor(chat, message, protocol) {
    this.#chat = chat
    this.#message = message
    this.#protocol = protocol
  }

  async run() {
    const chat = this.#chat, message = this.#message, { file } = message, { signal } = this.#abort, known = chat.peer(file.peer)
    const cancel = () => this.#abort.abort(new Error('cancelled'))
    Object.assign(file, { state: 'fetching', done: 0, total: 0, note: '', cancel })
    let stream
    try {
      stream = await this.#open(known)
      const parts = await this.#read(known, stream)
      stream.close().catch(() => {})
      const blob = new Blob(parts, { type: 'application/octet-stream' }), head = parts[0]?.slice(0, 16)
      const picture = await pictureIn(blob).catch(() => undefined)
      Object.assign(file, { state: 'fetched', blob, head, picture })
    } catch (error) {
      stream?.abort(error)
      const fault = { state: 'failed', note: signal.aborted ? '' : await this.#why(known, error) }
      Object.assign(file, signal.aborted ? { state: 'offered', note: 'Cancelled' } : fault)
    }
    file.cancel = undefined
    chat.changed('update', { message })
    chat.changed('fetched', { message })
  }

  #step(words) {
    this.#message.file.step = words
    this.#chat.changed('update', { message: this.#message })
  }

  async #open(known) {
    const chat = this.#chat, { file } = this.#message, { signal } = this.#abort
    this.#step('Connecting…')
    await chat.reach(known, signal)
    this.#step('Waiting for a direct connection…')
    await directPath(chat, known, bounds.directSeconds * 1000, signal)
    signal.throwIfAborted()
    this.#step('Asking the sender…')
    await chat.about.askFile(known, this.#message)
    signal.throwIfAborted()
    const stream = await chat.node.dialProtocol(file.peer, this.#protocol, { signal, runOnLimitedConnection: true })
    signal.addEventListener('abort', () => stream.abort(signal.reason))
    return stream
  }

  async #read(known, stream) {
    const chat = this.#chat, message = this.#message, { file } = message
    file.isDirect = stream.connection?.direct
    await stream.writable.getWriter().write(frame(utf8(file.id)))
    const reader = new FrameReader(stream.readable), parts = []
    const total = await reader.length(Number.MAX_SAFE_INTEGER)
    if (total > bounds.fileBytes) throw new Error(`it has ${sizeOf(total)}, and this page takes ${sizeOf(bounds.fileBytes)} at most`)
    file.total = total
    if (!isWithin(total, stream.limits)) {
      throw new Error(`${tooMuch(total, stream.limits)} Direct: ${whyRelayed(known) ?? 'not yet'}.`)
    }
    for await (const block of reader.blocks(total)) {
      parts.push(block)
      file.done += block.length
      chat.changed('progress', { message })
    }
    return parts
  }

  /** A peer that left while its file came is not called by a code. */
  async #why(known, error) {
    const { done, total } = this.#message.file
    if (!total) return known.path ? wordsOf(error) : `the sender is not here: ${wordsOf(error)}`
    return error.code && await isLeaving(this.#chat, known) ? `the sender left after ${sizeOf(done)} of ${sizeOf(total)}` : wordsOf(error)
  }
}

/** Whether a limit allows this many bytes, including frames and acknowledgements. */
export const isWithin = (bytes, limits) => limits?.bytes === undefined || bytes * 1.02 + 4096 < limits.bytes

export const tooMuch = (bytes, { bytes: left }) =>
  `it has ${sizeOf(bytes)}, and you are connected over a relay only, which lets ${sizeOf(left)} more through.`
