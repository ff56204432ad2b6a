import CausewayIdentity

/// A NAT of one public address (RFC 4787). It forgets nothing, unless it is told to.
final class ICETestNAT {
    enum Rule: CaseIterable { case independent, addressDependent, addressAndPortDependent }

    private final class Mapping {
        let inside: Endpoint
        let remote: Endpoint?
        let port: UInt16
        var allowed: [Endpoint] = []

        init(_ inside: Endpoint, _ remote: Endpoint?, _ port: UInt16) {
            self.inside = inside
            self.remote = remote
            self.port = port
        }
    }

    let ip: [UInt8]
    let maps: Rule
    let filters: Rule
    private var mappings: [Mapping] = []
    private var nextPort: UInt16 = 20_000

    init(ip: [UInt8], maps: Rule, filters: Rule) {
        self.ip = ip
        self.maps = maps
        self.filters = filters
    }

    /// Gives all sockets new ports.
    func forget() { mappings = [] }

    func outgoing(_ inside: Endpoint, to remote: Endpoint) -> Endpoint {
        let key: Endpoint? =
            switch maps {
            case .independent: nil
            case .addressDependent: Endpoint(ip: remote.ip, port: 0)
            case .addressAndPortDependent: remote
            }
        let known = mappings.first { $0.inside == inside && $0.remote == key }
        let mapping = known ?? Mapping(inside, key, nextPort)
        if known == nil {
            nextPort += 1
            mappings.append(mapping)
        }
        if !mapping.allowed.contains(remote) { mapping.allowed.append(remote) }
        return Endpoint(ip: ip, port: mapping.port)!
    }

    func incoming(to port: UInt16, from source: Endpoint) -> Endpoint? {
        guard let mapping = mappings.first(where: { $0.port == port }) else { return nil }
        let isAllowed = mapping.allowed.contains { remote in
            switch filters {
            case .independent: true
            case .addressDependent: remote.ip == source.ip
            case .addressAndPortDependent: remote == source
            }
        }
        return isAllowed ? mapping.inside : nil
    }
}
