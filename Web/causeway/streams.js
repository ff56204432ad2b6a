// The streams of a node: opening them, and which of the module's events is for which.

import * as Command from './boundary/command.js'
import * as Event from './boundary/event.js'
import { toError } from './answers.js'
import { number, string, texts } from './bytes.js'
import { failure, refuse } from './errors.js'
import { makeStream } from './stream.js'

/** What a caller gave for protocols; throws what is none. */
export function readProtocols(protocols) {
  const names = [protocols].flat()
  for (const one of names.length ? names : ['']) {
    if (typeof one === 'string' && one) continue
    refuse('ERR_INVALID_ARGUMENT', `expected a protocol, such as /chat/1.0.0, not ${JSON.stringify(one)}`)
  }
  return names
}

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
  const whatOf = ({ stream: { protocol, connection } }) => `the stream ${protocol} with ${connection?.remotePeer}`

  return {
    /** Whether nobody waits for the end of a stream to arrive. */
    isIdle: () => ![...byNumber.values()].some((one) => one.arrival),
    all: () => [...byNumber.values()].map((one) => one.stream),
    async open(peer, protocols, { signal, runOnLimitedConnection = false } = {}) {
      const names = readProtocols(protocols), bytes = texts([...names, peer])
      return requests.wait(`could not open ${names.join(' or ')} to ${peer}`, signal,
        (id) => module.command(Command.OPEN_STREAM, id, runOnLimitedConnection ? 1 : 0, bytes), Command.STREAM_RESET,
        (protocol, link, id) => add(id, protocol, 'outbound', link))
    },
    /** Waits for what is to arrive of streams that were finished. What a relay has of it goes with us; its answer says it has none. */
    async drain() {
      await Promise.allSettled([...byNumber.values()].map((one) => one.arrival))
      const peers = [...connections.byLink.values()].filter((one) => relayed.has(one)).map((one) => String(one.remotePeer))
      await Promise.allSettled(peers.map((peer) => requests.ask(peer, Command.PING, 0, texts([peer]), undefined, () => {})))
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
        made?.delivered(toError(fault, whatOf(made)), sent(link))
      },
      [Event.STREAM_CLOSED](id, b, fault, moved) {
        const made = byNumber.get(id), what = made ? whatOf(made) : requests.whatOf(id)
        const error = toError(fault, what, moved && { moved: number(moved) })
        requests.reject(id, error ?? failure('ERR_CLOSED', what))
        made?.end(error, error ? 'reset' : 'closed')
      },
    },
  }
}
