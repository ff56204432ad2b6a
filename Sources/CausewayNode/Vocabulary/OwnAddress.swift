import CausewayConnection
public import CausewayIdentity

/// An address of this node, and what speaks for it.
public final class OwnAddress: Equatable, Sendable {
    /// Where the node has the address from.
    public indirect enum Source: Equatable, Sendable {
        /// The shell listens there.
        case bound
        /// The user says that others reach the node there, instead of where it listens.
        case announced
        /// Peers in so many networks say that they see this node there (`Voice`).
        case observed(by: Int)
        /// Peers in so many networks see this node at this IP address, and a listener has the port: nobody has seen both together.
        case inferred(by: Int)
        /// A router forwards its port to this node until then.
        case mapped(until: Instant)
        /// A relay accepts circuits to this node, and may restart: until then its address stays.
        case reservation(by: PeerID, until: Instant)
    }
    /// The kinds of sources, in the order in which their addresses are advertised.
    public enum Kind: UInt8, Sendable { case announced, bound, mapped, observed, reservation }
    /// What others found when they dialled the address.
    public enum Verdict: UInt8, Sendable { case unknown, reachable, unreachable }

    public let address: Multiaddr
    public let source: Source
    public let kind: Kind
    /// When the address is this node's no more.
    public let expires: Instant
    public let verdict: Verdict

    public init(_ address: Multiaddr, _ source: Source, _ verdict: Verdict = .unknown) {
        self.address = address
        self.source = source
        self.verdict = verdict
        switch source {
        case .bound: (kind, expires) = (.bound, .distantFuture)
        case .announced: (kind, expires) = (.announced, .distantFuture)
        case .observed, .inferred: (kind, expires) = (.observed, .distantFuture)
        case .mapped(let until): (kind, expires) = (.mapped, until)
        case .reservation(_, let until): (kind, expires) = (.reservation, until)
        }
    }

    public static func == (a: OwnAddress, b: OwnAddress) -> Bool {
        a.address == b.address && a.source == b.source && a.verdict == b.verdict
    }
}
