import CausewayNode

/// What `Node.check` found out, before anything is concluded from it.
public struct CheckFacts: Sendable, Equatable {
    /// Bound: own addresses that are reported.
    static let ownAddresses = 32

    /// What this machine's network does over IPv4 and over IPv6.
    public var ipv4 = FamilyFacts()
    public var ipv6 = FamilyFacts()
    /// The relays, in the order in which they were named.
    public var relays: [RelayFacts] = []
    /// What the gateway of this machine's network offers. nil: it was not asked.
    public var gateway: GatewayFacts?
    /// Under which addresses others reach this node or might, and why they are told of them, or not (`Node.ownAddresses`).
    public var ownAddresses: [OwnAddressState] = []
    /// The peer that was asked about. nil: nobody was.
    public var peer: PeerFacts?
    /// How long it all took.
    public var took = Interval(nanoseconds: 0)

    public init() {}
}

/// What a machine's network does with one address family.
public struct FamilyFacts: Sendable, Equatable {
    /// The address from which this machine reaches others. nil: it has none of this family, or no way to others.
    public var source: [UInt8]?
    /// The UDP socket from which STUN servers were asked. nil: none was.
    public var socket: Endpoint?
    /// What they answered.
    public var answers: [STUNAnswer] = []
    /// Whether the NAT sends datagrams back in that are meant for its own public endpoints. nil: unknown, or there is no NAT.
    public var hairpins: Bool?
    /// How many addresses were tried over TCP, and how many of them accepted the connection.
    public var tcpTried = 0
    public var tcpAccepted = 0

    public init() {}

    /// Where others see the socket. nil: nobody answered.
    public var mapped: Endpoint? { telling.first?.mapped }
    /// How the NATs before this machine map the socket. nil: nobody answered.
    public var mapping: NATMapping? {
        socket.flatMap { socket in NATMapping(of: socket, telling.compactMap { answer in answer.mapped.map { (answer.server, $0) } }) }
    }
    /// Whether datagrams were sent, and nothing came back.
    public var isSilent: Bool { !answers.isEmpty && mapped == nil }
    /// Whether nobody answered but machines in this machine's own network, so that nothing is known of the way to others.
    public var isLocal: Bool { mapped.map { $0.isLocal } ?? false }

    /// The answers that count: from outside of this machine's own network, if there are any.
    private var telling: [STUNAnswer] {
        let answered = answers.filter { $0.mapped != nil }
        let outside = answered.filter { !$0.server.isLocal }
        return outside.isEmpty ? answered : outside
    }
    /// Whether there is a NAT. nil: nobody answered.
    public var isTranslated: Bool? { mapping.map { $0 != .none } }
}

/// What became of a relay.
public struct RelayFacts: Sendable, Equatable {
    /// What came of asking for a reservation.
    public enum Place: Sendable, Equatable {
        /// The relay could not be asked, or the time was over before it answered.
        case notAnswered
        case granted(Reservation)
        case refused(ReservationError)
    }

    /// Bound: servers that a relay can have a check ask.
    static let stunServers = 4

    public let address: Multiaddr
    /// The attempts to reach it that failed. Empty and no connection: nothing came back in time.
    public var failures: [DialOutcome] = []
    /// nil: it was not reached.
    public var connection: Connection?
    /// How long it took to connect.
    public var connectedIn: Interval?
    /// The round-trip time by libp2p's ping.
    public var roundTrip: Interval?
    /// What the relay says about itself. nil: it has not said it in time.
    public var info: PeerInfo?
    public var place = Place.notAnswered

    public init(_ address: Multiaddr) { self.address = address }

    /// The STUN servers at the relay's own addresses that it offers (docs/stun.md).
    public var stunServers: [Endpoint] {
        guard let info, let connection, info.protocolIDsUTF8.contains(STUNService.protocolID) else { return [] }
        var servers: [Endpoint] = []
        for address in info.listenAddresses + [connection.remoteAddress] where address.transport == .webRTCDirect && !address.isCircuit {
            // Others could be anybody's, and a relay must not choose whom this machine asks in its own network.
            guard address.reach == .public || address.begins(as: connection.remoteAddress), let server = address.endpoint else { continue }
            if !servers.contains(server), servers.count < Self.stunServers { servers.append(server) }
        }
        return servers
    }

    /// Whether the relay's clock and this machine's disagree: a place that was granted ends in this machine's past.
    func isClockWrong(now unixSeconds: Int64) -> Bool {
        if case .granted(let reservation) = place { reservation.expires <= UInt64(clamping: unixSeconds) } else { false }
    }
}

/// What the gateway of this machine's network says.
public struct GatewayFacts: Sendable, Equatable {
    /// Its address in the network. 4 bytes.
    public var address: [UInt8]
    /// By which protocols it forwards ports: `PCP`, `NAT-PMP`, `UPnP`. Empty: by none.
    public var mapsBy: [String]
    /// Its own address on the other side, as it says. nil: it does not say.
    public var external: [UInt8]?

    public init(address: [UInt8], mapsBy: [String], external: [UInt8]?) {
        self.address = address
        self.mapsBy = mapsBy
        self.external = external
    }
}

/// What became of a peer that was asked about.
public struct PeerFacts: Sendable, Equatable {
    public let peer: PeerID
    /// Every path that was tried, in the order in which the attempts ended.
    public var attempts: [DialOutcome] = []
    /// How far an attempt by WebRTC had come that still went on at the end of the check. Where there is a path, it is found within a second
    /// or two. nil: none went on.
    public var pending: PeerConnectionReport?
    /// The best connection at the end. nil: there was none.
    public var connection: Connection?
    /// What the peer says about itself. nil: it has not said it in time.
    public var info: PeerInfo?

    public init(_ peer: PeerID) { self.peer = peer }

    /// Whether the peer offers a way from a relayed connection to a direct one. nil: it has not said.
    public var offersUpgrade: Bool? {
        info.map { info in info.protocolIDs.contains { Self.upgrades.contains($0) } }
    }

    /// The protocols by which a relayed connection becomes a direct one.
    static let upgrades = ["/webrtc-signaling/0.0.1", "/libp2p/dcutr"]
}

extension Endpoint {
    /// Whether it lies in a private network, or in this machine.
    var isLocal: Bool { Multiaddr.udp(ip: ip, port: port).reach.isLocal }
}

extension Multiaddr {
    /// The IP address and port at the beginning. nil: it begins with something else.
    var endpoint: Endpoint? {
        guard case .ip(let ip)? = host, let port, port != 0 else { return nil }
        return Endpoint(ip: ip, port: port)
    }
}
