import CausewayIdentity

/// What connections to one listening socket may be, told apart by their first byte.
struct ListenKinds: OptionSet, Sendable {
    let rawValue: UInt8

    static let tcp = ListenKinds(rawValue: 1)
    static let webSocket = ListenKinds(rawValue: 2)
    static let secureWebSocket = ListenKinds(rawValue: 4)

    /// nil if a remote that begins so is none of them.
    func kind(firstByte: UInt8) -> ListenKinds? {
        // A TLS record of a handshake. No libp2p dialler begins so: its first byte is the length of "/multistream/1.0.0\n".
        if firstByte == 0x16, contains(.secureWebSocket) { return .secureWebSocket }
        if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(firstByte), contains(.webSocket) { return .webSocket }
        if contains(.tcp) { return .tcp }
        return contains(.webSocket) ? .webSocket : nil
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// nil for addresses on which this shell cannot listen.
    init?(_ address: Multiaddr) {
        guard case .ip? = address.host, address.port != nil, address.peerID == nil, !address.isCircuit else { return nil }
        switch address.transport {
        case .tcp: self = .tcp
        case .webSocket(let isSecure): self = isSecure ? .secureWebSocket : .webSocket
        default: return nil
        }
    }

    /// What is behind the port in addresses of this kind.
    func address(_ tcp: Multiaddr) -> Multiaddr {
        switch self {
        case .webSocket: tcp.appending(code: MultiaddrCode.ws, value: [])
        case .secureWebSocket: tcp.appending(code: MultiaddrCode.tls, value: []).appending(code: MultiaddrCode.ws, value: [])
        default: tcp
        }
    }
}

/// What an accepted socket brings along until its first byte: one object for all sockets of a listener.
final class Welcome: Sendable {
    let kinds: ListenKinds

    init(_ kinds: ListenKinds) { self.kinds = kinds }
}
