// Causeway's browser peer: types of causeway.js.

/** A peer id. Compare two with `equals`. `toString()` returns the base58 text (`12D3KooW…`). */
export interface PeerId {
  toString(): string
  toJSON(): string
  equals(other: unknown): boolean
}

/** An address such as `/dns4/relay.example/tcp/443/wss/p2p/12D3KooW…`. Functions that take an address also accept text. */
export interface Multiaddr {
  toString(): string
  toJSON(): string
  equals(other: unknown): boolean
  /** The peer id in the last `/p2p/` part: the peer to which the address leads. */
  getPeerId(): string | null
}

/** A Uint8Array as older and newer compilers write it: since TypeScript 5.9 a plain `Uint8Array` may lie in shared memory. */
export type Bytes = ReturnType<typeof Uint8Array.of>

/** A peer id, or its text as base58 or as a CID (`bafz…`). */
export type PeerLike = PeerId | string
/** A multiaddr of this package, one of another library with `toString()`, or text. */
export type AddressLike = Multiaddr | string | { toString(): string }

/** The result of dialling one address. */
export interface DialOutcome {
  address: Multiaddr
  /** `connected`, or why not, in words. */
  result: string
  /** The code of a CausewayError. Undefined: connected. */
  code?: ErrorCode
  /** A status or a limit that belongs to the result. 0: none. */
  value: number
  milliseconds: number
  /** For a failed WebRTC attempt: how far it got. */
  webrtc?: WebRTCReport
}

/** The state of a peer connection when it failed. */
export interface WebRTCReport {
  /** The number of ICE candidates that each side has sent. */
  candidates: { local: number, remote: number }
  ice: RTCIceConnectionState
  state: RTCPeerConnectionState
  milliseconds: number
  /** The browser's error. */
  cause?: unknown
}

export type ErrorCode =
  | 'ABORT_ERR' // the signal was aborted; `cause` is its reason
  | 'ERR_ABORTED_LOCALLY' // this side aborted the stream
  | 'ERR_ANSWER' // the remote's answer was invalid
  | 'ERR_BACKED_OFF' // not dialled: a recent attempt failed
  | 'ERR_CIRCUIT_BYTES' // the circuit reached the relay's limit of bytes
  | 'ERR_CIRCUIT_DURATION' // the circuit reached the relay's limit of time
  | 'ERR_CLOSED' // the connection or stream was closed
  | 'ERR_CONNECTION_LOST' // the connection was lost
  | 'ERR_HEARSAY' // not dialled: only remote peers named it, and it is a private address or contains a path
  | 'ERR_INSECURE_CONTEXT' // the page was not loaded over https or from localhost
  | 'ERR_INVALID_ADDRESS'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_INVALID_KEY'
  | 'ERR_INVALID_PEER'
  | 'ERR_INVALID_TOPIC'
  | 'ERR_KEY_IN_USE' // another tab uses the persistent key
  | 'ERR_KEY_TYPE' // the remote's key has an unsupported type
  | 'ERR_LIMIT' // this node's own limit was reached; `value` is the limit
  | 'ERR_LIMITED_CONNECTION' // the only connection is limited: set runOnLimitedConnection
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_MIXED_CONTENT' // a page on https cannot open ws:// addresses
  | 'ERR_NO_WEBRTC' // WebRTC is missing: in a worker, in Node, or in a browser that forbids it
  | 'ERR_NO_WEBSOCKET'
  | 'ERR_NOT_CONNECTED' // the peer is not connected, and no address is known
  | 'ERR_NOT_RELAY_ADDRESS'
  | 'ERR_NO_SUBSCRIBERS' // publish: no known peer is subscribed
  | 'ERR_OWN_PEER'
  | 'ERR_PEER_FAULT' // the remote violated a protocol
  | 'ERR_PUBSUB_OFF'
  | 'ERR_REFUSED_BY_RELAY' // `value` is the relay's status
  | 'ERR_RESET' // the remote reset the stream
  | 'ERR_RESUMPTION' // a resumable stream could not go on: `undelivered` bytes are not confirmed
  | 'ERR_STOPPED' // the node is not running
  | 'ERR_STORAGE' // the key could not be stored
  | 'ERR_TIMEOUT'
  | 'ERR_TRAP' // the module failed; this node is closed, and you can create a new one
  | 'ERR_UNREACHABLE' // no address could be reached: see `outcomes`
  | 'ERR_UNRESOLVED' // the name could not be resolved
  | 'ERR_UNSUPPORTED_LISTEN' // a page cannot listen on this address
  | 'ERR_UNSUPPORTED_PROTOCOL' // the remote supports none of the protocols
  | 'ERR_UNSUPPORTED_TRANSPORT' // a page cannot dial this address
  | 'ERR_WASM' // the module could not be loaded
  | 'ERR_WRONG_PEER' // a different peer answered

/**
 * Every error that this package throws or rejects with. Its message is a sentence: what was attempted with whom, why it failed, and
 * whose limit it was.
 */
export class CausewayError extends Error {
  /** `AbortError` when a signal was aborted, else `CausewayError`. */
  readonly name: string
  readonly code: ErrorCode
  readonly cause?: unknown
  /** The result for each address, on errors of `dial`, `reserve` and `ready`, and in the event `reservation`. */
  readonly outcomes?: DialOutcome[]
  /** A relay's status, or the limit that was reached. */
  readonly value?: number
  /** The bytes that had moved when a limit was reached. */
  readonly moved?: number
  /** The bytes of a resumable stream that the remote has not confirmed. */
  readonly undelivered?: number
}

export interface AbortOptions { signal?: AbortSignal }

export interface StreamOptions extends AbortOptions {
  /** Also use a connection that a relay limits. Default: false. */
  runOnLimitedConnection?: boolean
  /**
   * The stream goes on over another connection to the same peer when its own ends, or when a direct one stands beside the relayed one.
   * If the peer does not serve the protocol so, the stream is an ordinary one. Default: false. Its code is in `causeway.more.js`, beside this file.
   */
  resumable?: boolean
}

export interface HandlerOptions {
  /** Also handle streams on limited connections. Default: false. */
  runOnLimitedConnection?: boolean
  /** Also serve streams that go on over another connection, to peers that open them so. Default: false. */
  resumable?: boolean
}

/** A relay's limits. On a reservation: those of each circuit. On a connection: what is left. A missing field means no limit. */
export interface Limits {
  /** Bytes in each direction. */
  bytes?: number
  seconds?: number
}

/** What a stream tells: the events of js-libp2p. */
export interface StreamEvents {
  /** Bytes came. The stream is read from the moment at which the first listener is added, and then for such listeners only. */
  message: Event & { data: Bytes }
  /** The remote has finished writing, and all its bytes were told. */
  remoteCloseWrite: Event
  /** `send` may go on. */
  drain: Event
  /** The stream is over, by `error` if it did not end in order. `local`: this side aborted it. */
  close: Event & { error?: CausewayError; local: boolean }
}

/** Bytes go by Web streams (`readable`, `writable`), or as in js-libp2p by `send`, and by iteration or `message` events. */
export interface Stream extends EventTarget, AsyncIterable<Bytes> {
  readonly id: string
  readonly protocol: string
  readonly direction: 'inbound' | 'outbound'
  readonly status: 'open' | 'closing' | 'closed' | 'reset' | 'aborted'
  /** The connection that carries the stream, now if it is resumable. */
  readonly connection?: Connection
  /** True: it goes on over other connections, as `StreamOptions.resumable` says. */
  readonly resumable?: true
  /** The limits of that connection. Undefined: it is not limited. */
  readonly limits?: Limits
  /** Ends when the remote has finished writing. While you do not read, the remote cannot send more. */
  readonly readable: ReadableStream<Bytes>
  /**
   * A write waits while too much data is in flight. `close` waits until everything has left: over WebRTC until the remote has confirmed it
   * (ERR_TIMEOUT after 10 s), otherwise until the browser has sent it. If the stream fails before, `close` rejects with its error.
   */
  readonly writable: WritableStream<Uint8Array>
  /** Ends this side's direction, as `writable.close` does. */
  closeWrite(): Promise<void>
  /** The same, as js-libp2p calls it: what the remote still sends can be read. */
  close(): Promise<void>
  /** Discards what the remote has sent and still sends. */
  closeRead(): Promise<void>
  /** Sends bytes without waiting. False: much waits to be sent, so wait for `onDrain`, or the event `drain`, before you send more. */
  send(data: Uint8Array | ArrayBuffer | { subarray(): Uint8Array }): boolean
  /** Resolves when `send` may go on, at once if it may. Rejects with the stream's error. */
  onDrain(options?: AbortOptions): Promise<void>
  /** Resets the stream. Both sides see an error. */
  abort(error?: unknown): void
  addEventListener<K extends keyof StreamEvents>(
    type: K, listener: ((event: StreamEvents[K]) => void) | null, options?: boolean | AddEventListenerOptions): void
  removeEventListener<K extends keyof StreamEvents>(
    type: K, listener: ((event: StreamEvents[K]) => void) | null, options?: boolean | EventListenerOptions): void
}

export interface Connection {
  readonly id: string
  readonly remotePeer: PeerId
  readonly remoteAddr: Multiaddr
  /** A page does not know its own address: on a WebSocket, this has neither host nor port. */
  readonly localAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
  /** Undefined: the connection is not limited. */
  readonly limits?: Limits
  /** Whether a relay limits the connection. If so, only streams with `runOnLimitedConnection` can use it. */
  readonly limited: boolean
  /** Whether the connection does not use a relay. */
  readonly direct: boolean
  readonly status: 'open' | 'closed'
  readonly encryption: 'noise' | 'dtls'
  readonly multiplexer: 'yamux' | 'webrtc'
  readonly streams: Stream[]
  newStream(protocols: string | string[], options?: StreamOptions): Promise<Stream>
  close(): Promise<void>
}

/** Called as `(stream, connection)`. The stream also has itself as `stream`, so that a handler may take `({ stream, connection })`. */
export type StreamHandler = (
  incoming: Stream & { readonly stream: Stream; readonly connection: Connection }, connection: Connection) => void | Promise<void>

export interface IdentifyResult {
  peerId: PeerId
  agentVersion: string
  listenAddrs: Multiaddr[]
  protocols: string[]
  /** Present in results of `identify`. */
  protocolVersion?: string
  /** This node's address as the peer sees it. Present in results of `identify`. */
  observedAddr?: Multiaddr
}

export interface PeerInfo { id: PeerId; multiaddrs: Multiaddr[] }

export interface Reservation {
  state: 'made' | 'refreshed' | 'lost' | 'failed'
  relay: PeerId
  /** This node's addresses through the relay. */
  addresses: Multiaddr[]
  /** When the reservation ends unless it is refreshed. */
  expires?: Date
  limits?: Limits
  error?: CausewayError
}

export interface Message {
  topic: string
  data: Bytes
  /** The author. Undefined: the message is not signed. */
  from?: PeerId
  /** The neighbour that sent the message to this node. */
  receivedFrom: PeerId
  sequenceNumber: bigint
}

/** The events, and the type of each event's `detail`. */
export interface NodeEvents {
  start: void
  stop: void
  'peer:connect': PeerId
  'peer:disconnect': PeerId
  'peer:identify': IdentifyResult
  /** Once for each peer, and again when its addresses have changed or after its last connection has closed. */
  'peer:discovery': PeerInfo & { source: 'json' | 'protobuf' }
  'connection:open': Connection
  'connection:close': Connection
  /** This node's own addresses changed. */
  'self:peer:update': { peer: { id: PeerId; addresses: Multiaddr[] } }
  reservation: Reservation
  /** An address was dialled. Inbound: a peer offered a direct connection, this node answered, and the attempt failed. */
  'dial:attempt': DialOutcome & { peer?: PeerId; direction: 'inbound' | 'outbound' }
  /** New streams to a peer use a different path now, for example a direct connection. */
  'path:change': { peer: PeerId; connection?: Connection; address: Multiaddr }
  /** The node failed and is closed, or a handler threw. Without a listener for this event, the page gets the error by `reportError`. */
  error: unknown
}

/** A gossip neighbour's change of subscriptions. */
export interface SubscriptionChange {
  peerId: PeerId
  /** `subscribe` is false for a topic that the neighbour left. */
  subscriptions: Array<{ topic: string; subscribe: boolean }>
}

export interface PubSubEvents {
  message: Message
  /** `getSubscribers` already includes the change. There is no event when a peer disconnects. */
  'subscription-change': SubscriptionChange
}

type Listener<E> = ((event: CustomEvent<E>) => void) | { handleEvent(event: CustomEvent<E>): void } | null

/** An EventTarget with typed events. */
export interface TypedEventTarget<Events> extends EventTarget {
  addEventListener<K extends keyof Events & string>(
    type: K, listener: Listener<Events[K]>, options?: boolean | AddEventListenerOptions): void
  removeEventListener<K extends keyof Events & string>(
    type: K, listener: Listener<Events[K]>, options?: boolean | EventListenerOptions): void
}

export interface PubSub extends TypedEventTarget<PubSubEvents> {
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  /** `recipients` is the number of peers to which the message was sent at once. */
  publish(topic: string, data: Uint8Array, options?: AbortOptions): Promise<{ recipients: number }>
  /** Resolves with the topic's subscribers as soon as there are any. ERR_TIMEOUT after 30 s. */
  ready(topic: string, options?: AbortOptions): Promise<PeerId[]>
  getTopics(): string[]
  getSubscribers(topic: string): PeerId[]
  /** The peers in the topic's mesh. */
  getMeshPeers(topic: string): PeerId[]
}

export interface CausewayNode extends TypedEventTarget<NodeEvents> {
  readonly peerId: PeerId
  readonly status: 'stopped' | 'starting' | 'started' | 'stopping' | 'failed'
  readonly services: {
    pubsub: PubSub
    ping: { ping(peer: PeerLike | AddressLike, options?: AbortOptions): Promise<number> }
  }
  start(): Promise<void>
  /**
   * Resolves with this node's addresses as soon as it has a place at a relay, and at once if it has no relays. Rejects with the last
   * relay's error when all of them have failed; the node goes on trying. ERR_TIMEOUT after 30 s.
   */
  ready(options?: AbortOptions): Promise<Multiaddr[]>
  /**
   * Closes all connections and frees the module. `start` makes a new module with the same key and handlers. Finished streams get up to 2 s
   * to deliver what was written. When the page is closed, the node closes its connections at once; if the browser restores the page, the
   * node starts again.
   */
  stop(): Promise<void>
  /** Connects to a peer whose addresses are known, to an address, or to one of several addresses of one peer. */
  dial(to: PeerLike | AddressLike | AddressLike[], options?: AbortOptions): Promise<Connection>
  dialProtocol(
    to: PeerLike | AddressLike | AddressLike[], protocols: string | string[], options?: StreamOptions): Promise<Stream>
  handle(protocol: string | string[], handler: StreamHandler, options?: HandlerOptions): Promise<void>
  unhandle(protocol: string | string[]): Promise<void>
  getProtocols(): string[]
  hangUp(peer: PeerLike | AddressLike): Promise<void>
  /** This node's addresses, which you can give to others. */
  getMultiaddrs(): Multiaddr[]
  getConnections(peer?: PeerLike): Connection[]
  getPeers(): PeerId[]
  /** Measures the round-trip time, in milliseconds. */
  ping(peer: PeerLike | AddressLike, options?: AbortOptions): Promise<number>
  /** What the peer said about itself. Undefined: it has not done so yet. */
  identify(peer: PeerLike | AddressLike): Promise<IdentifyResult | undefined>
  /** Makes a reservation at a relay, and keeps it until `release`. */
  reserve(relay: AddressLike, options?: AbortOptions): Promise<Reservation>
  release(relay: PeerLike | AddressLike): Promise<void>
}

/** How a node announces itself and finds others: only those who use the same topics. */
export interface Discovery {
  /**
   * A relay has to carry them (`causeway relay --topic NAME`). Default: `_peer-discovery._p2p._pubsub`, as in js-libp2p, and
   * `p2p-discovery` in JSON, which relays carry by themselves and everybody uses.
   */
  topics?: Array<{ topic: string; /** Default: `protobuf`, as in js-libp2p. */ format?: 'protobuf' | 'json' }>
  /** Milliseconds between two announcements. Default: 10,000. */
  interval?: number
  /** Do not announce this node. Default: false. */
  listenOnly?: boolean
}

export interface NodeOptions {
  /** A secret of 32 bytes, or `'persistent'`: stored in this browser, and used by one tab at a time. Default: a new key. */
  key?: Uint8Array | 'persistent'
  /** The module's URL, or the module itself. Default: `causeway.wasm` beside `causeway.js`. */
  wasm?: URL | string | BufferSource | WebAssembly.Module
  /**
   * The relays for which a bare `/p2p-circuit` stands, or the only one: their addresses, or the URL at which a relay serves its pages
   * (`https://relay.example`). A relay that is named by its URL is asked who it is when the node is made. If it
   * does not say, it is left out, and named on the console; ERR_UNREACHABLE if there are no others.
   */
  relays?: AddressLike | AddressLike[]
  addresses?: {
    /**
     * `/p2p-circuit` (a reservation at one of `relays`) or `<relay>/p2p-circuit`. Default: `/p2p-circuit` if there are relays. `/webrtc` is
     * accepted, too, but changes nothing: if the browser has WebRTC, peers can use it with every relayed address.
     */
    listen?: AddressLike | AddressLike[]
  }
  /**
   * Direct connections to pages (after meeting over a relay) and to servers (`/webrtc-direct`). Default: on if the browser has WebRTC.
   * `rtcConfiguration` is the browser's, or a function that returns it. Its `iceServers` come in addition to connected relays and peers,
   * which tell the browser its public address; without any, nobody else learns that address.
   */
  webrtc?: false | { rtcConfiguration?: RTCConfiguration | (() => RTCConfiguration | Promise<RTCConfiguration>) }
  /** Finds peers by gossip. Default: true, which is everybody at the relay. Needs `pubsub`. */
  discovery?: boolean | Discovery
  /** Default: true. */
  pubsub?: boolean | {
    /** Send this node's messages to every subscriber, not only to the mesh. Default: true. */
    floodPublish?: boolean
    /** Let `publish` succeed if no known peer is subscribed. Default: false. */
    allowPublishToZeroTopicPeers?: boolean
    /** Also emit `message` events for this node's own messages. Default: false. */
    emitSelf?: boolean
    /** The most bytes of data in a message. All peers of a topic must read as much. Default: 1,044,480; at most 16 MiB. */
    messageSize?: number
  }
  /** The software name that identify sends to peers. */
  agent?: string
  /** The WebSocket class to use. Default: the global one. */
  WebSocket?: new (url: string) => unknown
  /**
   * Looks up the TXT records of a name, such as `_dnsaddr.example.org`, for addresses with `/dnsaddr`. A page has no look-up of its own, and
   * asks no third party by itself. Default: none, and such addresses fail with ERR_UNSUPPORTED_TRANSPORT.
   */
  dns?: (name: string) => Promise<string[]>
  /** Start the node at once. Default: true. */
  start?: boolean
}

/** Makes a node. Options that do not exist are named on the console, once. */
export function createNode(options?: NodeOptions): Promise<CausewayNode>

/** What a node takes of a js-libp2p configuration. */
export interface Libp2pOptions extends NodeOptions {
  /** An Ed25519 key (otherwise ERR_INVALID_KEY). */
  privateKey?: { type: string; raw: Uint8Array }
  nodeInfo?: { userAgent?: string }
  /** Transports, encryption, muxers, services …: built in, so this is passed over, and named on the console. */
  [other: string]: unknown
}

/**
 * As `createNode`, for an application of js-libp2p. If the node is to listen on a bare `/p2p-circuit` and there are no `relays`, it makes a
 * reservation at the first relay to which the application connects.
 */
export function createLibp2p(options?: Libp2pOptions): Promise<CausewayNode>

/** Parses a peer id. Throws ERR_INVALID_PEER. */
export function peerIdFromString(text: string): PeerId
/** Parses an address. Peer ids may be base58 or CIDs; they become base58. Throws ERR_INVALID_ADDRESS. */
export function multiaddr(text: AddressLike): Multiaddr
