public import CausewayIdentity

/// The terms of a request for a connection: at which addresses, how good it has to be, and what it is for.
public final class DialPolicy: Equatable, Sendable {
    /// The addresses to try.
    public enum Addresses: UInt8, Sendable {
        /// Those that the request names, and those that the peer store knows.
        case known
        /// Those that the request names alone.
        case only
    }
    /// The worst path that will do.
    public enum Path: UInt8, Sendable {
        /// A relayed connection with a limit.
        case any
        /// A relayed connection without a limit.
        case unlimited
        case direct
    }
    /// What becomes of an address that failed lately and that the user has not named in this request.
    public enum Backoff: UInt8, Sendable {
        /// It is held back, and a failure holds it back longer.
        case kept
        /// It is dialled, and a failure does not count.
        case ignored
    }
    /// What the connection is for.
    public enum Purpose: UInt8, Sendable {
        /// It is a connection like any other.
        case use
        /// It shows that the peer can be reached there. It belongs to the protocol that asked, which closes it: nothing is served on it, no
        /// new stream uses it, and nobody else hears of it.
        case probe
    }

    /// The port to dial from.
    public enum Port: UInt8, Sendable {
        case any
        /// That of a listener, if there is one: the remote then sees the address under which a NAT leads others to the listener. For
        /// relays alone, because two peers that dial each other so may both take themselves for the dialler.
        case listener
    }

    public let addresses: Addresses
    /// The addresses that the request names.
    public let named: [Multiaddr]
    /// Who named them.
    public let origin: AddressOrigin
    public let path: Path
    #if hasFeature(Embedded)
        // A page asks for no connection but for use.
        var reuses: Bool { true }
        var backoff: Backoff { .kept }
        var purpose: Purpose { .use }
        var port: Port { .any }
    #else
        /// Whether a connection that stands will do, and dials to the peer that run. If not, the request has dials of its own.
        public let reuses: Bool
        public let backoff: Backoff
        public let purpose: Purpose
        public let port: Port
    #endif

    public init(
        _ named: [Multiaddr], _ addresses: Addresses = .known, origin: AddressOrigin, path: Path, reuses: Bool = true,
        backoff: Backoff = .kept, purpose: Purpose = .use, port: Port = .any
    ) {
        self.addresses = addresses
        self.named = named
        self.origin = origin
        self.path = path
        #if !hasFeature(Embedded)
            self.reuses = reuses
            self.backoff = backoff
            self.purpose = purpose
            self.port = port
        #endif
    }

    /// A connection of its own to exactly this address, now.
    public static func probe(_ address: Multiaddr, origin: AddressOrigin) -> DialPolicy {
        DialPolicy([address], .only, origin: origin, path: .direct, reuses: false, backoff: .ignored, purpose: .probe)
    }

    public static func == (a: DialPolicy, b: DialPolicy) -> Bool {
        a.addresses == b.addresses && a.named == b.named && a.origin == b.origin && a.path == b.path && a.reuses == b.reuses
            && a.backoff == b.backoff && a.purpose == b.purpose && a.port == b.port
    }
}
