public import CausewayConnection
public import CausewayIdentity

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

        /// In one word, as programs read it.
        public var name: String {
            switch self {
            case .made: "made"
            case .refreshed: "refreshed"
            case .lost: "lost"
            case .failed: "failed"
            }
        }
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
