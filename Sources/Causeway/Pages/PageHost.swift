import CausewayTLS

/// Under which name a page was asked for: a `Host` field without its port (RFC 9110 section 7.2).
enum PageHost: Equatable {
    case ip([UInt8])
    /// In lower case, without a dot at its end.
    case name(String)

    init(_ field: [UInt8]) {
        // The colons before a bracket are the address's own.
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

    /// Means the machine itself, whoever asks.
    var isLocal: Bool {
        switch self {
        case .ip(let ip): Multiaddr.tcp(ip: ip, port: 0).reach == .loopback
        case .name(let name): name == "localhost"
        }
    }
}

/// The names that a node goes by. Any other may have been made to point to it, for a page that reads with its visitor's rights what is not
/// for it (DNS rebinding); an address or `localhost` cannot be.
struct PageHosts: Sendable {
    private let names: Set<String>
    /// Whose names count as well.
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
