/// An endpoint as the oracle knows it: not by numbers, but by who made it for whom.
indirect enum AbstractEndpoint: Hashable {
    /// The server in the internet that both hosts speak with.
    case server
    /// A host's own socket.
    case host(Identity<SimulatedHost>)
    /// What a NAT shows of an endpoint inside, to the remotes of a scope.
    case translated(by: Identity<SimulatedRouter>, inside: AbstractEndpoint, scope: Scope)

    /// For which remotes a NAT uses one mapping.
    enum Scope: Hashable {
        case all
        case address(Place)
        case endpoint(AbstractEndpoint)
    }

    /// Whose address it has.
    enum Place: Hashable {
        case server
        case host(Identity<SimulatedHost>)
        case router(Identity<SimulatedRouter>)
    }

    var place: Place {
        switch self {
        case .server: .server
        case .host(let host): .host(host)
        case .translated(let router, _, _): .router(router)
        }
    }
}

/// An object as a value that equals itself alone.
struct Identity<Object: AnyObject>: Hashable {
    let object: Object

    init(_ object: Object) { self.object = object }

    static func == (one: Identity, other: Identity) -> Bool { one.object === other.object }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(object)) }
}
