// A running node: the module, and what the page has for it. It begins with `load` and ends once, by `end`.

import * as Command from './boundary/command.js'
import * as Event from './boundary/event.js'
import { join, split, utf8 } from './bytes.js'
import { epoch } from './clock.js'
import { makeCarriers } from './carriers.js'
import { makeConnections } from './connection.js'
import { refuse } from './errors.js'
import { Module } from './module.js'
import { makeNews } from './news.js'
import { makeRequests } from './requests.js'
import { makeStreams } from './streams.js'
import { sleep } from './telling.js'

/** How long a node that is stopped waits for what was written before its streams' ends to arrive. */
const DRAIN_TIME = 2000

/** `failed` is told of a module that failed, `incoming` of streams that remotes open. */
export function makeEngine(node, options, failed, incoming) {
  const module = new Module((...event) => handle(...event), (error) => {
    end(error)
    failed(error)
  })
  const requests = makeRequests(module), carriers = makeCarriers(options, module.send), news = makeNews(node, carriers)
  const connections = makeConnections(node, module, () => streams)
  const streams = makeStreams(module, requests, connections, carriers.sent, incoming)
  const parties = [carriers, requests, streams, connections, news], events = Object.assign({}, ...parties.map((one) => one.events))
  const unwatch = new AbortController()
  module.isIdle = () => requests.isIdle() && streams.isIdle()

  const handle = (kind, a, b, bytes) => {
    if (kind >= Event.STREAM_OPENED) return events[kind](a, b, bytes)
    events[kind](a, b, ...split(bytes))
    carriers.report = undefined
  }
  /** Everything that waits fails with `error`. */
  const end = (error) => {
    module.end(error)
    unwatch.abort()
    for (const one of parties) one.end(error)
  }
  return {
    module, connections, end,
    ask: requests.ask, open: streams.open,
    get addresses() { return [...news.addresses] },
    /** Answers the node's own peer. */
    async load(compiled, { flags, interval, parts }, seed) {
      const unix = new Uint8Array(BigUint64Array.of(BigInt(Math.round(epoch() * 1000)) * 1000n).buffer)
      await module.load(compiled, flags, interval, join(seed, utf8(options.agent ?? ''), unix, ...parts))
      if (!news.peer) refuse('ERR_INVALID_KEY', 'the key is invalid')
      watchMachine(() => module.send(Command.SUSPENDED), unwatch.signal)
      return news.peer
    },
    drain: () => Promise.race([sleep(DRAIN_TIME), streams.drain()]),
  }
}

/** Calls `probe` when connections may be gone without a word: the network came back, or the page was out of sight. */
function watchMachine(probe, signal) {
  const listen = (target, type, act) => target?.addEventListener?.(type, act, { signal })
  listen(globalThis, 'online', probe)
  listen(globalThis.document, 'resume', probe)
  listen(globalThis.document, 'visibilitychange', () => document.visibilityState === 'visible' && probe())
}
