import CausewayConnection
import CausewayIdentity
import CausewayNode

/// What a router knows of the flows that pass it. It decides for each packet whether it passes, and under which address.
final class FlowTable {
    /// nil: a firewall, which leaves addresses as they are.
    private let nat: NAT?
    private let filtering: NAT.Behaviour
    private let expiry: FlowExpiry
    private let limits: RouterLimits
    /// The address of translated packets.
    private let address: [UInt8]
    private var random: RandomSource
    private var mappings: [PortMapping.Key: PortMapping] = [:]
    private var mappingsByOutside: [Outside: PortMapping] = [:]
    /// TCP connections by both endpoints as they are inside: each goes through one mapping only.
    private var connections: [SocketEndpoints: Flow] = [:]
    private var flowCount = 0
    /// The port that was given last, where one follows the other.
    private lazy var lastPort = random.below(Self.portCount)

    private struct Outside: Hashable {
        let transport: TransportProtocol
        let address: SimulatedAddress
    }

    init(_ nat: NAT, address: [UInt8], limits: RouterLimits, random: RandomSource) {
        self.nat = nat
        self.address = address
        self.limits = limits
        self.random = random
        filtering = nat.filtering
        expiry = nat.expiry
    }

    init(_ firewall: Firewall, limits: RouterLimits) {
        nat = nil
        address = []
        random = RandomSource(seed: 0)
        self.limits = limits
        filtering = firewall.filtering
        expiry = firewall.expiry
    }

    func mappingCount(now: Instant) -> Int { mappings.values.count { $0.isAlive(at: now) } }

    /// Forgets everything, as a router does that restarts.
    func forgetAll() {
        for mapping in mappings.values { for flow in mapping.flows.values { flow.forget() } }
        mappings = [:]
        mappingsByOutside = [:]
        connections = [:]
        flowCount = 0
    }

    /// Lets everybody come to a port, as a user can have it.
    func forward(_ port: UInt16, _ transport: TransportProtocol, to inside: SimulatedAddress) {
        let mapping = PortMapping(PortMapping.Key(transport: transport, inside: inside), outside: SimulatedAddress(ip: address, port: port))
        mapping.isForwarded = true
        mappings[mapping.key] = mapping
        mappingsByOutside[Outside(transport: transport, address: mapping.outside)] = mapping
    }

    // MARK: From inside

    func passOutwards(_ packet: inout SimulatedPacket, now: Instant) throws(PacketDrop) {
        let flow = try flow(outwards: packet, now: now)
        guard let mapping = flow.mapping else { throw .noMapping }
        flow.passed(packet.content, now: now)
        packet.source = mapping.outside
        if packet.transport == .tcp { packet.flows.append(flow) }
    }

    private func flow(outwards packet: SimulatedPacket, now: Instant) throws(PacketDrop) -> Flow {
        let endpoints = SocketEndpoints(local: packet.source, remote: packet.destination)
        if packet.transport == .tcp {
            // A connection's answers go out by the mapping that its SYN came to.
            if let flow = connections[endpoints], flow.isAlive(at: now) { return flow }
            guard packet.beginsFlow else { throw .noConnection }
        }
        let key = key(packet.transport, endpoints)
        if let flow = mappings[key]?.flow(with: endpoints.remote, now: now) { return flow }
        try makeRoom(now: now)
        return addFlow(to: try mapping(for: key, now: now), endpoints, beganInside: true)
    }

    private func key(_ transport: TransportProtocol, _ endpoints: SocketEndpoints) -> PortMapping.Key {
        var key = PortMapping.Key(transport: transport, inside: endpoints.local)
        switch nat?.mapping ?? .endpointIndependent {
        case .endpointIndependent: break
        case .addressDependent: key.remoteIP = endpoints.remote.ip
        case .addressAndPortDependent:
            key.remoteIP = endpoints.remote.ip
            key.remotePort = endpoints.remote.port
        }
        return key
    }

    private func mapping(for key: PortMapping.Key, now: Instant) throws(PacketDrop) -> PortMapping {
        if let mapping = mappings[key] {
            if mapping.isAlive(at: now) { return mapping }
            remove(mapping)
        }
        guard mappings.count < limits.mappings else { throw .tableFull }
        let mapping = PortMapping(key, outside: try outside(for: key, now: now))
        mappings[key] = mapping
        mappingsByOutside[Outside(transport: key.transport, address: mapping.outside)] = mapping
        return mapping
    }

    private func addFlow(to mapping: PortMapping, _ endpoints: SocketEndpoints, beganInside: Bool) -> Flow {
        if let expired = mapping.flows[endpoints.remote] { remove(expired, of: mapping) }
        flowCount += 1
        let flow = Flow(mapping, with: endpoints.remote, beganInside: beganInside, expiry: expiry)
        mapping.flows[endpoints.remote] = flow
        if mapping.key.transport == .tcp { connections[endpoints] = flow }
        return flow
    }

    // MARK: Ports

    /// Ports below are left to a router's own services.
    private static let firstPort: UInt16 = 1024
    private static let portCount = Int(UInt16.max - firstPort) + 1

    private func outside(for key: PortMapping.Key, now: Instant) throws(PacketDrop) -> SimulatedAddress {
        guard let nat else { return key.inside }
        let inside = key.inside.port
        if nat.ports == .preservation, let kept = free(inside, key.transport, now: now) { return kept }
        let start = nat.ports == .sequential ? lastPort + 1 : random.below(Self.portCount)
        for step in 0..<Self.portCount {
            let place = (start + step) % Self.portCount
            let port = Self.firstPort + UInt16(place)
            if nat.preservesParity, port % 2 != inside % 2 { continue }
            guard let found = free(port, key.transport, now: now) else { continue }
            if nat.ports == .sequential { lastPort = place }
            return found
        }
        throw .tableFull
    }

    private func free(_ port: UInt16, _ transport: TransportProtocol, now: Instant) -> SimulatedAddress? {
        let outside = SimulatedAddress(ip: address, port: port)
        if let holder = mappingsByOutside[Outside(transport: transport, address: outside)] {
            if holder.isAlive(at: now) { return nil }
            remove(holder)
        }
        return outside
    }

    // MARK: From outside

    func inside(of outside: SimulatedAddress, _ transport: TransportProtocol, now: Instant) -> SimulatedAddress? {
        guard let mapping = mappingsByOutside[Outside(transport: transport, address: outside)], mapping.isAlive(at: now) else { return nil }
        return mapping.key.inside
    }

    func passInwards(_ packet: inout SimulatedPacket, now: Instant) throws(PacketDrop) {
        let outside = Outside(transport: packet.transport, address: packet.destination)
        guard let mapping = mappingsByOutside[outside], mapping.isAlive(at: now) else { throw .noMapping }
        switch packet.content {
        case .datagram: try admitDatagram(from: packet.source, to: mapping, now: now)
        case .syn: packet.flows.append(try admitSYN(from: packet.source, to: mapping, now: now))
        case .synAck, .ack, .reset:
            guard let flow = mapping.flow(with: packet.source, now: now) else { throw .noConnection }
            flow.passed(packet.content, now: now)
        }
        packet.destination = mapping.key.inside
    }

    private func admitDatagram(from remote: SimulatedAddress, to mapping: PortMapping, now: Instant) throws(PacketDrop) {
        guard mapping.admits(remote, filtering, now: now) else { throw .filtered }
        guard let nat, nat.inboundRefresh else { return }
        mapping.flow(with: remote, now: now)?.refresh(now: now)
        mapping.keep(until: now + expiry.udp)
    }

    private func admitSYN(from remote: SimulatedAddress, to mapping: PortMapping, now: Instant) throws(PacketDrop) -> Flow {
        if let flow = mapping.flow(with: remote, now: now) {
            guard !flow.beganInside || nat?.supportsSimultaneousOpen ?? true else { throw .simultaneousOpen }
            flow.refresh(now: now)
            return flow
        }
        guard mapping.admits(remote, filtering, now: now) else { throw .filtered }
        let endpoints = SocketEndpoints(local: mapping.key.inside, remote: remote)
        if let flow = connections[endpoints], flow.isAlive(at: now) { throw .otherMapping }
        try makeRoom(now: now)
        let flow = addFlow(to: mapping, endpoints, beganInside: false)
        flow.refresh(now: now)
        return flow
    }

    // MARK: Forgetting

    /// For one more flow.
    private func makeRoom(now: Instant) throws(PacketDrop) {
        if mappings.count >= limits.mappings || flowCount >= limits.flows { removeExpired(now: now) }
        guard flowCount < limits.flows else { throw .tableFull }
    }

    private func removeExpired(now: Instant) {
        for mapping in Array(mappings.values) {
            if mapping.isAlive(at: now) {
                for flow in Array(mapping.flows.values) where !flow.isAlive(at: now) { remove(flow, of: mapping) }
            } else {
                remove(mapping)
            }
        }
    }

    private func remove(_ mapping: PortMapping) {
        for flow in Array(mapping.flows.values) { remove(flow, of: mapping) }
        mappings[mapping.key] = nil
        mappingsByOutside[Outside(transport: mapping.key.transport, address: mapping.outside)] = nil
    }

    private func remove(_ flow: Flow, of mapping: PortMapping) {
        mapping.flows[flow.remote] = nil
        flowCount -= 1
        let endpoints = SocketEndpoints(local: mapping.key.inside, remote: flow.remote)
        if connections[endpoints] === flow { connections[endpoints] = nil }
    }
}
