// Direct messages: /universal-connectivity/dm/1.0.0.

import { bounds } from './chat-bounds.js'
import { FrameReader, Status, decodeRequest, decodeResponse, encodeRequest, encodeResponse, frame } from './chat-codec.js'
import { directPath } from './chat-paths.js'
import { wordsOf } from './chat-words.js'

export const DM_PROTOCOL = '/universal-connectivity/dm/1.0.0'

export class DirectMessages {
  #chat
  #version

  constructor(chat, version) {
    this.#chat = chat
    this.#version = version
  }

  /** Sends a message that is already in the conversation. */
  async send(id, message) {
    const chat = this.#chat, known = chat.peer(id)
    let stream, signal
    try {
      await chat.reach(known, AbortSignal.timeout(bounds.dmSeconds * 1000))
      await directPath(chat, known, bounds.dmSeconds * 1000)
      signal = AbortSignal.timeout(bounds.dmSeconds * 1000)
      stream = await chat.node.dialProtocol(id, DM_PROTOCOL, { signal, runOnLimitedConnection: true })
      signal.addEventListener('abort', () => stream.abort(signal.reason))
      const request = encodeRequest({ clientVersion: this.#version, timestamp: Date.now(), content: message.text })
      await stream.writable.getWriter().write(frame(request))
      const answer = decodeResponse(await new FrameReader(stream.readable).frame(bounds.messageBytes))
      if (answer.status !== Status.ok) throw new Error(`the peer answered ${answer.status} ${answer.statusText.slice(0, 100)}`.trim())
      stream.close().catch(() => {})
      chat.sent.add()
      Object.assign(message, { status: 'sent', note: `delivered ${stream.connection?.direct ? 'directly' : 'through the relay'}` })
    } catch (error) {
      stream?.abort(error)
      const why = signal?.aborted ? `no answer within ${bounds.dmSeconds} seconds` : wordsOf(error)
      Object.assign(message, { status: 'failed', note: `not delivered: ${why}`, outcomes: error.outcomes })
    }
    chat.changed('update', { message })
  }

  async answer({ stream }) {
    const chat = this.#chat, id = String(stream.connection.remotePeer)
    const end = setTimeout(() => stream.abort(new Error('too slow')), bounds.dmSeconds * 1000)
    try {
      const { content } = decodeRequest(await new FrameReader(stream.readable).frame(bounds.messageBytes + 512))
      const taken = chat.passes(id, id) && content && chat.add(id, { from: id, text: content })
      const answer = encodeResponse({
        clientVersion: this.#version, timestamp: Date.now(), status: taken ? Status.ok : Status.error,
        statusText: taken ? 'OK' : content ? 'too many messages' : 'empty message',
      })
      await stream.writable.getWriter().write(frame(answer))
      await stream.close()
    } catch (error) { stream.abort(error) } finally { clearTimeout(end) }
  }
}
