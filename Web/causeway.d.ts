// Causeway's browser peer: types of causeway.js.

/** A peer's name. Two of one peer are equal by `equals`; `toString()` is its base58 text (`12D3KooW…`). */
export interface PeerId {
  toString(): string
  toJSON(): string
  equals(other: unknown): boolean
}

/** An address such as `/dns4/relay.example/tcp/443/wss/p2p/12D3KooW…`. Text is accepted wherever one is wanted. */
export interface Multiaddr {
  toString(): string
  toJSON(): string
  equals(other: unknown): boolean
  /** The last `/p2p/` part: whom the address leads to. */
  getPeerId(): string | null
}

/** What stands for a peer: its id, or its text, as base58 or as a CID (`bafz…`). */
export type PeerLike = PeerId | string
/** What stands for an address: one of ours, another library's with `toString()`, or text. */
export type AddressLike = Multiaddr | string | { toString(): string }

/** How an attempt to reach one address ended. */
export interface DialOutcome {
  address: Multiaddr
  /** `connected`, or the code in words: `timeout`, `refused by relay`. */
  result: string
  /** A code of CausewayError, or undefined if connected. */
  code?: ErrorCode
  /** What belongs to the result: a status or a limit; 0: nothing. */
  value: number
  milliseconds: number
  /** Of a try by WebRTC that failed: how far it came. */
  webrtc?: WebRTCReport
}

/** What a peer connection had come to when it was given up. */
export interface WebRTCReport {
  /** How many candidates each side has named. */
  candidates: { local: number, remote: number }
  ice: RTCIceConnectionState
  state: RTCPeerConnectionState
  milliseconds: number
  /** What the browser said. */
  cause?: unknown
}

export type ErrorCode =
  | 'ABORT_ERR' // the signal was aborted; `cause` is its reason
  | 'ERR_ABORTED_LOCALLY' // the stream was aborted here
  | 'ERR_ANSWER' // the remote answered what makes no sense
  | 'ERR_BACKED_OFF' // tried a moment ago without success
  | 'ERR_CIRCUIT_BYTES' // the relay's limit of bytes
  | 'ERR_CIRCUIT_DURATION' // the relay's limit of time
  | 'ERR_CLOSED' // the connection or stream was closed
  | 'ERR_CONNECTION_LOST' // the link ended
  | 'ERR_HEARSAY' // not dialled: only others named it, and it lies in a private network or asks for a path
  | 'ERR_INSECURE_CONTEXT' // the page is not served over https or from this machine
  | 'ERR_INVALID_ADDRESS'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_INVALID_KEY'
  | 'ERR_INVALID_PEER'
  | 'ERR_INVALID_TOPIC'
  | 'ERR_KEY_IN_USE' // another tab has the persistent key
  | 'ERR_KEY_TYPE' // the remote's key is of a type that is not supported
  | 'ERR_LIMIT' // a limit of ours; `value` is the limit
  | 'ERR_LIMITED_CONNECTION' // only a limited connection: say runOnLimitedConnection
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_MIXED_CONTENT' // an https page may not open ws:// addresses
  | 'ERR_NO_WEBRTC' // there is no WebRTC here: a worker, node, or a browser that forbids it
  | 'ERR_NO_WEBSOCKET'
  | 'ERR_NOT_CONNECTED' // no connection and no known address
  | 'ERR_NOT_RELAY_ADDRESS'
  | 'ERR_NO_SUBSCRIBERS' // publish: nobody is subscribed
  | 'ERR_OWN_PEER'
  | 'ERR_PEER_FAULT' // the remote broke a protocol
  | 'ERR_PUBSUB_OFF'
  | 'ERR_REFUSED_BY_RELAY' // `value` is the relay's status
  | 'ERR_RESET' // the remote reset the stream
  | 'ERR_STOPPED' // the node is not running
  | 'ERR_STORAGE' // the key could not be kept
  | 'ERR_TIMEOUT'
  | 'ERR_TRAP' // the module failed: this node is closed, a new one can be made
  | 'ERR_UNREACHABLE' // no address could be reached: see `outcomes`
  | 'ERR_UNRESOLVED' // no such name
  | 'ERR_UNSUPPORTED_LISTEN' // a page cannot listen there
  | 'ERR_UNSUPPORTED_PROTOCOL' // the remote speaks none of the protocols
  | 'ERR_UNSUPPORTED_TRANSPORT' // a page cannot dial there
  | 'ERR_WASM' // the module could not be loaded
  | 'ERR_WRONG_PEER' // another peer answered than was expected

/** Every error that this package makes. */
export class CausewayError extends Error {
  /** `AbortError` when a signal was aborted, else `CausewayError`. */
  readonly name: string
  readonly code: ErrorCode
  readonly cause?: unknown
  /** What became of each address; on errors of `dial`. */
  readonly outcomes?: DialOutcome[]
  /** A relay's status, or the limit that was met. */
  readonly value?: number
  /** Bytes that had moved when a limit was met. */
  readonly moved?: number
}

export interface AbortOptions { signal?: AbortSignal }

export interface StreamOptions extends AbortOptions {
  /** Also over a connection that a relay limits. Default: false. */
  runOnLimitedConnection?: boolean
}

export interface HandlerOptions {
  /** Also for streams of limited connections. Default: false. */
  runOnLimitedConnection?: boolean
}

/** What a relay allows a circuit: of a reservation in all, of a connection still. A field is missing where there is no such limit. */
export interface Limits {
  /** In each direction. */
  bytes?: number
  seconds?: number
}

export interface Stream {
  readonly id: string
  readonly protocol: string
  readonly direction: 'inbound' | 'outbound'
  readonly status: 'open' | 'closing' | 'closed' | 'reset' | 'aborted'
  /** The connection that it was opened on. */
  readonly connection?: Connection
  /** Of the connection it runs on: undefined when it is not limited. */
  readonly limits?: Limits
  /** Ends when the remote has finished writing; a reader that does not read stops the remote. */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * Its writes wait while too much is on the way. `close` waits until all of it is with the remote: over WebRTC until the remote says so
   * (ERR_TIMEOUT after 10 s), else until the browser has sent it. If it cannot be, it fails with what ended the stream.
   */
  readonly writable: WritableStream<Uint8Array>
  /** Ends our direction, as `writable`'s `close` does. */
  closeWrite(): Promise<void>
  /** Ends our direction, likewise, and throws away what still comes. */
  close(): Promise<void>
  /** Resets the stream; both ends see an error. */
  abort(error?: unknown): void
}

export interface Connection {
  readonly id: string
  readonly remotePeer: PeerId
  readonly remoteAddr: Multiaddr
  /** A page does not know its own: a WebSocket's has neither host nor port. */
  readonly localAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
  /** Undefined when nothing is limited. */
  readonly limits?: Limits
  /** A relay limits it: only streams with `runOnLimitedConnection` run on it. */
  readonly limited: boolean
  /** Not over a relay. */
  readonly direct: boolean
  readonly status: 'open' | 'closed'
  readonly encryption: 'noise' | 'dtls'
  readonly multiplexer: 'yamux' | 'webrtc'
  readonly streams: Stream[]
  newStream(protocols: string | string[], options?: StreamOptions): Promise<Stream>
  close(): Promise<void>
}

export type StreamHandler = (incoming: { stream: Stream; connection: Connection }) => void | Promise<void>

export interface IdentifyResult {
  peerId: PeerId
  agentVersion: string
  listenAddrs: Multiaddr[]
  protocols: string[]
  /** In answers of `identify`. */
  protocolVersion?: string
  /** Our address as the peer sees it; in answers of `identify`. */
  observedAddr?: Multiaddr
}

export interface PeerInfo { id: PeerId; multiaddrs: Multiaddr[] }

export interface Reservation {
  state: 'made' | 'refreshed' | 'lost' | 'failed'
  relay: PeerId
  /** Our addresses over the relay. */
  addresses: Multiaddr[]
  /** When it ends, if it is not refreshed. */
  expires?: Date
  limits?: Limits
  error?: CausewayError
}

export interface Message {
  topic: string
  data: Uint8Array
  /** The author; undefined if the message is not signed. */
  from?: PeerId
  /** The neighbour it came from. */
  receivedFrom: PeerId
  sequenceNumber: bigint
}

/** Events and what their `detail` is. */
export interface NodeEvents {
  start: void
  stop: void
  'peer:connect': PeerId
  'peer:disconnect': PeerId
  'peer:identify': IdentifyResult
  'peer:discovery': PeerInfo & { source: 'json' | 'protobuf' }
  'connection:open': Connection
  'connection:close': Connection
  /** Our own addresses changed. */
  'self:peer:update': { peer: { id: PeerId; addresses: Multiaddr[] } }
  reservation: Reservation
  /** An address was tried; inbound: a peer's offer of a direct connection, which was answered here and came to nothing. */
  'dial:attempt': DialOutcome & { peer?: PeerId; direction: 'inbound' | 'outbound' }
  /** A peer is reached another way now, for example directly. */
  'path:change': { peer: PeerId; connection?: Connection; address: Multiaddr }
  /** The node failed and is closed, or a handler threw; as long as nobody listened for it, the page is told, too (`reportError`). */
  error: unknown
}

/** What a neighbour says of the topics that it wants. */
export interface SubscriptionChange {
  peerId: PeerId
  /** `subscribe` is false where it left the topic. */
  subscriptions: Array<{ topic: string; subscribe: boolean }>
}

export interface PubSubEvents {
  message: Message
  /** `getSubscribers` answers by it already. Not told of a peer that is gone. */
  'subscription-change': SubscriptionChange
}

type Listener<E> = ((event: CustomEvent<E>) => void) | { handleEvent(event: CustomEvent<E>): void } | null

/** An EventTarget that knows its events. */
export interface TypedEventTarget<Events> extends EventTarget {
  addEventListener<K extends keyof Events & string>(
    type: K, listener: Listener<Events[K]>, options?: boolean | AddEventListenerOptions): void
  removeEventListener<K extends keyof Events & string>(
    type: K, listener: Listener<Events[K]>, options?: boolean | EventListenerOptions): void
}

export interface PubSub extends TypedEventTarget<PubSubEvents> {
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  /** `recipients` counts the peers it was sent to at once. */
  publish(topic: string, data: Uint8Array, options?: AbortOptions): Promise<{ recipients: number }>
  getTopics(): string[]
  getSubscribers(topic: string): PeerId[]
  /** The peers of the topic's mesh. */
  getMeshPeers(topic: string): PeerId[]
}

export interface CausewayNode extends TypedEventTarget<NodeEvents> {
  readonly peerId: PeerId
  readonly status: 'stopped' | 'starting' | 'started' | 'stopping' | 'failed'
  readonly services: { pubsub: PubSub }
  start(): Promise<void>
  /**
   * Says goodbye to the peers and frees the module; `start` makes a new one with the same key and handlers. Ends of streams that are on
   * their way arrive first, if they do within 2 s. A page that goes says goodbye by itself, at once, and starts again if the browser kept
   * it and brings it back.
   */
  stop(): Promise<void>
  /** To a peer whose addresses are known, to an address, or to several addresses of one peer. */
  dial(to: PeerLike | AddressLike | AddressLike[], options?: AbortOptions): Promise<Connection>
  dialProtocol(
    to: PeerLike | AddressLike | AddressLike[], protocols: string | string[], options?: StreamOptions): Promise<Stream>
  handle(protocol: string | string[], handler: StreamHandler, options?: HandlerOptions): Promise<void>
  unhandle(protocol: string | string[]): Promise<void>
  getProtocols(): string[]
  hangUp(peer: PeerLike | AddressLike): Promise<void>
  /** Our addresses, ready to be handed to others. */
  getMultiaddrs(): Multiaddr[]
  getConnections(peer?: PeerLike): Connection[]
  getPeers(): PeerId[]
  /** The round trip in milliseconds. */
  ping(peer: PeerLike | AddressLike, options?: AbortOptions): Promise<number>
  /** What the peer said about itself; undefined before it did. */
  identify(peer: PeerLike | AddressLike): Promise<IdentifyResult | undefined>
  /** A place at a relay, kept until `release`. */
  reserve(relay: AddressLike, options?: AbortOptions): Promise<Reservation>
  release(relay: PeerLike | AddressLike): Promise<void>
}

export interface NodeOptions {
  /** A secret of 32 bytes, or `'persistent'`: kept in this browser, used by one tab at a time. Default: a new one. */
  key?: Uint8Array | 'persistent'
  /** Where the module is, or the module itself. Default: `causeway.wasm` beside causeway.js. */
  wasm?: URL | string | BufferSource | WebAssembly.Module
  /** Addresses of relays, for a bare `/p2p-circuit`. */
  relays?: AddressLike[]
  addresses?: {
    /**
     * `/p2p-circuit` (a place at one of `relays`) or `<relay>/p2p-circuit`. Default: `/p2p-circuit` if there are relays. `/webrtc` may
     * stand there too: where there is WebRTC every relayed address can be reached by it.
     */
    listen?: AddressLike[]
  }
  /**
   * Direct connections, to pages (over a relay) and to servers (`/webrtc-direct`). Default: on where the browser has WebRTC. The
   * configuration, or what makes it, is the browser's own; without `iceServers` no third party is asked for this machine's public address.
   */
  webrtc?: false | { rtcConfiguration?: RTCConfiguration | (() => RTCConfiguration | Promise<RTCConfiguration>) }
  /** Finding peers by gossip, with `interval` milliseconds between two announcements (10,000). Default: both formats; needs pubsub. */
  discovery?: boolean | { json?: boolean; protobuf?: boolean; interval?: number }
  /** Default: on. */
  pubsub?: boolean | {
    /** Send own messages to every subscriber, not only the mesh. Default: true. */
    floodPublish?: boolean
    /** `publish` does not fail when nobody is subscribed. Default: false. */
    allowPublishToZeroTopicPeers?: boolean
    /** `message` events for own messages too. Default: false. */
    emitSelf?: boolean
  }
  /** What identify says this is. */
  agent?: string
  /** Default: the global one. */
  WebSocket?: new (url: string) => unknown
  /** Start at once. Default: true. */
  start?: boolean
}

export function createNode(options?: NodeOptions): Promise<CausewayNode>

/** Reads text (a peer id). Throws ERR_INVALID_PEER. */
export function peerIdFromString(text: string): PeerId
/** Reads text (an address), with peer ids as base58 or as CIDs; they become base58. Throws ERR_INVALID_ADDRESS. */
export function multiaddr(text: AddressLike): Multiaddr
