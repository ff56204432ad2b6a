import CausewayConnection
import CausewayIdentity

/// What stands for an inside endpoint outside, and the remotes that it was used with. At a firewall both endpoints are the same.
final class PortMapping {
    let key: Key
    let outside: SimulatedAddress
    /// By remote endpoint: these are what filters look at.
    var flows: [SimulatedAddress: Flow] = [:]
    /// What comes in may keep it, though nothing went out.
    private var keptUntil = Instant(nanoseconds: 0)
    /// It was set up by hand: it stays, and lets everybody in.
    var isForwarded = false

    /// What a router finds a mapping by when a packet comes from inside.
    struct Key: Hashable {
        let transport: TransportProtocol
        let inside: SimulatedAddress
        /// Empty if the mapping is for all remotes.
        var remoteIP: [UInt8] = []
        /// 0 if it is for all ports of an address.
        var remotePort: UInt16 = 0
    }

    init(_ key: Key, outside: SimulatedAddress) {
        self.key = key
        self.outside = outside
    }

    func isAlive(at now: Instant) -> Bool { isForwarded || now < keptUntil || flows.values.contains { $0.isAlive(at: now) } }
    func keep(until moment: Instant) { keptUntil = moment }

    /// The flow with a remote, unless it has expired.
    func flow(with remote: SimulatedAddress, now: Instant) -> Flow? {
        guard let flow = flows[remote], flow.isAlive(at: now) else { return nil }
        return flow
    }

    /// Whether a filter lets in a remote, because of what has passed outwards.
    func admits(_ remote: SimulatedAddress, _ filtering: NAT.Behaviour, now: Instant) -> Bool {
        switch filtering {
        case _ where isForwarded: true
        case .endpointIndependent: true
        case .addressDependent: flows.values.contains { $0.remote.ip == remote.ip && $0.isAlive(at: now) }
        case .addressAndPortDependent: flow(with: remote, now: now) != nil
        }
    }
}

/// A mapping's use with one remote: a hole in the filter for datagrams, or a TCP connection.
final class Flow {
    let remote: SimulatedAddress
    /// Whether the first packet came from inside.
    let beganInside: Bool
    private(set) weak var mapping: PortMapping?
    private let expiry: FlowExpiry
    private var phase: Phase
    private var expires: Instant

    private enum Phase { case datagrams, transitory, established }

    init(_ mapping: PortMapping, with remote: SimulatedAddress, beganInside: Bool, expiry: FlowExpiry) {
        self.mapping = mapping
        self.remote = remote
        self.beganInside = beganInside
        self.expiry = expiry
        phase = mapping.key.transport == .udp ? .datagrams : .transitory
        expires = Instant(nanoseconds: 0)
    }

    func isAlive(at now: Instant) -> Bool { now < expires }

    /// Something passed: its time begins anew.
    func refresh(now: Instant) {
        let interval =
            switch phase {
            case .datagrams: expiry.udp
            case .transitory: expiry.tcpTransitory
            case .established: expiry.tcpEstablished
            }
        expires = now + interval
    }

    /// A packet of the connection's set-up passed.
    func passed(_ content: SimulatedPacket.Content, now: Instant) {
        switch content {
        case .synAck, .ack: phase = .established
        case .reset: phase = .transitory
        case .datagram, .syn: break
        }
        refresh(now: now)
    }

    /// The connection is over.
    func close(now: Instant) {
        phase = .transitory
        if isAlive(at: now) { refresh(now: now) }
    }

    /// The router has lost its memory.
    func forget() { expires = Instant(nanoseconds: 0) }
}
