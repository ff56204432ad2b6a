import CausewayIdentity

// A candidate as SDP and signalling write it (RFC 8839, section 5.1):
//
//     candidate:1 1 udp 2130706431 198.51.100.1 5000 typ host
//     candidate:2 1 udp 1694498815 203.0.113.9 6000 typ srflx raddr 198.51.100.1 rport 5000 ufrag aBcD

extension ICECandidate {
    /// Reads a line with or without `a=`. nil: it is none, or of a kind that we do not know. Extensions that we do not know are skipped.
    public init?(line: UnsafeRawBufferPointer) {
        guard line.count <= SDPLimits.candidateSize else { return nil }
        let whole = SDPLine(bytes: line)
        guard let text = (whole.value(after: "a=") ?? whole).value(after: "candidate:") else { return nil }
        var words = text.words
        guard let foundation = words.next(), (1...32).contains(foundation.bytes.count), let component = words.next()?.number(limit: 256),
            component > 0, let transport = words.next(), let priority = words.next()?.number(limit: UInt64(UInt32.max)),
            let host = words.next(), let port = words.next()?.number(limit: 65_535), words.next()?.isEqual("typ") == true,
            let kind = words.next().flatMap(Kind.init), let address = Address(host, UInt16(port))
        else { return nil }
        self.init(foundation: foundation.copy, priority: UInt32(priority), address: address, kind: kind)
        self.component = UInt16(component)
        self.transport = transport.isEqual("udp") ? .udp : transport.isEqual("tcp") ? .tcp : .other
        readExtensions(&words)
    }

    /// The line without `a=`, as browsers hand it to signalling. Only candidates for UDP and component 1 are written.
    public var line: [UInt8] {
        var text = [UInt8](utf8: "candidate:")
        text += foundation
        text += [UInt8](utf8: " 1 udp ")
        DecimalText.append(UInt64(priority), to: &text)
        text.append(UInt8(ascii: " "))
        switch address {
        case .endpoint(let endpoint): Self.append(endpoint, port: " ", to: &text)
        case .name(let name, let port):
            text += name
            text.append(UInt8(ascii: " "))
            DecimalText.append(UInt64(port), to: &text)
        }
        text += [UInt8](utf8: " typ ")
        text += [UInt8](utf8: kind.name)
        if let related {
            text += [UInt8](utf8: " raddr ")
            Self.append(related, port: " rport ", to: &text)
        }
        if let fragment {
            text += [UInt8](utf8: " ufrag ")
            text += fragment
        }
        return text
    }

    private static func append(_ endpoint: Endpoint, port: StaticString, to text: inout [UInt8]) {
        text += IPAddressText.text(endpoint.ip)
        text += [UInt8](utf8: port)
        DecimalText.append(UInt64(endpoint.port), to: &text)
    }

    private mutating func readExtensions(_ words: inout SDPWords) {
        var relatedHost: [UInt8]?
        while let name = words.next(), let value = words.next() {
            if name.isEqual("raddr") {
                relatedHost = IPAddressText.ipv4(value.copy) ?? IPAddressText.ipv6(value.copy)
            } else if name.isEqual("rport"), let relatedHost, let port = value.number(limit: 65_535) {
                related = Endpoint(ip: relatedHost, port: UInt16(port))
            } else if name.isEqual("ufrag"), ICECredentials.fragmentLengths.contains(value.bytes.count) {
                fragment = value.copy
            }
        }
    }
}

extension ICECandidate.Kind {
    fileprivate init?(_ word: SDPLine) {
        for kind in [Self.host, .serverReflexive, .peerReflexive, .relayed] where word.isEqual(kind.name) {
            self = kind
            return
        }
        return nil
    }

    fileprivate var name: StaticString {
        switch self {
        case .host: "host"
        case .serverReflexive: "srflx"
        case .peerReflexive: "prflx"
        case .relayed: "relay"
        }
    }
}

extension ICECandidate.Address {
    /// An IP address without a zone, or a host name.
    fileprivate init?(_ host: SDPLine, _ port: UInt16) {
        let text = host.copy
        guard text.count <= 253 else { return nil }
        if let ip = IPAddressText.ipv4(text) ?? IPAddressText.ipv6(text) {
            guard let endpoint = Endpoint(ip: ip, port: port) else { return nil }
            self = .endpoint(endpoint)
            return
        }
        for byte in text where byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".") {
            guard ICECredentials.isCharacter(byte), byte != UInt8(ascii: "+"), byte != UInt8(ascii: "/") else { return nil }
        }
        self = .name(text, port: port)
    }
}
