/// Which networks know which addresses of one family.
struct PathMap {
    let translatesIPv4: Bool

    /// What a router does with this family's addresses; nil: it does not translate.
    func nat(of router: SimulatedRouter) -> NAT? { translatesIPv4 ? router.nat : nil }

    func internet(of host: SimulatedHost) -> NetworkSegment {
        var segment = host.segment
        while let router = segment.router { segment = router.outside }
        return segment
    }

    /// The routers without translation from a network down to who has an endpoint's address; nil if the address is not known there.
    func routers(toward endpoint: AbstractEndpoint, from network: NetworkSegment, internet: NetworkSegment) -> [SimulatedRouter]? {
        var segment =
            switch endpoint {
            case .server: internet
            case .host(let host): host.object.segment
            case .translated(let router, _, _): router.object.outside
            }
        var routers: [SimulatedRouter] = []
        while segment !== network {
            guard let router = segment.router, nat(of: router) == nil else { return nil }
            routers.insert(router, at: 0)
            segment = router.outside
        }
        return routers
    }

    /// Who hands packets for an endpoint on in a network; nil if its address is not known there. The server has no object: the network.
    func neighbour(toward endpoint: AbstractEndpoint, in network: NetworkSegment, internet: NetworkSegment) -> AnyObject? {
        guard let routers = routers(toward: endpoint, from: network, internet: internet) else { return nil }
        if let first = routers.first { return first }
        return switch endpoint {
        case .server: network
        case .host(let host): host.object
        case .translated(let router, _, _): router.object
        }
    }
}
