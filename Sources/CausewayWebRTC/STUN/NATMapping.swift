public import CausewayIdentity

/// How the NATs before a socket map it, as far as the servers can tell that were asked from it (RFC 4787, section 4.1; RFC 5780,
/// section 4.3).
public enum NATMapping: String, CaseIterable, Equatable, Sendable {
    /// Every server sees the socket's own endpoint: no NAT.
    case none
    /// Servers at several addresses see the same endpoint: peers reach the socket there.
    case endpointIndependent = "endpoint-independent"
    /// Servers at several addresses see different endpoints, and the ports of one address the same.
    case addressDependent = "address-dependent"
    /// Two ports of one address see different endpoints.
    case addressAndPortDependent = "address-and-port-dependent"
    /// Servers at several addresses see different endpoints. It is one of the two before: no address was asked at two ports.
    case endpointDependent = "endpoint-dependent"
    /// There is a NAT, and only one address has answered.
    case unknown

    /// Whether a peer sees the socket at an endpoint that no server can name.
    public var isDependent: Bool {
        switch self {
        case .addressDependent, .addressAndPortDependent, .endpointDependent: true
        case .none, .endpointIndependent, .unknown: false
        }
    }

    /// - Parameters:
    ///   - local: the socket's own endpoint.
    ///   - answers: which servers see it where. Empty: the result is nil.
    public init?(of local: Endpoint, _ answers: [(server: Endpoint, mapped: Endpoint)]) {
        guard !answers.isEmpty else { return nil }
        if answers.allSatisfy({ $0.mapped == local }) {
            self = .none
            return
        }
        var (comparesPorts, portsDiffer, comparesAddresses, addressesDiffer) = (false, false, false, false)
        for (index, one) in answers.enumerated() {
            for other in answers[..<index] {
                let differs = one.mapped != other.mapped
                if one.server.ip == other.server.ip {
                    comparesPorts = true
                    portsDiffer = portsDiffer || differs
                } else {
                    comparesAddresses = true
                    addressesDiffer = addressesDiffer || differs
                }
            }
        }
        if portsDiffer {
            self = .addressAndPortDependent
        } else if addressesDiffer {
            self = comparesPorts ? .addressDependent : .endpointDependent
        } else {
            self = comparesAddresses ? .endpointIndependent : .unknown
        }
    }
}
