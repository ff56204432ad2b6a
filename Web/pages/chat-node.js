// The chat without its looks: a node, the room, direct messages and files. Tells by `change` events what is to be drawn again.

import { createNode } from './causeway.js'
import { ABOUT_PROTOCOL, About } from './chat-about.js'
import { Gate, Rate, bounds } from './chat-bounds.js'
import { utf8 } from './chat-codec.js'
import { DM_PROTOCOL, DirectMessages } from './chat-direct.js'
import { FILE_PROTOCOL, Files } from './chat-files.js'
import { Meetings } from './chat-meetings.js'
import { followFault, followPath } from './chat-paths.js'
import { keepProfile, readProfile } from './chat-profile.js'
import { ROOM, Room } from './chat-room.js'
import { pathOf, relaysOf, wordsOf, worthDialling } from './chat-words.js'
import { endOfID, peerFace } from './peer-face.js'

const VERSION = 'causeway-chat/0.1'
/** Where everybody announces themselves. The node tells of a person once; that they are still there is what these say. */
const DISCOVERY = ['_peer-discovery._p2p._pubsub', 'p2p-discovery']
const SLEEP = 6000

export class Chat extends EventTarget {
  /** `state` is one of starting, connecting, reserved, recovering, offline, failed. */
  state = 'starting'
  stateWords = 'Starting'
  conversations = new Map([[ROOM, { key: ROOM, messages: [], unread: 0, hidden: 0 }]])
  peers = new Map() // by peer id: what is known of it
  relays = []
  reservation = undefined
  received = new Rate()
  sent = new Rate()
  direct = new DirectMessages(this, VERSION)
  files = new Files(this)
  about = new About(this)
  room = new Room(this, location.hash)
  profile = readProfile()
  /** The conversation that is shown. */
  open = ROOM
  #gates = new Map()
  #roomGate = new Gate(bounds.ofAll)
  #strangersGate = new Gate(bounds.ofAll)
  #meetings = new Meetings(this)
  #nextMessage = 1

  /** A peer in words: its name, which it chose itself or its id makes, and always the end of its id. */
  called(id) { return `${this.peers.get(String(id))?.name || peerFace(id).name} (${endOfID(id)})` }

  /** Takes a name and a colour, and tells them. Returns whether the browser keeps them. */
  become(profile) {
    this.profile = profile
    this.about.tellAll()
    this.changed('named', { peer: this.self })
    return keepProfile(profile)
  }

  changed(what, detail) { this.dispatchEvent(new CustomEvent('change', { detail: { what, ...detail } })) }

  #become(state, what) {
    // Who is reached directly does not need the relay.
    const direct = state === 'recovering' ? [...this.peers.values()].filter((one) => one.path?.kind === 'direct' && !one.isRelay).length : 0
    const words = what + (direct ? `. ${direct === 1 ? 'One person stays' : `${direct} people stay`} connected directly` : '')
    if (this.state === state && this.stateWords === words) return
    this.state = state
    this.stateWords = words
    this.changed('state')
  }

  // The node's life

  async start() {
    this.#become('starting', 'Starting')
    try {
      this.relays = await relaysOf(location)
    } catch (error) {
      this.relays = []
      this.startNote = `This page's server did not say which relay it is: ${error.message}.`
    }
    const options = {
      relays: this.relays, agent: VERSION, start: false, discovery: true,
      pubsub: { floodPublish: true, allowPublishToZeroTopicPeers: true },
    }
    try {
      this.node = await Chat.#makeNode(options)
      this.self = String(this.node.peerId)
      this.#listen()
      const limited = { runOnLimitedConnection: true }
      await this.node.handle(DM_PROTOCOL, (incoming) => this.direct.answer(incoming), limited)
      await this.node.handle(FILE_PROTOCOL, (incoming) => this.files.serve(incoming), limited)
      await this.node.handle(ABOUT_PROTOCOL, (incoming) => this.about.answer(incoming), limited)
      for (const topic of [this.room.name, this.room.fileTopic, ...DISCOVERY]) this.node.services.pubsub.subscribe(topic)
      await this.node.start()
    } catch (error) { return this.#fail(error) }
    this.changed('self')
    this.beat ??= setInterval(() => this.#tick(), 1000)
    addEventListener('offline', () => this.#become('offline', 'This device is offline'))
    addEventListener('online', () => this.#recover('Back online, checking connections'))
  }

  /** With the key that this browser keeps. While another tab has it, or without storage, this tab is a peer of its own. */
  static async #makeNode(options) {
    // A page that was just loaded anew may still hold the key.
    for (let attempt = 0; attempt < 4; attempt++) {
      try { return await createNode({ ...options, key: 'persistent' }) } catch (error) {
        if (!['ERR_KEY_IN_USE', 'ERR_STORAGE', 'ERR_INSECURE_CONTEXT'].includes(error.code)) throw error
        if (error.code !== 'ERR_KEY_IN_USE') break
        await new Promise((resolve) => setTimeout(resolve, 150))
      }
    }
    return createNode(options)
  }

  #fail(error) {
    this.#become('failed', `Stopped: ${wordsOf(error)}`)
  }

  async restart() {
    if (!this.node) return this.start()
    this.#become('starting', 'Starting again')
    try { await this.node.start() } catch (error) { this.#fail(error) }
  }

  #tick() {
    const now = Date.now()
    if (this.lastTick && now - this.lastTick > SLEEP) this.#recover('Recovering after sleep')
    this.lastTick = now
    if (this.node?.status !== 'started') return
    this.#findPeers()
    this.changed('tick')
  }

  async #recover(words) {
    if (this.state === 'failed' || this.node?.status !== 'started') return
    this.#become('recovering', words)
    const relay = this.relayPeer
    try {
      if (!relay) throw new Error('no relay')
      await this.node.ping(relay, { signal: AbortSignal.timeout(15000) })
    } catch { /* the reservation tells what follows */ }
    this.#settle()
  }

  /** The state that follows from the reservation and the connections. */
  #settle() {
    const relay = this.reservation?.relay
    if (this.state === 'failed') return
    if (navigator.onLine === false && !this.node.getPeers().length) return this.#become('offline', 'This device is offline')
    if (relay && this.node.getConnections(relay).length) {
      return this.#become('reserved', `Reachable through relay ${endOfID(relay)}`)
    }
    if (relay) return this.#become('recovering', `Lost relay ${endOfID(relay)}, connecting again`)
    if (this.state !== 'recovering' || !this.stateWords.startsWith('Relay ')) {
      if (this.state !== 'starting') this.#become(this.wasReserved ? 'recovering' : 'connecting', 'Connecting to the relay')
    }
  }

  get needsRelay() { return this.state === 'connecting' && !this.relays.length }

  get relayPeer() { return this.reservation ? String(this.reservation.relay) : this.relays[0]?.split('/p2p/')[1] }

  #listen() {
    const { node } = this
    const on = (type, act) => node.addEventListener(type, ({ detail }) => act(detail))
    // Also when the page was kept by the browser and comes back.
    on('start', () => this.#become('connecting', this.relays.length ? 'Connecting to the relay' : 'No relay known: dial one'))
    on('reservation', (one) => {
      if (one.state === 'made' || one.state === 'refreshed') {
        this.reservation = { relay: String(one.relay), expires: one.expires, limits: one.limits }
        this.wasReserved = true
        this.#become('reserved', `Reachable through relay ${endOfID(one.relay)}`)
      } else {
        const isRefused = one.error?.code === 'ERR_REFUSED_BY_RELAY'
        const fault = one.state === 'lost' ? 'was lost' : isRefused ? `gives no place (${wordsOf(one.error)})` : 'does not answer'
        this.reservation = undefined
        this.refusal = isRefused ? wordsOf(one.error) : undefined
        this.#become(this.wasReserved ? 'recovering' : 'connecting', `Relay ${endOfID(one.relay)} ${fault}, trying again`)
      }
      this.changed('self')
    })
    on('connection:open', ({ remotePeer }) => this.#noteConnections(remotePeer))
    on('connection:close', ({ remotePeer }) => this.#noteConnections(remotePeer))
    on('path:change', ({ peer, connection, address }) => {
      const known = this.peer(peer)
      const { words } = pathOf(connection ?? { remoteAddr: address })
      const isNews = known.lastPath && known.lastPath !== words
      known.lastPath = words
      this.#noteConnections(peer)
      if (isNews) this.changed('path', { peer: known.id, words })
    })
    on('peer:identify', ({ peerId, agentVersion, listenAddrs, protocols }) => {
      const known = this.peer(peerId)
      known.agent = agentVersion.slice(0, 100)
      known.addresses = listenAddrs.slice(0, 16).map(String)
      known.speaksChat = protocols.includes(DM_PROTOCOL)
      known.speaksAbout = protocols.includes(ABOUT_PROTOCOL)
      known.isRelay = protocols.includes('/libp2p/circuit/relay/0.2.0/hop')
      known.tellsAddresses = protocols.includes('/causeway/stun/1')
      known.offersUpgrade = protocols.includes('/webrtc-signaling/0.0.1')
      if (known.speaksAbout) this.about.meet(known)
      this.#takePlace(known)
      this.changed('peers')
      this.changed('self')
    })
    on('peer:discovery', ({ id, multiaddrs }) => {
      const known = this.peer(id)
      known.addresses = multiaddrs.slice(0, 16).map(String)
      this.#noteAnnouncement(known)
    })
    on('dial:attempt', ({ peer, ...outcome }) => {
      if (!peer || outcome.result === 'connected') return
      const known = this.peer(peer)
      known.attempts = [{ ...outcome, at: Date.now() }, ...known.attempts].slice(0, 6)
      const isNews = followFault(known, outcome) && known.upgrade.tries === 1
      if (isNews) this.changed('no-direct', { peer: known.id, words: known.upgrade.words })
      this.changed('peers')
    })
    on('self:peer:update', () => this.changed('self'))
    on('error', (error) => node.status !== 'started' && this.#fail(error))
    node.services.pubsub.addEventListener('message', ({ detail }) => this.#heard(detail))
  }

  // Peers

  /** What is known of a peer; the quietest unknown one makes room. */
  peer(id) {
    const key = String(id)
    let known = this.peers.get(key)
    if (known) return known
    if (this.peers.size >= bounds.peers) {
      for (const [other, one] of this.peers) {
        if (one.path || this.conversations.has(other)) continue
        this.peers.delete(other)
        break
      }
    }
    known = { id: key, addresses: [], attempts: [], path: undefined, inRoom: false, isRelay: false }
    this.peers.set(key, known)
    this.changed('peers')
    return known
  }

  #noteAnnouncement(known) {
    known.discoveredAt = Date.now()
    this.#meetings.look()
  }

  #noteConnections(id) {
    const known = this.peer(id)
    followPath(known, this.node.getConnections(known.id))
    if (known.path) known.failure = undefined
    // Whoever is still there is announced or heard again.
    else known.discoveredAt = known.heardAt = known.isIntroduced = 0
    if (known.id === this.reservation?.relay || !known.path) this.#settle()
    this.changed('peers')
  }

  #findPeers() {
    const subscribers = this.room.look()
    for (const id of subscribers) this.peer(id)
    // Gossip does not run over limited circuits: a peer behind the relay shows by its protocols, its announcements and its words.
    for (const known of this.peers.values()) {
      const isHeard = subscribers.has(known.id) || known.heardAt > Date.now() - 600000
      const isNear = (known.path && known.speaksChat) || known.discoveredAt > Date.now() - 90000
      // In a room of its own is only who says so.
      const isOurs = known.room === undefined ? !this.room.isOwn : known.room === this.room.name
      const inRoom = !!(isHeard || (isNear && isOurs))
      if (known.inRoom === inRoom) continue
      known.inRoom = inRoom
      this.changed('peers')
    }
  }

  /** Dials an address, or several of one peer. */
  async dial(to, seconds = 30) {
    const list = [to].flat()
    const id = list[0].split('/p2p/').at(-1)
    const known = /^[1-9A-HJ-NP-Za-km-z]{40,60}$/.test(id) ? this.peer(id) : undefined
    if (known) Object.assign(known, { isMeeting: true, triedAt: Date.now() })
    this.changed('peers')
    try { return await this.node.dial(list.length > 1 ? list : list[0], { signal: AbortSignal.timeout(seconds * 1000) }) } catch (error) {
      if (known) known.failure = { error, words: wordsOf(error, true), outcomes: error.outcomes ?? [] }
      throw error
    } finally {
      if (known) known.isMeeting = false
      this.changed('peers')
    }
  }

  /** Dials what a person named. If it is a relay, and this page has none, it takes a place there. */
  async dialNamed(address) {
    const connection = await this.dial(address), known = this.peer(connection.remotePeer)
    known.named = address
    this.#takePlace(known)
    return connection
  }

  #takePlace({ isRelay, named }) {
    // How that goes, the events of reservations say.
    if (isRelay && named && !this.reservation) this.node.reserve(named).catch(() => {})
  }

  /** The connected peers that tell a browser's WebRTC its public address (STUN). */
  get tellers() { return [...this.peers.values()].filter((one) => one.tellsAddresses && one.path?.kind === 'direct') }

  connect(id) {
    const addresses = worthDialling(this.peer(id).addresses)
    return this.dial(addresses.length ? addresses : id)
  }

  /** Connects to a peer that is not connected, if there is an address to try. */
  async reach(known, signal) {
    const addresses = known.path ? [] : worthDialling(known.addresses)
    if (addresses.length) await this.node.dial(addresses, { signal })
  }

  hangUp(id) { return this.node.hangUp(id) }
  ping(id) { return this.node.ping(id, { signal: AbortSignal.timeout(10000) }) }

  // Messages

  conversation(key) {
    let found = this.conversations.get(key)
    if (found) return found
    if (this.conversations.size > bounds.conversations) {
      // A stranger makes room first, read or not; then whoever has nothing unread.
      const others = [...this.conversations.values()].filter((one) => one.key !== ROOM && one.key !== this.open)
      const { key } = others.find((one) => !one.isMutual) ?? others.find((one) => !one.unread) ?? others[0]
      this.conversations.delete(key)
    }
    found = { key, messages: [], unread: 0, hidden: 0, isMutual: false }
    this.conversations.set(key, found)
    return found
  }

  add(key, message) {
    const talk = this.conversation(key)
    const added = { key: this.#nextMessage++, at: Date.now(), ...message }
    talk.messages.push(added)
    const removed = talk.messages.length > bounds.keptMessages ? talk.messages.shift() : undefined
    if (removed?.file) this.files.forget(removed.file)
    if (added.own) talk.isMutual = true
    else talk.unread++
    this.changed('message', { talk, message: added, removed })
    return added
  }

  /** Whether a peer's message may be shown: it may send only so many, and so may all; but whoever was written to is no part of a crowd. */
  passes(id, key) {
    this.received.add()
    if (this.#gates.size > 2000) this.#gates.clear()
    let gate = this.#gates.get(id)
    if (!gate) this.#gates.set(id, gate = new Gate(bounds.ofOne))
    const talk = this.conversations.get(key), crowd = key === ROOM ? this.#roomGate : this.#strangersGate
    if (gate.passes() && (key !== ROOM && talk?.isMutual || crowd.passes())) return true
    if (talk) talk.hidden++
    return false
  }

  #heard({ topic, data, from }) {
    const author = from && String(from)
    if (DISCOVERY.includes(topic) && this.peers.has(author)) return this.#noteAnnouncement(this.peer(author))
    if (author && author !== this.self) this.room.heard(topic, data, author)
  }

  #check(text) {
    const { length } = utf8(text)
    if (length > bounds.messageBytes) throw new Error(`too long: ${length} bytes, ${bounds.messageBytes} allowed`)
  }

  async sayToRoom(text) {
    this.#check(text)
    await this.room.say(text)
  }

  async sayTo(id, text) {
    this.#check(text)
    const message = this.add(id, { own: true, from: this.self, text, status: 'sending' })
    await this.direct.send(id, message)
  }

  async resend(id, message) {
    Object.assign(message, { status: 'sending', note: '' })
    this.changed('update', { message })
    await this.direct.send(id, message)
  }
}
