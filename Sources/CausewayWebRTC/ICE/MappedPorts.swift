import CausewayIdentity

/// What the candidates of one side say about the ports that its NATs give to a socket: of the first socket that STUN servers have seen, or
/// that has a public address itself. IPv4 alone; nobody translates ports of IPv6.
struct MappedPorts: Equatable {
    enum Kind: Equatable {
        /// All servers see the same, as far as one can tell.
        case same
        /// Each remote gets another one, close to the last.
        case sequential
        /// Each remote gets another one, anywhere.
        case random
    }

    /// The socket's own endpoint.
    let base: Endpoint
    private(set) var ports: [UInt16]
    private let first: Endpoint

    /// Ports for two servers that lie closer were given one after the other. Of 2,000 pairs of random ports, one does so, too.
    private static let sequentialDistance = 16

    /// - Parameter candidates: in the order in which they were found, which is the same on both sides.
    init?(_ candidates: [ICECandidate]) {
        var found: MappedPorts?
        for candidate in candidates {
            guard case .endpoint(let endpoint) = candidate.address, endpoint.isPublicIPv4 else { continue }
            if candidate.kind == .host, found == nil { found = MappedPorts(endpoint, of: endpoint) }
            guard candidate.kind == .serverReflexive, let base = candidate.related else { continue }
            // A public address that is translated all the same does not count.
            if found == nil || found?.base == found?.first { found = MappedPorts(endpoint, of: base) }
            guard base == found?.base, endpoint.ip == found?.first.ip, found?.ports.contains(endpoint.port) == false else { continue }
            found?.ports.append(endpoint.port)
        }
        guard let found else { return nil }
        self = found
    }

    private init(_ first: Endpoint, of base: Endpoint) {
        self.first = first
        self.base = base
        ports = [first.port]
    }

    var kind: Kind {
        guard ports.count > 1, let lowest = ports.min(), let highest = ports.max() else { return .same }
        return Int(highest) - Int(lowest) <= Self.sequentialDistance * (ports.count - 1) ? .sequential : .random
    }

    var ip: [UInt8] { first.ip }
    /// Where all remotes find the socket, if its ports are the same for all.
    var endpoint: Endpoint { first }
    /// The last of ports that were given one after the other.
    var highest: UInt16 { ports.max() ?? first.port }
}

extension Endpoint {
    /// Whether it is in nobody's own network.
    var isPublicIPv4: Bool { isIPv4 && isUnicast && Multiaddr.udp(ip: ip, port: port).reach == .public }
}
