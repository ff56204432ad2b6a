public import CausewayConnection
public import CausewayIdentity

/// How a connection reaches its peer. Behind one pointer, as errors are: every connection is handed through many functions.
public indirect enum ConnectionPath: Equatable, Sendable {
    /// The transport of a direct connection.
    public enum Transport: UInt8, Sendable { case tcp, webSocket, secureWebSocket, webRTC, webRTCDirect, quic }

    /// From this node to the peer's.
    case direct(Transport)
    /// Through a relay (relay/circuit-v2.md). `limit`: what the relay allows the circuit; nil: it named no limit.
    case relayed(by: PeerID, limit: CircuitLimit?)

    /// The path of a connection that was dialled or accepted at an address.
    @inline(never)
    static func direct(at address: Multiaddr) -> ConnectionPath {
        switch address.transport {
        case .webSocket(let isSecure): .direct(isSecure ? .secureWebSocket : .webSocket)
        case .webRTC: .direct(.webRTC)
        case .webRTCDirect: .direct(.webRTCDirect)
        case .quic: .direct(.quic)
        // Nobody dials or accepts at the last two.
        case .tcp, .circuit, .other: .direct(.tcp)
        }
    }

    public var isRelayed: Bool { rank < 2 }
    public var isLimited: Bool { rank == 0 }

    /// What the relay allows; nil: the connection is not limited.
    public var limit: CircuitLimit? { if case .relayed(_, let limit) = self { limit } else { nil } }

    /// The greater one is taken of two: direct (2) before relayed (1), and that before limited (0). Asked in many places, in none of them
    /// often: not inlined.
    var rank: Int {
        @inline(never) get {
            switch self {
            case .direct: 2
            case .relayed(_, let limit): limit == nil ? 1 : 0
            }
        }
    }
}
