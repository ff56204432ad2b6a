// What chats tell each other beside messages: names, colours, rooms, and what a file is. The room's messages are text alone, as in all
// implementations of universal-connectivity, so this goes by a protocol of its own, which peers of other kinds do not serve.

import { Gate, bounds } from './chat-bounds.js'
import { FrameReader, decodeAbout, encodeAbout, frame } from './chat-codec.js'
import { colourNumber } from './chat-profile.js'
import { mediaType, personName, plainFileName } from './chat-text.js'

export const ABOUT_PROTOCOL = '/causeway/chat-about/1'

export class About {
  #chat

  constructor(chat) { this.#chat = chat }

  get #own() { return { ...this.#chat.profile, room: this.#chat.room.name } }

  #learn(known, { name, colour, room }) {
    const news = { name: personName(name), colour: colourNumber(colour), room: room.slice(0, 64), isIntroduced: true }
    const isNews = Object.entries(news).some(([key, value]) => known[key] !== value)
    Object.assign(known, news)
    if (isNews) this.#chat.changed('named', { peer: known.id })
  }

  /** Tells a peer who we are, and hears who it is; and what a file of its is, by the file's id. */
  async ask(known, file) {
    const signal = AbortSignal.timeout(bounds.aboutSeconds * 1000)
    const stream = await this.#chat.node.dialProtocol(known.id, ABOUT_PROTOCOL, { signal, runOnLimitedConnection: true })
    signal.addEventListener('abort', () => stream.abort(signal.reason))
    try {
      await stream.writable.getWriter().write(frame(encodeAbout({ ...this.#own, file })))
      const answer = decodeAbout(await new FrameReader(stream.readable).frame(bounds.aboutBytes))
      stream.close().catch(() => {})
      this.#learn(known, answer)
      return answer
    } catch (error) {
      stream.abort(error)
      throw error
    }
  }

  /** Introduces us to a peer that has this chat, unless it was first. */
  meet(known) {
    if (!known.isIntroduced) this.ask(known).catch(() => {})
  }

  /** Tells everybody who is connected that our name or colour has changed. */
  tellAll() {
    for (const known of this.#chat.peers.values()) if (known.path && known.speaksAbout) this.ask(known).catch(() => {})
  }

  /** Asks the sender of an offered file for its name, size and type. Without an answer the file is fetched as it is. */
  async askFile(known, message) {
    const { file } = message
    if (file.name !== undefined) return
    try {
      const { fileName, fileSize, fileType } = await this.ask(known, file.id)
      Object.assign(file, { name: plainFileName(fileName), type: mediaType(fileType), size: Math.max(0, fileSize) })
      this.#chat.changed('update', { message })
    } catch { /* A peer of another kind, or one that has just gone, which the fetch will tell. */ }
  }

  async answer({ stream }) {
    const chat = this.#chat, known = chat.peer(stream.connection.remotePeer)
    const end = setTimeout(() => stream.abort(new Error('too slow')), bounds.aboutSeconds * 1000)
    try {
      known.aboutGate ??= new Gate(bounds.aboutOfOne)
      if (!known.aboutGate.passes()) throw new Error('too often')
      const asked = decodeAbout(await new FrameReader(stream.readable).frame(bounds.aboutBytes))
      this.#learn(known, asked)
      await stream.writable.getWriter().write(frame(encodeAbout({ ...this.#own, ...chat.files.factsOf(asked.file) })))
      await stream.close()
    } catch (error) { stream.abort(error) } finally { clearTimeout(end) }
  }
}
