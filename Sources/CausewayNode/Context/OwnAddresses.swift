import CausewayConnection
public import CausewayIdentity

/// This node's addresses, and the one rule for who learns which of them.
///
/// | audience | learns |
/// |---|---|
/// | a connected peer in this node's networks, and the application (`identify`) | direct addresses, circuits, circuits with `/webrtc` |
/// | a connected peer elsewhere (`abroad`) | the same, without those of this machine and its network if there are others |
/// | subscribers of a discovery topic (`discovery`) | what peers elsewhere learn, as many as a peer remembers |
/// | a peer that the node reserves for (`reservation`) | the direct addresses among those |
///
/// What has to speak for an address before it is advertised depends on its source:
///
/// | source | advertised |
/// |---|---|
/// | announced | always: the user knows better |
/// | bound | unless addresses are announced, or others did not reach the node there |
/// | mapped | if others reached the node there: routers promise much |
/// | observed | unless addresses are announced; if others reached the node there, or peers in enough networks see it there |
/// | inferred | unless addresses are announced; if others reached the node there |
/// | reservation | until it ends |
///
/// An address that expires is forgotten. All protocols are notified of changes.
public final class OwnAddresses: NodeProtocol {
    /// Who learns addresses, and how: by identify, on a discovery topic, or with a reservation here.
    public enum Audience: UInt8, Sendable { case identify, abroad, discovery, reservation }

    private let limits: NodeLimits
    /// By kind. Whoever sets addresses of a kind bounds their number.
    private(set) var all: [OwnAddress] = []
    /// What stands behind a circuit's address that leads to a direct connection.
    var upgradeForms: [Multiaddr] = []

    public init(announced: [Multiaddr] = [], limits: NodeLimits = NodeLimits()) {
        self.limits = limits
        for address in announced { all.append(OwnAddress(address, .announced)) }
    }

    /// Without `/p2p/<self>`.
    public func advertised(for audience: Audience) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        if audience == .reservation {
            for address in travelling(direct, audience) where !address.isCircuit { addresses.append(address) }
            return addresses
        }
        #if hasFeature(Embedded)
            addresses = shown { _ in true }
            let circuits = self.circuits
        #else
            let circuits = travelling(self.circuits, audience)
            addresses = travelling(direct, audience) + circuits
        #endif
        for form in upgradeForms { for circuit in circuits { addresses.append(circuit.appending(form)) } }
        while audience == .discovery, addresses.count > limits.addressesPerPeer { addresses.removeLast() }
        return addresses
    }

    /// Those at which others reach this node without a reservation.
    public var direct: [Multiaddr] { shown { $0 != .reservation } }

    /// Those of reservations.
    public var circuits: [Multiaddr] { shown { $0 == .reservation } }

    @inline(never)
    private func shown(_ isWanted: (OwnAddress.Kind) -> Bool) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        for one in all where isWanted(one.kind) && isShown(one, after: addresses) { addresses.append(one.address) }
        return addresses
    }

    // MARK: Changes

    /// Replaces the addresses of one kind. Each counts once. The verdict on an address that stays is kept.
    public func replace(_ kind: OwnAddress.Kind, by addresses: [OwnAddress], in node: NodeContext) {
        var new: [OwnAddress] = []
        for one in all where one.kind.rawValue < kind.rawValue { new.append(one) }
        let others = new.count
        for one in addresses {
            var isNew = true
            for index in others..<new.count where new[index].address == one.address { isNew = false }
            guard isNew else { continue }
            new.append(judged(one))
        }
        for one in all where one.kind.rawValue > kind.rawValue { new.append(one) }
        set(new, in: node)
    }

    /// What others found when they dialled an address.
    public func judge(_ address: Multiaddr, _ verdict: OwnAddress.Verdict, in node: NodeContext) {
        var new: [OwnAddress] = []
        for one in all { new.append(one.address == address ? OwnAddress(address, one.source, verdict) : one) }
        set(new, in: node)
    }

    @inline(never)
    func set(_ new: [OwnAddress], in node: NodeContext) {
        let before = advertised(for: .identify)
        #if !hasFeature(Embedded)
            let states = states
            let old = all
        #endif
        all = new
        if advertised(for: .identify) != before { node.wishes.append(.addressesChanged) }
        #if !hasFeature(Embedded)
            tellChanges(since: states, old, in: node)
        #endif
    }
}
