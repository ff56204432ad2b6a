public import CausewayConnection
public import CausewayIdentity

/// What a node reports to its application.
public indirect enum NodeEvent: Equatable, Sendable {
    /// The answer to a request. Each request gets exactly one.
    case answered(request: UInt32, Answer)
    case connectionOpened(ConnectionDescription)
    case connectionClosed(ConnectionDescription, ConnectionError)
    /// The first connection to a peer was opened, or its last connection was closed.
    case peerConnected(PeerID)
    case peerDisconnected(PeerID)
    /// New streams to the peer use another connection from now on: its first one, a direct one that was added to a relayed one, or one that
    /// is left.
    case pathChanged(PeerID, ConnectionDescription)
    /// The node refused an inbound connection, before its handshake or after it was authenticated. The event names the limit and its value.
    case connectionRefused(remote: Multiaddr, LimitName, value: UInt64)
    case identified(PeerDescription)
    /// Identify failed for a peer. The connection stays open.
    case notIdentified(PeerID, IdentifyError)
    case discovered(PeerID, addresses: [Multiaddr], source: DiscoverySource)
    case reservation(ReservationChange)
    /// One address was tried, by this node, or by a peer as far as this node can tell.
    case dialAttempt(DialOutcome)
    /// The advertised addresses have changed: listen addresses or circuit addresses.
    case addressesChanged([Multiaddr])
    case message(GossipMessage)
    /// A gossip neighbour subscribed to a topic or unsubscribed from it. Repetitions are not reported.
    case subscriptionChanged(PeerID, topic: [UInt8], isSubscribed: Bool)
    /// On a relay: a peer reserved, refreshed, left or was refused; a circuit opened or ended.
    case relay(RelayEvent)
}

/// The form of discovery that found a peer.
public enum DiscoverySource: UInt8, Sendable { case pubsubProtobuf, pubsubJSON }

/// The answer to a request.
public indirect enum Answer: Equatable, Sendable {
    /// A connection to the peer is open.
    case connected(ConnectionDescription)
    /// No connection. One outcome for each address tried; empty if none was known.
    case notConnected([DialOutcome])
    case reserved(Reservation)
    case notReserved(ReservationError)
    case pong(Interval)
    case noPong(StreamError)
    /// The number of peers to which the message was sent at once.
    case published(peers: Int)
    case notPublished(PublishError)
    case cancelled
}

/// A connection, as it was when it was opened.
public final class ConnectionDescription: Equatable, Sendable {
    public let link: UInt32
    public let peer: PeerID
    public let remoteAddress: Multiaddr
    public let localAddress: Multiaddr
    public let isInbound: Bool
    public let path: ConnectionPath
    public let openedAt: Instant

    /// The circuit's limit. nil: the connection is direct, or its relay named no limit.
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

/// What a peer said about itself by identify. Names are UTF-8.
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

/// Why identify failed.
public enum IdentifyError: Error, Equatable, Sendable {
    /// One message is longer than `limit` bytes, or there are more than `limit` messages.
    case messageTooLarge(limit: Int)
    case tooManyMessages(limit: Int)
    /// Malformed protobuf, or an end in the middle of a message.
    case malformed
    /// The public key is another peer's, or invalid.
    case foreignKey
    case timedOut
    case stream(StreamError)
}

/// One address that was tried, and the result.
public final class DialOutcome: Equatable, Sendable {
    /// The result of one address.
    public indirect enum Result: Equatable, Sendable {
        case connected
        case failed(ConnectionError)
        /// The relay's answer to CONNECT: a raw value of `HopStatus` (relay/circuit-v2.md).
        case refusedByRelay(status: UInt16)
        /// Name resolution failed, with the resolver's own code (natively that of c-ares).
        case unresolved(code: Int32)
        /// Cancelled: another address connected first, or the request was cancelled.
        case cancelled
        /// Not tried: the peer or the address failed recently.
        case backedOff
        /// Not tried: this build or platform has no transport for it.
        case unsupported
        /// Not tried: only a remote named it, and it leads to this machine or its network, or contains a path of the remote's choice.
        case hearsay
        /// Not tried: the address, or the whole request, leads to this node itself.
        case ownPeer
        /// Not tried: one of this node's limits was reached.
        case limit(LimitName, value: UInt64)
    }
    public let peer: PeerID?
    public let address: Multiaddr
    public let result: Result
    public let took: Interval
    /// A peer tried to reach this node, and this node took part: an offer of WebRTC that failed.
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

/// A reservation at a relay (relay/circuit-v2.md).
public final class Reservation: Equatable, Sendable {
    public let relay: PeerID
    /// Unix seconds.
    public let expires: UInt64
    /// The addresses at which others can dial this node, each with `/p2p-circuit`.
    public let addresses: [Multiaddr]
    /// The limit of a circuit, as the relay announced it. nil: it announced none.
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
    /// The relay's status: a raw value of `HopStatus`.
    case refused(status: UInt16)
    /// The relay does not support the hop protocol, or the stream failed.
    case stream(StreamError)
    /// No expiry, one in the past, a voucher for another peer, no usable address ...: a raw value of `RelayFault`.
    case badAnswer(UInt8)
    case timedOut
    /// The address names no relay (`/p2p/...` is missing).
    case notARelayAddress
}

/// A reservation was made, refreshed or lost, or could not be made.
public struct ReservationChange: Equatable, Sendable {
    /// What happened to the reservation.
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

/// A message of a topic that the application has joined.
public struct GossipMessage: Equatable, Sendable {
    /// The author, from the signed message. nil: the mesh is unsigned.
    public let author: PeerID?
    /// The neighbour that sent the message to this node.
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
    /// The message is larger than the limit, in bytes.
    case tooLarge(limit: Int)
    /// No known peer is subscribed, and the configuration requires one.
    case noSubscribers
    /// The topic's name is empty or too long.
    case badTopic
    /// GossipSub is switched off in this node.
    case off
}

/// Something that happened at a relay.
public indirect enum RelayEvent: Equatable, Sendable {
    case reserved(PeerID, refreshed: Bool, expires: UInt64)
    /// The reservation expired, or the peer's last connection closed.
    case reservationEnded(PeerID)
    case reservationRefused(PeerID, status: UInt16, LimitName?)
    case circuitOpened(circuit: UInt32, source: PeerID, target: PeerID, limit: CircuitLimit)
    /// `sent`: the bytes from source to target. `returned`: those from target to source. `limit`: the limit that ended the circuit, if one
    /// did.
    case circuitClosed(circuit: UInt32, source: PeerID, target: PeerID, sent: UInt64, returned: UInt64, lasted: Interval, limit: LimitName?)
    /// `limit`: the relay's limit that was reached, if it was one.
    case circuitRefused(source: PeerID, target: PeerID?, status: UInt16, limit: LimitName?)
}
