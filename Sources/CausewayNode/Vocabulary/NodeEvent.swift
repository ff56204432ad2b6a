public import CausewayConnection
public import CausewayIdentity

/// What an application hears of its node.
public indirect enum NodeEvent: Equatable, Sendable {
    /// The answer to a request; each request has exactly one.
    case answered(request: UInt32, Answer)
    case connectionOpened(ConnectionDescription)
    case connectionClosed(ConnectionDescription, ConnectionError)
    /// The first connection of a peer opened, the last one closed.
    case peerConnected(PeerID)
    case peerDisconnected(PeerID)
    /// New streams to the peer take another connection from now on: its first, a direct one that came beside a relayed one, or what is
    /// left.
    case pathChanged(PeerID, ConnectionDescription)
    /// An inbound connection was turned away before its handshake, or after it showed whose it is: which limit, and its value.
    case connectionRefused(remote: Multiaddr, LimitName, value: UInt64)
    case identified(PeerDescription)
    /// Identify brought nothing usable of a peer; the connection stays.
    case notIdentified(PeerID, IdentifyError)
    case discovered(PeerID, addresses: [Multiaddr], source: DiscoverySource)
    case reservation(ReservationChange)
    /// One address was tried, by this node or, with what can be told of it here, by a peer.
    case dialAttempt(DialOutcome)
    /// What this node advertises has changed: listen addresses, circuit addresses.
    case addressesChanged([Multiaddr])
    case message(GossipMessage)
    /// A neighbour in gossip subscribed to a topic, or left it; what it says again is not told.
    case subscriptionChanged(PeerID, topic: [UInt8], isSubscribed: Bool)
    /// As relay: a peer reserved, refreshed, left or was refused; a circuit opened or ended.
    case relay(RelayEvent)
}

/// By which form of discovery a peer was found.
public enum DiscoverySource: UInt8, Sendable { case pubsubProtobuf, pubsubJSON }

/// The answer to a request.
public indirect enum Answer: Equatable, Sendable {
    /// A connection to the peer is open.
    case connected(ConnectionDescription)
    /// No connection: one outcome for each address tried; empty if none was known.
    case notConnected([DialOutcome])
    case reserved(Reservation)
    case notReserved(ReservationError)
    case pong(Interval)
    case noPong(StreamError)
    /// To how many peers the message went at once.
    case published(peers: Int)
    case notPublished(PublishError)
    case cancelled
}

/// A connection, as it was when it was made.
public final class ConnectionDescription: Equatable, Sendable {
    public let link: UInt32
    public let peer: PeerID
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    public let path: ConnectionPath
    public let openedAt: Instant

    /// The circuit's limit if it runs over a relay that named one; nil: the connection is not limited.
    public var limit: CircuitLimit? { path.limit }

    public init(
        link: UInt32, peer: PeerID, remoteAddress: Multiaddr, localAddress: Multiaddr, isInbound: Bool, path: ConnectionPath,
        openedAt: Instant
    ) {
        self.link = link
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.isInbound = isInbound
        self.path = path
        self.openedAt = openedAt
    }

    public static func == (a: ConnectionDescription, b: ConnectionDescription) -> Bool {
        a.link == b.link && a.peer == b.peer && a.remoteAddress == b.remoteAddress && a.localAddress == b.localAddress
            && a.isInbound == b.isInbound && a.path == b.path && a.openedAt == b.openedAt
    }
}

/// What identify told of a peer. Names as UTF-8.
public final class PeerDescription: Equatable, Sendable {
    public let peer: PeerID
    public let agent: [UInt8]
    public let protocolVersion: [UInt8]
    public let protocolIDs: [[UInt8]]
    public let listenAddresses: [Multiaddr]
    public let observedAddress: Multiaddr?

    public init(
        peer: PeerID, agent: [UInt8] = [], protocolVersion: [UInt8] = [], protocolIDs: [[UInt8]] = [], listenAddresses: [Multiaddr] = [],
        observedAddress: Multiaddr? = nil
    ) {
        self.peer = peer
        self.agent = agent
        self.protocolVersion = protocolVersion
        self.protocolIDs = protocolIDs
        self.listenAddresses = listenAddresses
        self.observedAddress = observedAddress
    }

    public static func == (a: PeerDescription, b: PeerDescription) -> Bool {
        a.peer == b.peer && a.agent == b.agent && a.protocolVersion == b.protocolVersion && a.protocolIDs == b.protocolIDs
            && a.listenAddresses == b.listenAddresses && a.observedAddress == b.observedAddress
    }
}

/// Why identify brought nothing usable.
public enum IdentifyError: Error, Equatable, Sendable {
    /// One message is longer than `limit` bytes, or there are more than `limit` of them.
    case messageTooLarge(limit: Int)
    case tooManyMessages(limit: Int)
    /// Broken protobuf, or an end in the midst of a message.
    case malformed
    /// It names the public key of somebody else, or one that is none.
    case foreignKey
    case timedOut
    case stream(StreamError)
}

/// One address that was tried, and what came of it.
public final class DialOutcome: Equatable, Sendable {
    /// What came of one address.
    public indirect enum Result: Equatable, Sendable {
        case connected
        case failed(ConnectionError)
        /// The relay's answer to CONNECT: `HopStatus` raw value (relay/circuit-v2.md).
        case refusedByRelay(status: UInt16)
        /// Name resolution failed: the resolver's own code (natively c-ares').
        case unresolved(code: Int32)
        /// Not tried: another address was quicker, or the request was cancelled.
        case cancelled
        /// Not tried: the peer or address failed shortly before.
        case backedOff
        /// Not tried: this build or platform has no transport for it.
        case unsupported
        /// Not tried: only a remote named it, and it leads into this machine or its network, or to a path of the remote's choice.
        case hearsay
        /// Not tried: the address, or the whole request, leads to this node itself.
        case ownPeer
        /// Not tried: a limit of ours.
        case limit(LimitName, value: UInt64)
    }
    public let peer: PeerID?
    public let address: Multiaddr
    public let result: Result
    public let took: Interval
    /// The peer tried to reach this node, which took part: an offer of WebRTC that came to nothing.
    public let isInbound: Bool

    public init(peer: PeerID?, address: Multiaddr, result: Result, took: Interval, isInbound: Bool = false) {
        self.peer = peer
        self.address = address
        self.result = result
        self.took = took
        self.isInbound = isInbound
    }

    public static func == (a: DialOutcome, b: DialOutcome) -> Bool {
        a.peer == b.peer && a.address == b.address && a.result == b.result && a.took == b.took && a.isInbound == b.isInbound
    }
}

/// A place at a relay (relay/circuit-v2.md).
public final class Reservation: Equatable, Sendable {
    public let relay: PeerID
    /// Unix seconds.
    public let expires: UInt64
    /// Under which this node can be dialled, each with `/p2p-circuit`.
    public let addresses: [Multiaddr]
    /// What the relay says it allows a circuit; nil: it did not say.
    public let limit: CircuitLimit?

    public init(relay: PeerID, expires: UInt64, addresses: [Multiaddr], limit: CircuitLimit?) {
        self.relay = relay
        self.expires = expires
        self.addresses = addresses
        self.limit = limit
    }

    public static func == (a: Reservation, b: Reservation) -> Bool {
        a.relay == b.relay && a.expires == b.expires && a.addresses == b.addresses && a.limit == b.limit
    }
}

/// Why there is no reservation.
public indirect enum ReservationError: Error, Equatable, Sendable {
    /// The relay could not be reached: one outcome for each address.
    case unreachable([DialOutcome])
    /// The relay's status: `HopStatus` raw value.
    case refused(status: UInt16)
    /// It does not speak the hop protocol, or spoke it wrongly.
    case stream(StreamError)
    /// No expiry, one in the past, a voucher for somebody else, no usable address ...: `RelayFault` raw value.
    case badAnswer(UInt8)
    case timedOut
    /// The address given names no relay (`/p2p/...` is missing).
    case notARelayAddress
}

/// A reservation was made, refreshed or lost, or could not be had.
public struct ReservationChange: Equatable, Sendable {
    /// What happened to it.
    public enum State: Equatable, Sendable {
        case made, refreshed, lost
        case failed(ReservationError)
    }
    public let relay: PeerID
    public let state: State
    public let reservation: Reservation?

    public init(relay: PeerID, state: State, reservation: Reservation?) {
        self.relay = relay
        self.state = state
        self.reservation = reservation
    }
}

/// A message of a topic that the application joined.
public struct GossipMessage: Equatable, Sendable {
    /// The author, from the signed message; nil in an unsigned mesh.
    public let author: PeerID?
    /// The neighbour that it came from.
    public let receivedFrom: PeerID
    public let topic: [UInt8]
    public let data: [UInt8]
    public let sequenceNumber: [UInt8]

    public init(author: PeerID?, receivedFrom: PeerID, topic: [UInt8], data: [UInt8], sequenceNumber: [UInt8]) {
        self.author = author
        self.receivedFrom = receivedFrom
        self.topic = topic
        self.data = data
        self.sequenceNumber = sequenceNumber
    }
}

/// Why a message was not sent.
public enum PublishError: Error, Equatable, Sendable {
    /// Over the limit: its value in bytes.
    case tooLarge(limit: Int)
    /// Nobody is known to subscribe, and the configuration asks for somebody.
    case noSubscribers
    /// The topic's name is empty or too long.
    case badTopic
    /// The node was made without GossipSub.
    case off
}

/// What happens at a relay.
public indirect enum RelayEvent: Equatable, Sendable {
    case reserved(PeerID, refreshed: Bool, expires: UInt64)
    /// Expired, or the peer's last connection closed.
    case reservationEnded(PeerID)
    case reservationRefused(PeerID, status: UInt16, LimitName?)
    case circuitOpened(circuit: UInt32, source: PeerID, target: PeerID, limit: CircuitLimit)
    /// Bytes from source to target, and back; the limit that ended it, if one did.
    case circuitClosed(circuit: UInt32, source: PeerID, target: PeerID, sent: UInt64, returned: UInt64, lasted: Interval, limit: LimitName?)
    /// `limit`: which limit of the relay it was, if one.
    case circuitRefused(source: PeerID, target: PeerID?, status: UInt16, limit: LimitName?)
}
