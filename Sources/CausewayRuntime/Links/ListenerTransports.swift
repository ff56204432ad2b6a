import CausewayIdentity

/// The protocols that connections to one listening socket may speak. The first byte distinguishes them.
struct ListenKinds: OptionSet, Sendable {
    let rawValue: UInt8

    static let tcp = ListenKinds(rawValue: 1)
    static let webSocket = ListenKinds(rawValue: 2)
    static let secureWebSocket = ListenKinds(rawValue: 4)

    /// nil: no protocol of these begins so.
    func kind(firstByte: UInt8) -> ListenKinds? {
        // A TLS record of a handshake. No libp2p dialler begins so: its first byte is the length of "/multistream/1.0.0\n".
        if firstByte == 0x16, contains(.secureWebSocket) { return .secureWebSocket }
        if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(firstByte), contains(.webSocket) { return .webSocket }
        if contains(.tcp) { return .tcp }
        return contains(.webSocket) ? .webSocket : nil
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// nil: this shell cannot listen on such an address.
    init?(_ address: Multiaddr) {
        guard case .ip? = address.host, address.port != nil, address.peerID == nil, !address.isCircuit else { return nil }
        switch address.transport {
        case .tcp: self = .tcp
        case .webSocket(let isSecure): self = isSecure ? .secureWebSocket : .webSocket
        default: return nil
        }
    }

    /// The address of this kind behind a port.
    func address(_ tcp: Multiaddr) -> Multiaddr {
        switch self {
        case .webSocket: tcp.appending(code: MultiaddrCode.ws, value: [])
        case .secureWebSocket: tcp.appending(code: MultiaddrCode.tls, value: []).appending(code: MultiaddrCode.ws, value: [])
        default: tcp
        }
    }
}

/// One of the protocols of a listening socket, as it was asked for. A server of WebSockets takes all paths; the one under which a proxy
/// leads others here is part of the address.
struct Spoken: Equatable, Sendable {
    let kind: ListenKinds
    let path: [UInt8]?

    /// The address behind a port.
    func address(_ tcp: Multiaddr) -> Multiaddr {
        let address = kind.address(tcp)
        return path.map { address.appending(code: MultiaddrCode.httpPath, value: $0) } ?? address
    }
}

/// What an accepted socket knows until its first byte arrives: one object for all sockets of a listener.
final class ListenerTransports: Sendable {
    let kinds: ListenKinds

    init(_ kinds: ListenKinds) { self.kinds = kinds }
}
