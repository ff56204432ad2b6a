// Files. A peer announces a file's id in the room; others fetch the file from it by /universal-connectivity-file/1.

import { bounds } from './chat-bounds.js'
import { FrameReader, frame, textOf, utf8, uvarint } from './chat-codec.js'
import { directPath, whyRelayed } from './chat-paths.js'
import { sizeOf, wordsOf } from './chat-words.js'

export const FILE_TOPIC = 'universal-connectivity-file'
export const FILE_PROTOCOL = '/universal-connectivity-file/1'

const CHUNK = 64 << 10
const idPattern = /^[0-9a-zA-Z-]{1,64}$/

/** The file id in an announcement. */
export function announcedFile(data) {
  const id = textOf(data.subarray(0, 65))
  return idPattern.test(id) ? id : undefined
}

export class Files {
  #chat
  #shared = new Map()
  /** The peers to which a file is being sent. */
  #uploads = new Set()

  constructor(chat) { this.#chat = chat }

  /** Offers a file to the room. The page reads it only when somebody requests it. */
  async share(file) {
    const chat = this.#chat
    if (file.size > bounds.fileBytes) throw new Error(`too large: at most ${bounds.fileBytes >> 20} MiB`)
    if (!file.size) throw new Error('the file is empty')
    const random = crypto.getRandomValues(new Uint8Array(16))
    const id = crypto.randomUUID?.() ?? [...random].map((one) => one.toString(16).padStart(2, '0')).join('')
    if (this.#shared.size >= bounds.sharedFiles) this.stopSharing([...this.#shared.values()][0])
    const shared = { id, state: 'shared', name: file.name, size: file.size, file, uploads: new Set() }
    this.#shared.set(id, shared)
    const message = shared.message = chat.addToRoom({ own: true, from: chat.self, file: shared, status: 'sending' })
    try {
      const { recipients } = await chat.node.services.pubsub.publish(FILE_TOPIC, utf8(id))
      message.status = recipients ? 'sent' : 'lonely'
      message.note = recipients ? 'offered to the room' : 'no one was connected to receive the offer'
    } catch (error) { Object.assign(message, { status: 'failed', note: `not offered: ${wordsOf(error)}` }) }
    chat.changed('update', { message })
  }

  stopSharing(shared) {
    this.forget(shared)
    shared.state = 'withdrawn'
    shared.file = undefined
    for (const one of shared.uploads) one.cancel?.()
    this.#chat.changed('update', { message: shared.message })
  }

  /** The file's message has left the room. */
  forget({ id }) { this.#shared.delete(id) }

  async serve({ stream }) {
    const chat = this.#chat
    let upload, shared, slow
    /** Resets an upload that makes no progress. */
    const moved = () => {
      clearTimeout(slow)
      slow = setTimeout(() => stream.abort(new Error('too slow')), bounds.uploadSeconds * 1000)
    }
    moved()
    try {
      const reader = new FrameReader(stream.readable)
      const id = textOf(await reader.frame(64))
      shared = this.#shared.get(id)
      if (!shared) throw new Error('this file does not exist')
      const { file, message } = shared
      const { remotePeer, direct } = stream.connection
      const peer = String(remotePeer)
      if (this.#uploads.size >= bounds.uploadsAtOnce || this.#uploads.has(peer)) throw new Error('busy')
      upload = { peer, done: 0, total: file.size, state: 'sending', isDirect: direct }
      upload.cancel = () => {
        upload.state = 'cancelled'
        stream.abort(new Error('cancelled'))
      }
      this.#uploads.add(peer)
      shared.uploads.add(upload)
      if (shared.uploads.size > 20) shared.uploads.delete([...shared.uploads].find((one) => one.state !== 'sending'))
      chat.changed('update', { message })
      const writer = stream.writable.getWriter()
      await writer.write(uvarint(file.size))
      if (!isWithin(file.size, stream.limits)) {
        // The other side reads the size and comes to the same result.
        await writer.close()
        throw new Error(tooLarge(file.size, stream.limits))
      }
      for (let at = 0; at < file.size; at += CHUNK) {
        const bytes = new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer())
        await writer.write(bytes)
        upload.done = at + bytes.length
        moved()
        chat.changed('progress', { message })
      }
      await writer.close()
      clearTimeout(slow)
      await ended(reader)
      if (upload.state === 'sending') upload.state = 'sent'
    } catch (error) {
      if (upload?.state === 'sending') Object.assign(upload, { state: 'failed', note: wordsOf(error) })
      stream.abort(error)
    } finally {
      clearTimeout(slow)
      if (upload) {
        this.#uploads.delete(upload.peer)
        upload.cancel = undefined
        chat.changed('update', { message: shared.message })
      }
    }
  }

  /** Fetches an offered file from its sender, over a direct connection if possible. */
  async fetch(message) {
    const chat = this.#chat, { file } = message, abort = new AbortController(), { signal } = abort
    Object.assign(file, {
      state: 'fetching', step: 'Connecting…', done: 0, total: 0, note: '', cancel: () => abort.abort(new Error('cancelled')),
    })
    const step = (words) => {
      file.step = words
      chat.changed('update', { message })
    }
    step('Connecting…')
    const known = chat.peer(file.peer)
    let stream
    try {
      await chat.reach(known, signal)
      step('Waiting for a direct connection…')
      await directPath(chat, known, bounds.directSeconds * 1000, signal)
      signal.throwIfAborted()
      step('Asking the sender…')
      stream = await chat.node.dialProtocol(file.peer, FILE_PROTOCOL, { signal, runOnLimitedConnection: true })
      signal.addEventListener('abort', () => stream.abort(signal.reason))
      file.isDirect = stream.connection?.direct
      await stream.writable.getWriter().write(frame(utf8(file.id)))
      const reader = new FrameReader(stream.readable), parts = []
      file.total = await reader.length(bounds.fileBytes)
      if (!isWithin(file.total, stream.limits)) {
        throw new Error(`${tooLarge(file.total, stream.limits)} Direct: ${whyRelayed(known) ?? 'not yet'}.`)
      }
      for await (const block of reader.blocks(file.total)) {
        parts.push(block)
        file.done += block.length
        chat.changed('progress', { message })
      }
      stream.close().catch(() => {})
      Object.assign(file, { state: 'fetched', blob: new Blob(parts, { type: 'application/octet-stream' }), head: parts[0]?.slice(0, 16) })
    } catch (error) {
      stream?.abort(error)
      Object.assign(file, signal.aborted ? { state: 'offered', note: 'Cancelled' } : { state: 'failed', note: wordsOf(error) })
    }
    file.cancel = undefined
    chat.changed('update', { message })
    chat.changed('fetched', { message })
  }
}

/** Whether a limit allows this many bytes, including frames and acknowledgements. */
const isWithin = (bytes, limits) => limits?.bytes === undefined || bytes * 1.02 + 4096 < limits.bytes

const tooLarge = (bytes, { bytes: left }) =>
  `it has ${sizeOf(bytes)}, and you are connected over a relay only, which lets ${sizeOf(left)} more through.`

/** Waits until the other side has read everything and ended the stream, but not for ever. */
const ended = (reader) => Promise.race([reader.end(), new Promise((resolve) => setTimeout(resolve, 15000))])
