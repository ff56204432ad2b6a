// Streams that a test drives piece by piece, and the commands for them.
import { describe, fromBase64, must, toBase64, utf8 } from './testpeer-fields.js'

/** The streams by their numbers. */
function makeStreams (emit) {
  const streams = new Map()
  let streamNumber = 0
  const pause = entry => {
    if (entry.open != null) return
    entry.gate = new Promise(resolve => { entry.open = resolve })
  }
  const resume = entry => {
    entry.open?.()
    entry.open = null
  }
  /** Numbers a stream. */
  const adopt = (stream, paused) => {
    const number = ++streamNumber
    const entry = { stream, writer: stream.writable.getWriter(), gate: Promise.resolve(), open: null }
    entry.writer.closed.catch(() => {})
    streams.set(number, entry)
    if (paused === true) pause(entry)
    return number
  }
  /** Tells what arrives, while it is not paused. */
  const follow = async number => {
    const entry = streams.get(number)
    const reader = entry.stream.readable.getReader()
    try {
      for (;;) {
        await entry.gate
        const { done, value } = await reader.read()
        if (done) break
        await entry.gate
        emit('stream-data', { stream: number, base64: toBase64(value) })
      }
      emit('stream-end', { stream: number, reset: false })
    } catch (error) { emit('stream-end', { stream: number, reset: true, error: describe(error) }) }
  }
  const theStream = command => {
    const entry = streams.get(command.stream)
    if (entry == null) throw new Error(`no stream ${command.stream}`)
    return entry
  }
  return { adopt, follow, pause, resume, theStream }
}

/** `newStream` opens one as a command wants it. */
export function streamCommands (node, emit, newStream) {
  const { adopt, follow, pause, resume, theStream } = makeStreams(emit)
  return {
    async open (command) {
      const number = adopt(await newStream(command, must(command.protocol, 'protocol')), command.paused)
      setTimeout(() => follow(number), 0) // the answer goes out before the first event of the stream
      return { stream: number }
    },
    handle: command => node.handle(must(command.protocol, 'protocol'), ({ stream, connection }) => {
      const number = adopt(stream, command.paused)
      const fields = { protocol: command.protocol, peerId: connection.remotePeer.toString(), limited: connection.limits != null }
      emit('stream-open', { stream: number, ...fields })
      return follow(number)
    }, { runOnLimitedConnection: true }),
    unhandle: command => node.unhandle(must(command.protocol, 'protocol')),
    async write (command) {
      const { writer } = theStream(command)
      const data = command.text != null ? utf8.encode(command.text) : fromBase64(must(command.base64, 'base64'))
      await writer.write(data)
      return { written: data.length }
    },
    close: command => theStream(command).writer.close(),
    reset: command => { theStream(command).stream.abort(new Error('reset by the test')) },
    pause: command => pause(theStream(command)),
    resume: command => resume(theStream(command))
  }
}
