// Files. A peer announces a file's id in the room; others fetch the file from it by /universal-connectivity-file/1.

import { bounds } from './chat-bounds.js'
import { FrameReader, textOf, uvarint, utf8 } from './chat-codec.js'
import { Fetching, isWithin, tooMuch } from './chat-fetching.js'
import { isLeaving } from './chat-paths.js'
import { pictureIn } from './chat-picture.js'
import { ROOM } from './chat-room.js'
import { mediaType, plainFileName } from './chat-text.js'
import { sizeOf, wordsOf } from './chat-words.js'

export const FILE_PROTOCOL = '/universal-connectivity-file/1'

const CHUNK = 64 << 10

export class Files {
  #chat
  #shared = new Map()
  /** The peers to which a file is being sent. */
  #uploads = new Set()

  constructor(chat) { this.#chat = chat }

  /** Offers a file to the room. The page reads it only when somebody requests it, or to show a picture. */
  async share(file) {
    const chat = this.#chat
    if (file.size > bounds.fileBytes) {
      throw new Error(`“${plainFileName(file.name)}” has ${sizeOf(file.size)}, and a file may have ${sizeOf(bounds.fileBytes)} at most`)
    }
    if (!file.size) throw new Error(`“${plainFileName(file.name)}” is empty`)
    const random = crypto.getRandomValues(new Uint8Array(16))
    const id = crypto.randomUUID?.() ?? [...random].map((one) => one.toString(16).padStart(2, '0')).join('')
    if (this.#shared.size >= bounds.sharedFiles) this.stopSharing([...this.#shared.values()][0])
    const shared = {
      id, state: 'shared', name: plainFileName(file.name), size: file.size, type: mediaType(file.type), file, uploads: new Set(),
    }
    this.#shared.set(id, shared)
    const message = shared.message = chat.add(ROOM, { own: true, from: chat.self, file: shared, status: 'sending' })
    this.#showPicture(message)
    Object.assign(message, await chat.room.publish(chat.room.fileTopic, utf8(id), () => 'offered to the room'))
    chat.changed('update', { message })
  }

  async #showPicture(message) {
    const picture = await pictureIn(message.file.file).catch(() => undefined)
    if (!picture) return
    message.file.picture = picture
    this.#chat.changed('update', { message })
  }

  /** What another chat is told of a shared file. */
  factsOf(id) {
    const shared = this.#shared.get(id)
    return shared && { fileName: shared.name, fileSize: shared.size, fileType: shared.type }
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

  /** Fetches an offered file from its sender. */
  fetch(message) { return new Fetching(this.#chat, message, FILE_PROTOCOL).run() }

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
      shared = this.#shared.get(textOf(await reader.frame(64)))
      if (!shared) throw new Error('this file does not exist')
      upload = this.#begin(shared, stream)
      await this.#send(shared, upload, stream, moved)
      clearTimeout(slow)
      await ended(reader)
      if (upload.state === 'sending') upload.state = 'sent'
    } catch (error) {
      if (upload?.state === 'sending') Object.assign(upload, { state: 'failed', note: await this.#why(upload, error) })
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

  async #why({ peer, done, total }, error) {
    const isGone = error.code && await isLeaving(this.#chat, this.#chat.peer(peer))
    return isGone ? `left after ${sizeOf(done)} of ${sizeOf(total)}` : wordsOf(error)
  }

  #begin(shared, stream) {
    const { remotePeer, direct } = stream.connection, peer = String(remotePeer)
    if (this.#uploads.size >= bounds.uploadsAtOnce || this.#uploads.has(peer)) throw new Error('busy')
    const upload = { peer, done: 0, total: shared.size, state: 'sending', isDirect: direct }
    upload.cancel = () => {
      upload.state = 'cancelled'
      stream.abort(new Error('cancelled'))
    }
    this.#uploads.add(peer)
    shared.uploads.add(upload)
    if (shared.uploads.size > 20) shared.uploads.delete([...shared.uploads].find((one) => one.state !== 'sending'))
    this.#chat.changed('update', { message: shared.message })
    return upload
  }

  async #send({ file, message }, upload, stream, moved) {
    const writer = stream.writable.getWriter()
    await writer.write(uvarint(file.size))
    if (!isWithin(file.size, stream.limits)) {
      // The other side reads the size and comes to the same result.
      await writer.close()
      throw new Error(tooMuch(file.size, stream.limits))
    }
    for (let at = 0; at < file.size; at += CHUNK) {
      const bytes = new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer())
      await writer.write(bytes)
      upload.done = at + bytes.length
      moved()
      this.#chat.changed('progress', { message })
    }
    await writer.close()
  }
}

/** Waits until the other side has read everything and ended the stream, but not for ever. */
const ended = (reader) => Promise.race([reader.end(), new Promise((resolve) => setTimeout(resolve, 15000))])
