import CausewayConnection
import CausewayNode

/// All hosts and routers of a simulation, and the packets between them.
///
/// A packet passes the routers of its sender when it is sent and those of its receiver when it arrives: in between it is on its way, and
/// two packets can cross.
final class SimulatedNetwork {
    let internet = NetworkSegment()
    var hosts: [SimulatedHost] = []
    var routers: [SimulatedRouter] = []
    var names = SimulatedNames()
    private var linksMade: UInt64 = 0
    private unowned let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func makeLink(from host: SimulatedHost, _ dialler: SocketEndpoints, to far: SimulatedHost, _ listener: SocketEndpoints) -> SimulatedLink
    {
        linksMade += 1
        simulation.note(host.name, "connects to \(far.name) port \(listener.local.port)")
        return SimulatedLink(simulation, number: linksMade, from: host, dialler, to: far, listener)
    }

    // MARK: Packets

    func send(_ packet: SimulatedPacket) {
        var packet = packet
        let host = packet.sender
        guard let segment = leave(&packet) else { return }
        let far = receiver(of: packet, from: segment)
        // Who cannot be found yet may be there when it arrives, by a line like the sender's.
        let path = host.line.path(to: (far ?? host).line)
        guard packet.size <= path.mtu else { return drop(packet, .tooLarge) }
        guard let delay = host.departures.delay(of: packet, over: path, to: far) else { return drop(packet, .queueFull) }
        let arrivals = host.departures.arrivals(after: delay, over: path)
        if arrivals.isEmpty { drop(packet, .lost) }
        for arrival in arrivals { simulation.schedule(after: arrival) { [self] in arrive(packet, in: segment) } }
    }

    /// Outwards through routers, up to the network in which the destination's address is known.
    private func leave(_ packet: inout SimulatedPacket) -> NetworkSegment? {
        var segment = packet.sender.segment
        var last: AnyObject = packet.sender
        while true {
            if let neighbour = segment.neighbour(at: packet.destination.ip) {
                guard let router = segment.router, router.isolatesHosts, neighbour.object !== last else { return segment }
                router.dropped(packet, .isolated)
                return nil
            }
            guard let router = segment.router else {
                drop(packet, .noRoute)
                return nil
            }
            do { try router.passOutwards(&packet) } catch {
                router.dropped(packet, error)
                return nil
            }
            last = router
            segment = router.outside
        }
    }

    /// Inwards through the receiver's routers.
    private func arrive(_ packet: SimulatedPacket, in segment: NetworkSegment) {
        var packet = packet
        var segment = segment
        while true {
            switch segment.neighbour(at: packet.destination.ip) {
            case nil: return drop(packet, .noRoute)
            case .host(let host):
                do { try host.receive(packet) } catch { drop(packet, error) }
                return
            case .router(let router):
                do { try router.passInwards(&packet) } catch { return router.dropped(packet, error) }
                segment = router.inside
            }
        }
    }

    /// Whose line a packet arrives by, as far as routers know by now. Nothing changes.
    private func receiver(of packet: SimulatedPacket, from segment: NetworkSegment) -> SimulatedHost? {
        var destination = packet.destination
        var segment = segment
        while case .router(let router) = segment.neighbour(at: destination.ip) {
            guard let inside = router.inside(of: destination, packet.transport) else { return nil }
            destination = inside
            segment = router.inside
        }
        if case .host(let host) = segment.neighbour(at: destination.ip) { return host }
        return nil
    }

    /// Datagrams that get lost are on record; of what sets up a connection, the attempt tells.
    private func drop(_ packet: SimulatedPacket, _ reason: PacketDrop) {
        guard packet.transport == .udp else { return }
        simulation.note(packet.sender.name, "loses a \(packet.label): \(reason.rawValue)")
    }
}

extension Simulation {
    var network: SimulatedNetwork { companion { SimulatedNetwork(self) } }

    /// All hosts, in the order in which they were added.
    public var hosts: [SimulatedHost] { network.hosts }

    /// The names that the hosts' resolvers know.
    public var names: SimulatedNames {
        get { network.names }
        set { network.names = newValue }
    }

    /// Adds a machine.
    /// - Parameters:
    ///   - name: how traces and failures call it.
    ///   - ip: its address, 4 or 16 bytes.
    ///   - others: further addresses, such as an IPv6 one.
    ///   - line: latency and bandwidth of its own line to the net.
    ///   - router: what it stands behind; nil: it is in the internet. Addresses behind a NAT need to be unique there only.
    public func addHost(
        _ name: String, ip: [UInt8], others: [[UInt8]] = [], line: LineConditions = LineConditions(),
        behind router: SimulatedRouter? = nil
    ) -> SimulatedHost {
        let segment = router?.inside ?? network.internet
        let host = SimulatedHost(self, name: name, addresses: [ip] + others, line: line, segment: segment)
        network.hosts.append(host)
        for address in host.addresses { segment.add(.host(host), at: address) }
        return host
    }
}
