import CausewayConnection
import CausewayNode

/// What stands between hosts and the rest of the network: a NAT, a firewall, both (a home with IPv6), or neither.
///
///     let nat = NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
///     let carrier = simulation.addRouter("carrier", ip: [5, 1, 0, 1], nat: nat)
///     let home = simulation.addRouter("home", ip: [100, 64, 0, 2], nat: nat, behind: carrier)
///     let host = simulation.addHost("host", ip: [192, 168, 1, 2], behind: home)
///
/// It takes no time of its own: a host's `line` is the whole way to the middle of the network. What leaves is looked at when it is sent,
/// what comes in when it arrives, so that packets of two hosts can cross.
public final class SimulatedRouter {
    /// The name in traces.
    public let name: String
    /// What it does with IPv4; nil: addresses inside are the same outside.
    public let nat: NAT?
    /// What it does with packets that it does not translate; nil: all pass.
    public let firewall: Firewall?
    /// Its IPv4 address outside, which stands for all hosts inside; empty without NAT.
    public let address: [UInt8]
    /// Whether all UDP is dropped, in both directions.
    public var blocksUDP = false
    /// Whether hosts and routers inside cannot reach each other directly, as in a guests' network.
    public var isolatesHosts = false
    /// Packets that it dropped, by reason.
    public private(set) var drops: [PacketDrop: Int] = [:]

    let inside: NetworkSegment
    unowned let outside: NetworkSegment
    private unowned let simulation: Simulation
    private let translation: FlowTable?
    private let filter: FlowTable?

    init(
        _ simulation: Simulation, name: String, address: [UInt8], nat: NAT?, firewall: Firewall?, limits: RouterLimits,
        outside: NetworkSegment
    ) {
        self.simulation = simulation
        self.name = name
        self.address = address
        self.nat = nat
        self.firewall = firewall
        self.outside = outside
        inside = NetworkSegment()
        translation = nat.map { FlowTable($0, address: address, limits: limits, random: simulation.random("router \(name)")) }
        filter = firewall.map { FlowTable($0, limits: limits) }
        inside.router = self
    }

    /// How many mappings are alive: of its NAT, and endpoints that its firewall knows.
    public var mappingCount: Int { [translation, filter].reduce(0) { $0 + ($1?.mappingCount(now: simulation.now) ?? 0) } }

    /// Forgets all mappings, as a router does that restarts. TCP connections through it are silent from then on.
    public func restart() {
        simulation.note(name, "restarts")
        translation?.forgetAll()
        filter?.forgetAll()
    }

    /// Forwards a TCP port of its address to a host inside, as a user sets it up, until it restarts.
    public func forward(_ port: UInt16, to inside: SimulatedAddress) { translation?.forward(port, .tcp, to: inside) }

    /// Whether an address means something else outside than inside.
    func translates(_ ip: [UInt8]) -> Bool { nat != nil && ip.count == 4 }

    func passOutwards(_ packet: inout SimulatedPacket) throws(PacketDrop) {
        if blocksUDP, packet.transport == .udp { throw .udpBlocked }
        if packet.destination.ip == address, nat?.hairpinning == false { throw .notHairpinned }
        try table(for: packet)?.passOutwards(&packet, now: simulation.now)
    }

    func passInwards(_ packet: inout SimulatedPacket) throws(PacketDrop) {
        if blocksUDP, packet.transport == .udp { throw .udpBlocked }
        try table(for: packet)?.passInwards(&packet, now: simulation.now)
    }

    /// Where a packet from outside would go, filters aside; nil if nobody stands behind the address.
    func inside(of outside: SimulatedAddress, _ transport: TransportProtocol) -> SimulatedAddress? {
        guard translates(outside.ip) else { return outside }
        return translation?.inside(of: outside, transport, now: simulation.now)
    }

    private func table(for packet: SimulatedPacket) -> FlowTable? { translates(packet.source.ip) ? translation : filter }

    func dropped(_ packet: SimulatedPacket, _ reason: PacketDrop) {
        drops[reason, default: 0] += 1
        simulation.note(name, "drops a \(packet.label): \(reason.rawValue)")
    }
}

extension Simulation {
    /// Adds a router that translates IPv4.
    /// - Parameters:
    ///   - name: how traces call it.
    ///   - ip: its IPv4 address outside.
    ///   - nat: how it translates.
    ///   - firewall: what it does with IPv6; nil: all passes.
    ///   - limits: bounds of its tables.
    ///   - router: what it stands behind, such as a carrier's NAT; nil: the internet is outside.
    public func addRouter(
        _ name: String, ip: [UInt8], nat: NAT, firewall: Firewall? = nil, limits: RouterLimits = RouterLimits(),
        behind router: SimulatedRouter? = nil
    ) -> SimulatedRouter {
        let outside = router?.inside ?? network.internet
        let added = SimulatedRouter(
            self, name: name, address: ip, nat: nat, firewall: firewall, limits: limits, outside: outside)
        outside.add(.router(added), at: ip)
        network.routers.append(added)
        return added
    }

    /// Adds a router that translates nothing.
    /// - Parameters:
    ///   - name: how traces call it.
    ///   - firewall: what it does with packets of both families; nil: all pass.
    ///   - limits: bounds of its table.
    ///   - router: what it stands behind; nil: the internet is outside.
    public func addRouter(
        _ name: String, firewall: Firewall?, limits: RouterLimits = RouterLimits(), behind router: SimulatedRouter? = nil
    ) -> SimulatedRouter {
        let added = SimulatedRouter(
            self, name: name, address: [], nat: nil, firewall: firewall, limits: limits, outside: router?.inside ?? network.internet)
        network.routers.append(added)
        return added
    }
}
