import CausewayConnection
import CausewayIdentity

/// One request that a server of AutoNAT works on.
final class DialBackService {
    enum Phase {
        /// The request has not arrived.
        case reading
        /// The address is another host's: so many bytes are missing.
        case receivingData(missing: Int)
        /// The dial begins at `deadline`.
        case waiting
        case dialling
        /// On the new connection, the remote gets the nonce.
        case dialled(link: UInt32, stream: StreamKey, isDelivered: Bool)
    }
    let stream: StreamKey
    let peer: PeerID
    /// Where the peer is seen.
    let observed: Multiaddr
    let isVersion1: Bool
    var phase = Phase.reading
    var deadline: Instant
    var inbox = MessageInbox()
    /// What is dialled: one address; in version 1, one of these.
    var addresses: [Multiaddr] = []
    /// The address's place in the request.
    var index: UInt64 = 0
    var nonce: UInt64 = 0
    /// The number of the request for a connection.
    var request: UInt32?
    /// Nobody waits for the answer any more, but the dial still runs.
    var isAbandoned = false

    init(_ stream: StreamKey, of link: ConnectedLink, isVersion1: Bool, deadline: Instant) {
        self.stream = stream
        peer = link.peer
        observed = link.remoteAddress
        self.isVersion1 = isVersion1
        self.deadline = deadline
    }
}
