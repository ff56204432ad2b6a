// The node, as the application sees it.

import * as Command from './boundary/command.js'
import { identified, toReservation } from './answers.js'
import { randomBytes, texts, utf8 } from './bytes.js'
import { compile } from './compile.js'
import { readDestination } from './destination.js'
import { checkDialable } from './dialable.js'
import { makeEngine } from './engine.js'
import { asOurs, CausewayError, failure, refuse } from './errors.js'
import { more, resolve } from './more.js'
import { isCircuit, peerOf, relayOf } from './multiaddr.js'
import { readOptions } from './options.js'
import { PeerId } from './peerid.js'
import { PubSub } from './pubsub.js'
import { findRelays } from './relays.js'
import { makeStream } from './stream.js'
import { readProtocols } from './streams.js'
import { complain, emit } from './telling.js'
import { READY_TIME, waitFor } from './waiting.js'

class CausewayNode extends EventTarget {
  #options
  #engine
  #module
  #key
  /** What the module starts with. */
  #start
  #relays
  #handlers = new Map()
  /** What opens and serves resumable streams, once there was one. */
  #resumables
  #status = 'stopped'
  /** Whether anybody ever listened for errors. */
  #isHeard = false
  /** Ends that the node follows its page. */
  #unfollow
  /** The last start or stop: they come one after the other, in the order of asking. */
  #turn = Promise.resolve()

  static async create(options) {
    const node = new CausewayNode({ ...options, relays: await findRelays(await resolve(options.relays, options.dns)) })
    node.#module = await compile(options.wasm)
    await node.#load()
    try { if (options.start !== false) await node.start() } catch (error) {
      await node.stop()
      throw error
    }
    return node
  }

  constructor(options) {
    super()
    const { gossip, relays, ...start } = readOptions(options)
    this.#options = options
    this.#start = start
    this.#relays = relays
    this.services = {
      pubsub: new PubSub(this, () => this.#engine, gossip), ping: { ping: (peer, options) => this.ping(peer, options) },
    }
  }

  async #load() {
    if (this.#options.key === 'persistent') this.#key = await (await more()).takeKey(refuse, asOurs)
    else this.#key ??= { seed: this.#options.key?.slice() ?? randomBytes(32) }
    this.#engine = makeEngine(this, this.#options, (error) => this.#failed(error), (protocol, stream) => this.#incoming(protocol, stream))
    try {
      this.peerId = new PeerId(await this.#engine.load(this.#module, this.#start, this.#key.seed))
    } catch (error) {
      this.#key.release?.()
      throw error
    }
  }

  addEventListener(type, ...more) {
    this.#isHeard ||= type === 'error'
    super.addEventListener(type, ...more)
  }

  #tell(error) {
    if (!this.#isHeard) complain(error)
    emit(this, 'error', error)
  }

  #failed(error) {
    this.#status = 'failed'
    this.#key.release?.()
    this.#tell(error)
  }

  async #incoming(protocol, stream) {
    try {
      const { handler } = this.#handlers.get(protocol) ?? refuse('ERR_UNSUPPORTED_PROTOCOL', protocol)
      await handler(stream, stream.connection)
    } catch (error) {
      // That its stream came to an end is no fault of a handler.
      const isEnd = error instanceof CausewayError && /reset|aborted/.test(stream.status)
      stream.abort(error)
      if (!this.#handlers.has(protocol)) return
      if (isEnd) emit(this, 'error', error)
      else this.#tell(error)
    }
  }

  // Start and stop

  get status() { return this.#status }

  start() {
    return this.#turn = this.#turn.catch(() => {}).then(async () => {
      if (this.#status === 'started') return
      this.#status = 'starting'
      this.#follow()
      try {
        if (!this.#engine?.module.isRunning) await this.#load()
        const { module } = this.#engine, { list, count } = this.#relays
        this.#announceProtocols()
        for (const topic of this.services.pubsub.getTopics()) module.command(Command.SUBSCRIBE, 0, 0, utf8(topic))
        if (count) module.command(Command.KEEP_RELAYS, count, 0, texts(list))
        module.turn()
      } catch (error) {
        if (this.#status === 'starting') this.#status = 'stopped'
        throw error
      }
      this.#status = 'started'
      emit(this, 'start')
    })
  }

  /** Resolves with the node's addresses once it has a place at a relay, or at once without relays; fails when all of them have failed. */
  async ready(options) {
    const { list, count } = this.#relays, failed = new Set()
    if (!count) return this.getMultiaddrs()
    return waitFor(this, ['self:peer:update', 'reservation', 'stop'], ({ detail } = {}) => {
      if (/^stopp/.test(this.#status)) throw failure('ERR_STOPPED')
      const found = this.getMultiaddrs()
      if (found.length) return found
      if (detail?.state === 'failed' && failed.add(String(detail.relay)).size === new Set(list.map(peerOf)).size) throw detail.error
    }, 'waiting for a place at a relay', options, READY_TIME)
  }

  /** A page that goes says goodbye; if it was kept and comes back, the node starts again. */
  #follow() {
    if (this.#unfollow || !globalThis.document) return
    const { signal } = this.#unfollow = new AbortController()
    globalThis.addEventListener('pagehide', () => this.#end(), { signal })
    globalThis.addEventListener('pageshow', ({ persisted }) => {
      if (persisted && this.#status === 'stopped') this.start().catch((error) => this.#tell(error))
    }, { signal })
  }

  stop() {
    return this.#turn = this.#turn.catch(() => {}).then(async () => {
      this.#unfollow?.abort()
      this.#unfollow = undefined
      if (this.#status === 'started') {
        this.#status = 'stopping'
        await Promise.all([this.#engine, this.#resumables].map((one) => one?.drain()))
      }
      this.#end()
    })
  }

  /** At once, as a page that goes waits for nothing. */
  #end() {
    if (!this.#engine?.module.isRunning) return
    const { module, connections, end } = this.#engine
    this.#status = 'stopping'
    // Circuits first: they say goodbye over the others.
    for (const direct of [false, true]) {
      for (const [link, one] of connections.byLink) if (one.direct === direct) module.send(Command.CLOSE_LINK, link)
      module.turn()
    }
    end(new CausewayError('ERR_STOPPED', 'the node was stopped'))
    this.#key.release?.()
    this.#status = 'stopped'
    emit(this, 'stop')
  }

  // Peers

  async #connect(to, { signal, limited }) {
    if (/^stopp/.test(this.#status)) throw failure('ERR_STOPPED')
    const { peer, addresses } = readDestination(await resolve(to, this.#options.dns)), { ask, connections } = this.#engine
    if (peer === String(this.peerId)) throw failure('ERR_OWN_PEER', peer)
    const isForStream = limited === false, best = () => connections.best(peer)
    if (isForStream && !addresses.length && best()) return best()
    limited ??= !addresses.length || addresses.some(isCircuit)
    try {
      return await ask(`could not connect to ${peer}`, Command.CONNECT, limited ? 1 : 0, texts([...addresses, peer]), signal, (link) =>
        connections.byLink.get(link) ?? best() ?? refuse('ERR_CLOSED', `the connection to ${peer} was closed at once`))
    } catch (error) {
      throw isForStream && error.outcomes && best() ? failure('ERR_LIMITED_CONNECTION', error.message, { outcomes: error.outcomes }) : error
    }
  }

  async dial(to, { signal } = {}) { return this.#connect(to, { signal }) }

  async #moving() { return this.#resumables ??= (await more()).makeResumables(this, { makeStream, failure, CausewayError }) }

  async dialProtocol(to, protocols, options = {}) {
    readProtocols(protocols)
    if (options.resumable) return (await this.#moving()).open(to, protocols, options)
    const { remotePeer } = await this.#connect(to, { signal: options.signal, limited: !!options.runOnLimitedConnection })
    return this.#engine.open(String(remotePeer), protocols, options)
  }

  async hangUp(peer) {
    const name = peerOf(peer), { module, connections } = this.#engine, open = connections.to(name)
    module.send(Command.HANG_UP, 0, 0, texts([name]))
    await Promise.all(open.map((one) => one.close()))
  }

  getMultiaddrs() { return this.#engine.addresses }
  getConnections(peer) {
    const { byLink, to } = this.#engine.connections
    return peer === undefined ? [...byLink.values()] : to(peerOf(peer))
  }
  getPeers() { return [...this.#engine.connections.peers].map((one) => new PeerId(one)) }

  async ping(peer, { signal } = {}) {
    const { remotePeer } = await this.#connect(peer, { signal, limited: true })
    return this.#engine.ask(`could not ping ${remotePeer}`, Command.PING, 0, texts([String(remotePeer)]), signal,
      (microseconds) => microseconds / 1000)
  }

  async identify(peer) {
    const parts = this.#engine.module.query(Command.IDENTITY, 0, peerOf(peer))
    return parts.length ? identified(parts) : undefined
  }

  async reserve(relay, { signal } = {}) {
    checkDialable(relay)
    return this.#engine.ask(`no place at the relay ${relay}`, Command.RESERVE, 0, utf8(relayOf(relay)), signal,
      (b, parts) => toReservation('made', parts))
  }

  async release(relay) { this.#engine.module.send(Command.RELEASE, 0, 0, texts([peerOf(relay)])) }

  // Protocols

  async handle(protocols, handler, options = {}) {
    if (typeof handler !== 'function') refuse('ERR_INVALID_ARGUMENT', `expected a function to handle ${protocols}, not ${typeof handler}`)
    const names = readProtocols(protocols)
    for (const name of names) {
      if (this.#handlers.has(name)) refuse('ERR_INVALID_ARGUMENT', `${name} already has a handler`)
    }
    if (options.resumable) await (await this.#moving()).serve(names, handler, options)
    for (const name of names) this.#handlers.set(name, { handler, limited: !!options.runOnLimitedConnection })
    this.#announceProtocols()
  }

  async unhandle(protocols) {
    for (const name of [protocols].flat()) for (const one of ['', '/causeway/resumable/1']) this.#handlers.delete(one + name)
    this.#announceProtocols()
  }

  #announceProtocols() {
    const names = (limited) => [...this.#handlers].filter(([, one]) => one.limited === limited).map(([name]) => name)
    const first = names(true)
    this.#engine?.module.send(Command.PROTOCOLS, first.length, 0, texts([...first, ...names(false)]))
  }

  getProtocols() { return [...this.#handlers.keys()] }
}

export const createNode = async (options = {}) => CausewayNode.create(options)
