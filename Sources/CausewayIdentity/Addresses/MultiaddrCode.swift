/// The codes of multiaddr's protocols (multiformats/multiaddr, protocols.csv).
public enum MultiaddrCode {
    public static let ip4: UInt32 = 4
    public static let tcp: UInt32 = 6
    public static let dccp: UInt32 = 33
    public static let ip6: UInt32 = 41
    public static let ip6zone: UInt32 = 42
    public static let ipcidr: UInt32 = 43
    public static let dns: UInt32 = 53
    public static let dns4: UInt32 = 54
    public static let dns6: UInt32 = 55
    public static let dnsaddr: UInt32 = 56
    public static let sctp: UInt32 = 132
    public static let udp: UInt32 = 273
    public static let p2pWebRTCStar: UInt32 = 275
    public static let p2pWebRTCDirect: UInt32 = 276
    public static let p2pStardust: UInt32 = 277
    public static let webRTCDirect: UInt32 = 280
    public static let webRTC: UInt32 = 281
    public static let p2pCircuit: UInt32 = 290
    public static let udt: UInt32 = 301
    public static let utp: UInt32 = 302
    public static let unix: UInt32 = 400
    public static let p2p: UInt32 = 421
    public static let https: UInt32 = 443
    public static let onion: UInt32 = 444
    public static let onion3: UInt32 = 445
    public static let garlic64: UInt32 = 446
    public static let garlic32: UInt32 = 447
    public static let tls: UInt32 = 448
    public static let sni: UInt32 = 449
    public static let noise: UInt32 = 454
    public static let quic: UInt32 = 460
    public static let quicV1: UInt32 = 461
    public static let webTransport: UInt32 = 465
    public static let certhash: UInt32 = 466
    public static let ws: UInt32 = 477
    public static let wss: UInt32 = 478
    public static let p2pWebSocketStar: UInt32 = 479
    public static let http: UInt32 = 480
    public static let httpPath: UInt32 = 481
    public static let memory: UInt32 = 777
}

/// One row of the protocol table.
struct MultiaddrProtocol {
    /// The form of a value as text, and its length.
    enum Value: UInt8 {
        case none, ip4, ip6, port, cidr, name, path, peer, onion, onion3, garlic64, garlic32, certhash, httpPath, number

        /// The size of the value in bytes. nil: its length precedes it.
        var size: Int? {
            switch self {
            case .none: 0
            case .ip4: 4
            case .ip6: 16
            case .port: 2
            case .cidr: 1
            case .onion: 12
            case .onion3: 37
            case .number: 8
            case .name, .path, .peer, .garlic64, .garlic32, .certhash, .httpPath: nil
            }
        }
    }

    let code: UInt32
    let value: Value
    let name: StaticString

    // Inlined, so that the table is data and not code that makes it.
    @inline(__always)
    private init(_ code: UInt32, _ value: Value, _ name: StaticString) {
        self.code = code
        self.value = value
        self.name = name
    }

    var nameBytes: [UInt8] { [UInt8](utf8: name) }

    static func of(code: UInt32) -> MultiaddrProtocol? {
        for index in table.indices where table[index].code == code { return table[index] }
        return nil
    }

    /// The protocol with this name. `ipfs` is the old name of `p2p`.
    static func of(name: [UInt8]) -> MultiaddrProtocol? {
        for index in table.indices where table[index].isNamed(name) { return table[index] }
        return name == [0x69, 0x70, 0x66, 0x73] ? of(code: MultiaddrCode.p2p) : nil
    }

    private func isNamed(_ other: [UInt8]) -> Bool {
        guard other.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<other.count where other[index] != name.utf8Start[index] { return false }
        return true
    }

    private static let table: InlineArray<40, MultiaddrProtocol> = [
        .init(MultiaddrCode.ip4, .ip4, "ip4"),
        .init(MultiaddrCode.tcp, .port, "tcp"),
        .init(MultiaddrCode.p2p, .peer, "p2p"),
        .init(MultiaddrCode.p2pCircuit, .none, "p2p-circuit"),
        .init(MultiaddrCode.ip6, .ip6, "ip6"),
        .init(MultiaddrCode.udp, .port, "udp"),
        .init(MultiaddrCode.ws, .none, "ws"),
        .init(MultiaddrCode.dns, .name, "dns"),
        .init(MultiaddrCode.dns4, .name, "dns4"),
        .init(MultiaddrCode.dns6, .name, "dns6"),
        .init(MultiaddrCode.dnsaddr, .name, "dnsaddr"),
        .init(MultiaddrCode.tls, .none, "tls"),
        .init(MultiaddrCode.sni, .name, "sni"),
        .init(MultiaddrCode.wss, .none, "wss"),
        .init(MultiaddrCode.webRTCDirect, .none, "webrtc-direct"),
        .init(MultiaddrCode.webRTC, .none, "webrtc"),
        .init(MultiaddrCode.certhash, .certhash, "certhash"),
        .init(MultiaddrCode.quicV1, .none, "quic-v1"),
        .init(MultiaddrCode.webTransport, .none, "webtransport"),
        .init(MultiaddrCode.quic, .none, "quic"),
        .init(MultiaddrCode.http, .none, "http"),
        .init(MultiaddrCode.httpPath, .httpPath, "http-path"),
        .init(MultiaddrCode.https, .none, "https"),
        .init(MultiaddrCode.noise, .none, "noise"),
        .init(MultiaddrCode.ip6zone, .name, "ip6zone"),
        .init(MultiaddrCode.ipcidr, .cidr, "ipcidr"),
        .init(MultiaddrCode.unix, .path, "unix"),
        .init(MultiaddrCode.memory, .number, "memory"),
        .init(MultiaddrCode.dccp, .port, "dccp"),
        .init(MultiaddrCode.sctp, .port, "sctp"),
        .init(MultiaddrCode.udt, .none, "udt"),
        .init(MultiaddrCode.utp, .none, "utp"),
        .init(MultiaddrCode.onion, .onion, "onion"),
        .init(MultiaddrCode.onion3, .onion3, "onion3"),
        .init(MultiaddrCode.garlic64, .garlic64, "garlic64"),
        .init(MultiaddrCode.garlic32, .garlic32, "garlic32"),
        .init(MultiaddrCode.p2pWebSocketStar, .none, "p2p-websocket-star"),
        .init(MultiaddrCode.p2pStardust, .none, "p2p-stardust"),
        .init(MultiaddrCode.p2pWebRTCStar, .none, "p2p-webrtc-star"),
        .init(MultiaddrCode.p2pWebRTCDirect, .none, "p2p-webrtc-direct"),
    ]
}
