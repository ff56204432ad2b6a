// The parts of an address, and addresses made from others.

extension Multiaddr {
    /// The transport of the last hop.
    public enum Transport: Equatable, Sendable { case tcp, webSocket(secure: Bool), circuit, webRTC, webRTCDirect, quic, other }

    /// The records for which a name is looked up.
    public enum NameKind: UInt8, Sendable { case dns, dns4, dns6, dnsaddr }

    /// The beginning of an address: an IP address, or a name to look up.
    public enum Host: Equatable, Sendable {
        /// 4 or 16 bytes.
        case ip([UInt8])
        case name(kind: NameKind, [UInt8])
    }

    /// How far the host of an address can be reached.
    public enum Reach: UInt8, Sendable {
        case loopback, privateNetwork, linkLocal, `public`, name
        /// No host, or one that cannot be dialled (unspecified, multicast).
        case none

        /// Whether the address means another machine in another network.
        public var isLocal: Bool { rawValue <= Reach.linkLocal.rawValue }
    }

    public static func tcp(ip: [UInt8], port: UInt16) -> Multiaddr { address(ip: ip, MultiaddrCode.tcp, port: port) }

    /// The address `/ip4/<ip>/udp/<port>`, or `/ip6/...`. `ip` has 4 or 16 bytes.
    public static func udp(ip: [UInt8], port: UInt16) -> Multiaddr { address(ip: ip, MultiaddrCode.udp, port: port) }

    private static func address(ip: [UInt8], _ code: UInt32, port: UInt16) -> Multiaddr {
        precondition(ip.count == 4 || ip.count == 16, "an IP address has 4 or 16 bytes")
        var out: [UInt8] = []
        append(ip.count == 4 ? MultiaddrCode.ip4 : MultiaddrCode.ip6, ip, to: &out)
        append(code, [UInt8(port >> 8), UInt8(port & 0xff)], to: &out)
        return Multiaddr(unchecked: out)
    }

    /// The address `/webrtc`.
    public static var webRTC: Multiaddr { Multiaddr(unchecked: [0x99, 0x02]) }

    /// The address with one more component. The value must be valid for the protocol, and the protocol must be in the table.
    public func appending(code: UInt32, value: [UInt8] = []) -> Multiaddr {
        precondition(MultiaddrProtocol.of(code: code) != nil, "the code is not in the table")
        var out = bytes
        Self.append(code, value, to: &out)
        return Multiaddr(unchecked: out)
    }

    public func appending(_ peer: PeerID) -> Multiaddr { appending(code: MultiaddrCode.p2p, value: peer.bytes) }

    public func appending(_ other: Multiaddr) -> Multiaddr { Multiaddr(unchecked: bytes + other.bytes) }

    /// The peer id in the last component. nil: the address ends with another protocol.
    public var peerID: PeerID? {
        let last = lastComponent
        return last.code == MultiaddrCode.p2p ? PeerID(unchecked: last.value) : nil
    }

    /// The address without one `/p2p/…` at its end.
    public var withoutPeerID: Multiaddr {
        let last = lastComponent
        return last.code == MultiaddrCode.p2p ? part(0..<last.start) : self
    }

    public var isCircuit: Bool { has(MultiaddrCode.p2pCircuit) }

    /// The parts before and behind the last `/p2p-circuit`. nil: there is none. Either part may be empty.
    public func splitAtCircuit() -> (relay: Multiaddr, rest: Multiaddr)? {
        var split: Range<Int>?
        var reader = MultiaddrReader(bytes)
        while reader.advance() { if reader.code == MultiaddrCode.p2pCircuit { split = reader.start..<reader.end } }
        guard let split else { return nil }
        return (part(0..<split.lowerBound), part(split.upperBound..<bytes.count))
    }

    public var transport: Transport {
        var transport = Transport.other
        var isSecure = false
        var reader = MultiaddrReader(bytes)
        while reader.advance() {
            switch reader.code {
            case MultiaddrCode.tcp: transport = .tcp
            case MultiaddrCode.tls: isSecure = true
            case MultiaddrCode.ws: transport = .webSocket(secure: isSecure)
            case MultiaddrCode.wss: transport = .webSocket(secure: true)
            case MultiaddrCode.quicV1: transport = .quic
            case MultiaddrCode.webRTCDirect: transport = .webRTCDirect
            case MultiaddrCode.webRTC: transport = .webRTC
            case MultiaddrCode.p2pCircuit:
                transport = .circuit
                isSecure = false
            case MultiaddrCode.p2p, MultiaddrCode.ip4, MultiaddrCode.ip6, MultiaddrCode.ip6zone, MultiaddrCode.sni, MultiaddrCode.certhash,
                MultiaddrCode.noise, MultiaddrCode.httpPath, MultiaddrCode.dns, MultiaddrCode.dns4, MultiaddrCode.dns6,
                MultiaddrCode.dnsaddr:
                break
            default: transport = .other
            }
        }
        // TLS without WebSocket is none of the known transports.
        return transport == .tcp && isSecure ? .other : transport
    }

    /// The host of the first hop.
    public var host: Host? {
        var reader = MultiaddrReader(bytes)
        while reader.advance() {
            switch reader.code {
            case MultiaddrCode.ip4, MultiaddrCode.ip6: return .ip(reader.value)
            case MultiaddrCode.dns: return .name(kind: .dns, reader.value)
            case MultiaddrCode.dns4: return .name(kind: .dns4, reader.value)
            case MultiaddrCode.dns6: return .name(kind: .dns6, reader.value)
            case MultiaddrCode.dnsaddr: return .name(kind: .dnsaddr, reader.value)
            case MultiaddrCode.ip6zone: continue
            default: return nil
            }
        }
        return nil
    }

    /// The TCP or UDP port of the first hop.
    public var port: UInt16? {
        var reader = MultiaddrReader(bytes)
        while reader.advance(), reader.code != MultiaddrCode.p2pCircuit {
            if reader.code == MultiaddrCode.tcp || reader.code == MultiaddrCode.udp {
                let value = reader.value
                return UInt16(value[0]) << 8 | UInt16(value[1])
            }
        }
        return nil
    }

    /// The `/ip4/…/udp/…` or `/ip6/…/udp/…` at the beginning. nil: the address begins with something else, or its port is 0.
    public var datagramEndpoint: Multiaddr? {
        var reader = MultiaddrReader(bytes)
        guard reader.advance(), reader.code == MultiaddrCode.ip4 || reader.code == MultiaddrCode.ip6, reader.advance(),
            reader.code == MultiaddrCode.udp, reader.value != [0, 0]
        else { return nil }
        return part(0..<reader.end)
    }

    /// Whether both begin with the same component: the same IP address, or name.
    public func begins(as other: Multiaddr) -> Bool {
        var (mine, theirs) = (MultiaddrReader(bytes), MultiaddrReader(other.bytes))
        return mine.advance() && theirs.advance() && mine.code == theirs.code && mine.value == theirs.value
    }

    /// The name for which TLS asks the server.
    public var sni: [UInt8]? { first(MultiaddrCode.sni) }

    /// The address with `/tls/sni/<name>` in place of `/tls`, or `/tls/sni/<name>/ws` in place of `/wss`.
    public func naming(server name: [UInt8]) -> Multiaddr {
        var out: [UInt8] = []
        var reader = MultiaddrReader(bytes)
        while reader.advance() {
            let isSecure = reader.code == MultiaddrCode.tls || reader.code == MultiaddrCode.wss
            Self.append(isSecure ? MultiaddrCode.tls : reader.code, reader.value, to: &out)
            if isSecure { Self.append(MultiaddrCode.sni, name, to: &out) }
            if reader.code == MultiaddrCode.wss { Self.append(MultiaddrCode.ws, [], to: &out) }
        }
        return Multiaddr(unchecked: out)
    }

    /// The address with an IP address of 4 or 16 bytes in place of its first part, the host's name.
    public func replacingHost(by ip: [UInt8]) -> Multiaddr {
        var out: [UInt8] = []
        Self.append(ip.count == 4 ? MultiaddrCode.ip4 : MultiaddrCode.ip6, ip, to: &out)
        var reader = MultiaddrReader(bytes)
        _ = reader.advance()
        while reader.advance() { Self.append(reader.code, reader.value, to: &out) }
        return Multiaddr(unchecked: out)
    }

    /// The HTTP path of a WebSocket, decoded, as it was written, with or without a slash at its beginning.
    public var httpPath: [UInt8]? { first(MultiaddrCode.httpPath) }

    /// The address with these multihashes as the `/certhash`es behind `/webrtc-direct`, in place of others.
    public func naming(certificates multihashes: [[UInt8]]) -> Multiaddr {
        var out: [UInt8] = []
        var reader = MultiaddrReader(bytes)
        while reader.advance() {
            if reader.code != MultiaddrCode.certhash { Self.append(reader.code, reader.value, to: &out) }
            guard reader.code == MultiaddrCode.webRTCDirect else { continue }
            for multihash in multihashes { Self.append(MultiaddrCode.certhash, multihash, to: &out) }
        }
        return Multiaddr(unchecked: out)
    }

    /// The multihash of each certificate that may identify a server.
    public var certificateMultihashes: [[UInt8]] {
        var multihashes: [[UInt8]] = []
        var reader = MultiaddrReader(bytes)
        while reader.advance() { if reader.code == MultiaddrCode.certhash { multihashes.append(reader.value) } }
        return multihashes
    }

    /// The SHA-256 of the certificate that identifies a server, from the first `/certhash` of that kind. 32 bytes.
    public var certificateHash: [UInt8]? {
        var reader = MultiaddrReader(bytes)
        while reader.advance() {
            let value = reader.value
            if reader.code == MultiaddrCode.certhash, value.count == 34, value[0] == 0x12, value[1] == 0x20 {
                return [UInt8](copying: value, 2..<34)
            }
        }
        return nil
    }

    public var reach: Reach {
        switch host {
        case .none: .none
        case .name: .name
        case .ip(let bytes): bytes.count == 4 ? Self.reach(ip4: bytes, 0) : Self.reach(ip6: bytes)
        }
    }

    private func first(_ code: UInt32) -> [UInt8]? {
        var reader = MultiaddrReader(bytes)
        while reader.advance() { if reader.code == code { return reader.value } }
        return nil
    }

    private func has(_ code: UInt32) -> Bool { first(code) != nil }

    /// A reader at the last component.
    private var lastComponent: MultiaddrReader {
        var reader = MultiaddrReader(bytes)
        while reader.advance() {}
        return reader
    }

    /// Some whole components of the address.
    private func part(_ range: Range<Int>) -> Multiaddr { Multiaddr(unchecked: [UInt8](copying: bytes, range)) }

    private static func reach(ip4 bytes: [UInt8], _ start: Int) -> Reach {
        switch (bytes[start], bytes[start + 1]) {
        case (0, _), (224..., _): .none
        case (127, _): .loopback
        // The last range is between a carrier's NAT and its customers (RFC 6598).
        case (10, _), (172, 16...31), (192, 168), (100, 64...127): .privateNetwork
        case (169, 254): .linkLocal
        default: .public
        }
    }

    private static func reach(ip6 bytes: [UInt8]) -> Reach {
        if IPAddressText.isIPv4Mapped(bytes) { return reach(ip4: bytes, 12) }
        switch bytes[0] {
        case 0xff: return .none
        case 0xfc, 0xfd: return .privateNetwork
        case 0xfe where bytes[1] & 0xc0 == 0x80: return .linkLocal
        case 0: break
        default: return .public
        }
        for index in 1..<15 where bytes[index] != 0 { return .public }
        return bytes[15] == 1 ? .loopback : bytes[15] == 0 ? .none : .public
    }
}
