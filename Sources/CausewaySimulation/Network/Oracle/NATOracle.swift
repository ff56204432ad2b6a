/// Whether two hosts can reach each other without a relay, and what it takes.
public enum DirectPath: Sendable, Comparable {
    /// The first host reaches the second at an address that this one is seen under; the second need not do anything for it.
    case direct
    /// The second host reaches the first one so: asked through a relay, it dials back.
    case reversed
    /// Each lets the other in by sending at the same time, which a relay coordinates: a punched hole for datagrams, a simultaneous open for
    /// TCP.
    case holePunched
    /// There is none: only a relay helps.
    case none
}

/// Says for two hosts of a simulation which direct path there is, from what their routers are said to do.
///
/// It reads `NAT`, `Firewall` and who stands behind whom, no router's table: tests compare what packets do with it. Both hosts use one
/// port each, from which they have spoken with a server in the internet (the relay), and know of each other the own addresses and the
/// endpoint that the server saw. Datagram hosts answer whoever reaches them, and learn addresses by it, as in ICE (RFC 8445); TCP hosts
/// listen on their port and connect from it. Nobody guesses ports. Lines that lose everything, tables that are full and mappings that have
/// expired are not considered. Both ends of a TCP connection may turn out to be the one that dialled.
public enum NATOracle {
    /// The best path between two hosts, of those by IPv4 and IPv6.
    public static func path(from first: SimulatedHost, to second: SimulatedHost, over transport: TransportProtocol) -> DirectPath {
        let families = [4, 16].filter { size in [first, second].allSatisfy { $0.addresses.contains { $0.count == size } } }
        return families.map { path(first, second, transport, addressSize: $0) }.min() ?? .none
    }

    private static func path(
        _ first: SimulatedHost, _ second: SimulatedHost, _ transport: TransportProtocol, addressSize: Int
    ) -> DirectPath {
        func works(_ starters: [SimulatedHost]) -> Bool {
            var trial = PathTrial(first, second, transport, addressSize: addressSize)
            return transport == .udp ? trial.datagramsMeet(starters) : trial.connects(starters)
        }
        if works([first]) { return .direct }
        if works([second]) { return .reversed }
        return works([first, second]) ? .holePunched : .none
    }
}
