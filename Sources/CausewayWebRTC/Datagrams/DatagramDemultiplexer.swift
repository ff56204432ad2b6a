public import CausewayIdentity

/// Finds whose the datagrams of one UDP port are: by where they come from, else by the fragment that a STUN binding request names, else
/// they are for whoever listens.
///
/// It learns nothing from datagrams, which anybody can send under any address. Its owner adds associations, binds endpoints to them when a
/// remote has answered for one (MESSAGE-INTEGRITY), and says when an association has proven who it is. Associations that strangers began
/// have a bound of their own: of too many, the oldest goes of the place that has most.
public struct DatagramDemultiplexer: ~Copyable {
    private let limits: DemultiplexerLimits
    private var associations = Table<UInt32, DatagramAssociation>()
    private var byFragment = BytesTable<DatagramAssociation>()
    private var byEndpoint = EndpointTable<DatagramAssociation>()
    private let strangers = FairQueue()

    public init(_ limits: DemultiplexerLimits = DemultiplexerLimits()) { self.limits = limits }

    /// Associations, and those of them that strangers began.
    public var count: Int { associations.count }
    public var strangerCount: Int { strangers.count }
    /// Endpoints that are bound.
    public var endpointCount: Int { byEndpoint.count }

    // MARK: Routing

    /// Who gets a datagram. Of one from a bound endpoint nothing but its first byte is read, unless it is a binding request.
    public func route(_ datagram: UnsafeRawBufferPointer, from remote: Endpoint) -> DatagramRoute {
        guard let first = datagram.first, let kind = DatagramKind(firstByte: first) else { return .nobody(.unknownKind) }
        let bound = byEndpoint[remote]
        guard kind == .stun, let request = BindingRequest(datagram) else {
            guard let bound else { return .nobody(.unknownRemote) }
            return .association(bound.id, kind)
        }
        // A binding request names whom it wants. Behind the endpoint of an old association may be a new one: of a peer that has begun
        // anew, or of another host to which a NAT has given the port.
        if let bound, bound.fragment == request.localFragment { return .association(bound.id, .stun) }
        if let named = byFragment[request.localFragment] { return .association(named.id, .stun) }
        return .listener(request)
    }

    // MARK: Associations

    /// Adds an association that this side dialled, or whose description came by signalling.
    /// - Parameter fragment: the ICE user name fragment that this side gave itself for it.
    public mutating func expect(_ id: UInt32, fragment: [UInt8]) throws(DemultiplexerError) {
        guard associations.count - strangers.count < limits.associations else {
            throw .tooManyAssociations(limit: limits.associations)
        }
        try add(id, fragment: fragment, isTrusted: true)
    }

    /// Adds an association that a stranger began by a binding request.
    /// - Returns: an association that had to go for it, if one had; it is removed already.
    public mutating func admit(_ id: UInt32, _ request: BindingRequest, from remote: Endpoint) throws(DemultiplexerError) -> UInt32? {
        try add(id, fragment: request.localFragment, isTrusted: false)
        let place = AddressKey.holder(remote.ip)
        var victim: UInt32?
        if strangers.count(of: place) >= limits.strangersPerPlace {
            victim = strangers.first(of: place)
        } else if strangers.count >= limits.strangers {
            victim = strangers.first
        }
        if let victim { remove(victim) }
        strangers.insert(id, of: place)
        return victim
    }

    private mutating func add(_ id: UInt32, fragment: [UInt8], isTrusted: Bool) throws(DemultiplexerError) {
        guard BindingRequest.fragmentLengths.contains(fragment.count) else { throw .badFragment }
        guard associations[id] == nil else { throw .associationInUse }
        guard byFragment[fragment] == nil else { throw .fragmentInUse }
        let association = DatagramAssociation(id, fragment: fragment, isTrusted: isTrusted)
        associations[id] = association
        byFragment[fragment] = association
    }

    /// The association has proven who its remote is: it is no stranger's any more.
    public mutating func trust(_ id: UInt32) throws(DemultiplexerError) {
        guard let association = associations[id] else { throw .unknownAssociation }
        guard !association.isTrusted else { return }
        guard associations.count - strangers.count < limits.associations else {
            throw .tooManyAssociations(limit: limits.associations)
        }
        association.isTrusted = true
        strangers.remove(id)
    }

    /// Datagrams from an endpoint are this association's from now on. One that is trusted takes the endpoint from others; a stranger does
    /// not, whose binding requests may come under anybody's address.
    public mutating func bind(_ id: UInt32, to remote: Endpoint) throws(DemultiplexerError) {
        guard let association = associations[id] else { throw .unknownAssociation }
        guard !association.holds(remote) else { return }
        if let other = byEndpoint[remote] {
            guard association.isTrusted else { throw .endpointInUse }
            other.forget(remote)
        }
        if association.endpoints.count >= limits.endpointsPerAssociation {
            byEndpoint[association.endpoints.removeFirst()] = nil
        }
        association.endpoints.append(remote)
        byEndpoint[remote] = association
    }

    /// Does nothing if it is not there.
    public mutating func remove(_ id: UInt32) {
        guard let association = associations.removeValue(forKey: id) else { return }
        byFragment[association.fragment] = nil
        for endpoint in association.endpoints { byEndpoint[endpoint] = nil }
        strangers.remove(id)
    }
}
