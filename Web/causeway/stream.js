// A stream for the application, and what the module tells it.

import * as Command from './boundary/command.js'
import { asOurs, failure } from './errors.js'
import { MessageStream } from './messages.js'
import { makeReadable } from './readable.js'
import { unwatched } from './telling.js'
import { makeWritable } from './writable.js'

/** `forget` is called once, when the stream is over. */
export function makeStream({ command, send }, forget, id, protocol, direction, connection) {
  let status = 'open', fault
  /** Of our end: what waits for it, and how it is told. */
  let arrival, arrived

  const isOver = () => fault || status === 'closed'
  const finish = () => {
    if (status !== 'open') return arrival
    status = 'closing'
    arrival = unwatched(new Promise((...settle) => { arrived = settle }))
    send(Command.STREAM_FINISH, id)
    return arrival
  }
  const end = (error, state) => {
    if (isOver()) return
    status = state
    fault = error
    forget()
    output.drained()
    if (error) {
      input.failed(error)
      output.failed(error)
      arrived?.[1](error)
    } else input.finished()
    MessageStream.ended(stream, error)
  }
  const abort = (cause) => {
    if (isOver()) return
    input.abort()
    send(Command.STREAM_RESET, id)
    end(asOurs(cause, 'ERR_ABORTED_LOCALLY', `this side aborted the stream ${protocol}`), 'aborted')
  }
  const check = (isWriting) => {
    if (fault) throw fault
    if (isWriting && status !== 'open') throw failure('ERR_CLOSED', `cannot write to the stream ${protocol}`)
  }

  const input = makeReadable((count) => send(Command.STREAM_CONSUMED, id, count))
  const write = (bytes) => command(Command.STREAM_WRITE, id, 0, bytes)
  const output = makeWritable({ write, finish, abort, check })
  const closeWrite = () => status === 'open' ? output.close() : arrival ?? Promise.resolve()
  const stream = new MessageStream({
    id: String(id), protocol, direction, connection, readable: input.readable, writable: output.writable,
    get status() { return status },
    get limits() { return connection?.limits },
    closeWrite, abort, close: closeWrite,
    async closeRead() {
      input.discard()
      input.finished()
    },
  }, write, check)
  return {
    stream, end, received: input.received, finished: input.finished,
    writable() {
      output.drained()
      MessageStream.drained(stream)
    },
    get arrival() { return arrival },
    /** Our end, and all before it, is with the remote once the socket has `sent` it; or not, by `error`. */
    delivered: (error, sent) => error ? arrived[1](error) : arrived[0](sent),
  }
}
