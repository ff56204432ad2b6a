import CausewayTLS

/// The host name of a request: its `Host` field without the port (RFC 9110 section 7.2).
enum PageHost: Equatable {
    case ip([UInt8])
    /// In lower case, without a dot at the end.
    case name(String)

    init(_ field: [UInt8]) {
        // The colons before a closing bracket belong to an IPv6 address.
        let last = field.lastIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "]") }
        let host = last.map { field[$0] == UInt8(ascii: ":") ? Array(field[..<$0]) : field } ?? field
        if let ip = IPAddressText.ipv4(host) {
            self = .ip(ip)
        } else if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]"),
            let ip = IPAddressText.ipv6(Array(host[1..<(host.count - 1)]))
        {
            self = .ip(ip)
        } else {
            self = .name(Self.canonical(String(decoding: host, as: UTF8.self)))
        }
    }

    static func canonical(_ name: String) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    /// Whether the name means the machine itself, whoever uses it.
    var isLocal: Bool {
        switch self {
        case .ip(let ip): Multiaddr.tcp(ip: ip, port: 0).reach == .loopback
        case .name(let name): name == "localhost"
        }
    }
}

/// The host names that belong to a node. An attacker can point any other name to this node, so that a page of the attacker reads the node's
/// status with its visitor's access (DNS rebinding). That cannot be done with an IP address or `localhost`.
struct PageHosts: Sendable {
    private let names: Set<String>
    /// The names in this certificate belong to the node as well.
    var certificate: TLSServerContext?

    init(_ configuration: Configuration) {
        let announced = configuration.announce.compactMap { address in
            if case .name(_, let name)? = address.host { String(decoding: name, as: UTF8.self) } else { nil }
        }
        names = Set((configuration.pageHosts + announced).map(PageHost.canonical))
    }

    func contains(_ host: PageHost) -> Bool {
        switch host {
        case .ip: true
        case .name(let name): host.isLocal || names.contains(name) || certificate?.isFor(name) == true
        }
    }
}
