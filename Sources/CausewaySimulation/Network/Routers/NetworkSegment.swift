/// Hosts and routers with no router between them: a home's network, a carrier's, or the internet.
final class NetworkSegment {
    enum Neighbour {
        case host(SimulatedHost)
        case router(SimulatedRouter)

        var object: AnyObject {
            switch self {
            case .host(let host): host
            case .router(let router): router
            }
        }
    }

    /// The way out; nil: this is the internet.
    unowned var router: SimulatedRouter?
    private var neighbours: [[UInt8]: Neighbour] = [:]

    /// Whom to hand a packet for an address to; nil: it goes out.
    func neighbour(at ip: [UInt8]) -> Neighbour? { neighbours[ip] }

    func add(_ neighbour: Neighbour, at ip: [UInt8]) {
        neighbours[ip] = neighbour
        // Beyond a router that does not translate it, the address is the same.
        if let router, !router.translates(ip) { router.outside.add(.router(router), at: ip) }
    }

    func remove(at ip: [UInt8]) {
        neighbours[ip] = nil
        if let router, !router.translates(ip) { router.outside.remove(at: ip) }
    }
}
