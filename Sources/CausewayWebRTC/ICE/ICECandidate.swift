public import CausewayIdentity

/// An address under which an agent may be reached (RFC 8445, section 5.1; RFC 8839, section 5.1).
public struct ICECandidate: Equatable, Sendable {
    /// How the candidate was found: a socket itself, as a server or the remote sees it, or at a relay.
    public enum Kind: UInt8, Sendable {
        case host, serverReflexive, peerReflexive, relayed
    }

    /// Where it is.
    public enum Address: Equatable, Sendable {
        case endpoint(Endpoint)
        /// A name in place of an IP address: `.local` from browsers that hide it.
        case name([UInt8], port: UInt16)
    }

    /// Only `udp` is used.
    public enum Transport: Equatable, Sendable { case udp, tcp, other }

    /// Equal for candidates that have kind, host and server in common. 1 to 32 characters.
    public var foundation: [UInt8]
    public var component: UInt16 = 1
    public var transport = Transport.udp
    public var priority: UInt32
    public var address: Address
    public var kind: Kind
    /// The socket behind a reflexive or relayed candidate, as its owner saw fit to name it.
    public var related: Endpoint?
    /// The fragment that the candidate belongs to, if it says so (RFC 8838, section 9).
    public var fragment: [UInt8]?

    public init(foundation: [UInt8], priority: UInt32, address: Address, kind: Kind) {
        self.foundation = foundation
        self.priority = priority
        self.address = address
        self.kind = kind
    }
}
