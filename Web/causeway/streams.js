// The streams of a node: opening them, and which of the module's events is for which.

import * as Command from './boundary/command.js'
import * as Event from './boundary/event.js'
import { toError } from './answers.js'
import { number, string, texts } from './bytes.js'
import { failure, refuse } from './errors.js'
import { makeStream } from './stream.js'

/** `incoming` gets what a remote opens. `sent` says when the browser has passed on what a link was given. */
export function makeStreams(module, requests, connections, sent, incoming) {
  const byNumber = new Map()
  /** Connections over relays on which a stream of ours ended. */
  const relayed = new WeakSet()

  const add = (id, protocol, direction, link) => {
    const made = makeStream(module, () => byNumber.delete(id), id, protocol, direction, connections.byLink.get(link))
    byNumber.set(id, made)
    return made.stream
  }

  return {
    all: () => [...byNumber.values()].map((one) => one.stream),
    open: (peer, protocols, { signal, runOnLimitedConnection = false } = {}) => requests.wait(signal, (id) => {
      const names = [protocols].flat().map(String)
      if (!names.length || names.some((one) => !one)) refuse('ERR_INVALID_ARGUMENT', 'expected a protocol')
      module.command(Command.OPEN_STREAM, id, runOnLimitedConnection ? 1 : 0, texts([...names, peer]))
    }, Command.STREAM_RESET, (protocol, link, id) => add(id, protocol, 'outbound', link)),
    /** Waits for what is to arrive of streams that were finished. What a relay has of it goes with us; its answer says it has none. */
    async drain() {
      await Promise.allSettled([...byNumber.values()].map((one) => one.arrival))
      const peers = [...connections.byLink.values()].filter((one) => relayed.has(one)).map((one) => String(one.remotePeer))
      await Promise.allSettled(peers.map((peer) => requests.ask(Command.PING, 0, texts([peer]), undefined, () => {})))
    },
    end(error) { for (const one of [...byNumber.values()]) one.end(error, 'reset') },
    events: {
      [Event.STREAM_OPENED](id, link, name) {
        const protocol = string(name)
        incoming(protocol, add(id, protocol, 'inbound', link))
      },
      [Event.STREAM_READY]: (id, link, protocol) => requests.answer(id, string(protocol), link),
      [Event.STREAM_RECEIVED]: (id, b, bytes) => byNumber.get(id)?.received(bytes),
      [Event.STREAM_WRITABLE]: (id) => byNumber.get(id)?.writable(),
      [Event.STREAM_FINISHED]: (id) => byNumber.get(id)?.finished(),
      [Event.STREAM_DELIVERED](id, link, fault) {
        const made = byNumber.get(id), connection = made?.stream.connection
        if (connection?.direct === false) relayed.add(connection)
        made?.delivered(toError(fault), sent(link))
      },
      [Event.STREAM_CLOSED](id, b, fault, moved) {
        const error = toError(fault, moved && { moved: number(moved) })
        requests.reject(id, error ?? failure('ERR_CLOSED'))
        byNumber.get(id)?.end(error, error ? 'reset' : 'closed')
      },
    },
  }
}
