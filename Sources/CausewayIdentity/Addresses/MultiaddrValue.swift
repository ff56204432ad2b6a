/// Converts one component's value between text and bytes.
enum MultiaddrValue {
    /// The bytes of a text, without a length before them.
    static func parse(_ text: [UInt8], as kind: MultiaddrProtocol.Value) throws(MultiaddrError.Reason) -> [UInt8] {
        guard !text.isEmpty else { throw .missingValue }
        if kind == .peer {
            do throws(PeerIDError) { return try PeerID(text: text).bytes } catch { throw .badPeerID(error) }
        }
        guard let value = decoded(text, as: kind) else { throw kind.refusal }
        return try checked(value, as: kind)
    }

    /// The bytes in the single form that we store, or the reason why they are not such a value.
    static func checked(_ value: [UInt8], as kind: MultiaddrProtocol.Value) throws(MultiaddrError.Reason) -> [UInt8] {
        if kind == .peer {
            // py-libp2p keeps a CID as it was written. All others read a multihash.
            do throws(PeerIDError) {
                return value.first == 0x01 ? try PeerID(cid: value).bytes : try PeerID(value).bytes
            } catch { throw .badPeerID(error) }
        }
        guard kind == .none || !value.isEmpty else { throw .missingValue }
        guard isGood(value, as: kind) else { throw kind.refusal }
        return value
    }

    private static func isGood(_ value: [UInt8], as kind: MultiaddrProtocol.Value) -> Bool {
        switch kind {
        case .none, .ip4, .ip6, .port, .cidr, .number, .httpPath, .peer: return true
        case .name:
            for byte in value where byte <= 0x20 || byte >= 0x7f || byte == UInt8(ascii: "/") { return false }
            return true
        case .path:
            // No intended path contains control characters, and they could steer a terminal.
            for byte in value where byte < 0x20 || byte == 0x7f { return false }
            return true
        case .onion, .onion3: return value[value.count - 2] != 0 || value[value.count - 1] != 0
        case .garlic64: return value.count >= 386
        case .garlic32: return value.count == 32 || value.count >= 35
        case .certhash: return Multihash.parse(value) != nil
        }
    }

    /// nil: the text does not have the value's form.
    private static func decoded(_ text: [UInt8], as kind: MultiaddrProtocol.Value) -> [UInt8]? {
        switch kind {
        case .ip4: IPAddressText.ipv4(text)
        case .ip6: IPAddressText.ipv6(text)
        case .port, .cidr, .number: number(text, size: kind.size ?? 0)
        case .onion, .onion3: onion(text, size: kind.size ?? 0)
        case .garlic64: garlic64.decode(text, lenient: true)
        case .garlic32: garlic32.decode(text, lenient: true)
        case .certhash: text.count <= certhashTextLimit ? Multibase.decode(text) : nil
        case .httpPath: percentDecoded(text)
        case .none, .name, .path, .peer: text
        }
    }

    static func append(_ value: [UInt8], as kind: MultiaddrProtocol.Value, to out: inout [UInt8]) {
        switch kind {
        case .none: break
        case .ip4, .ip6: out += IPAddressText.text(value)
        case .port, .cidr, .number: appendNumber(value, 0, to: &out)
        case .peer: out += Base58.encode(value)
        case .onion, .onion3:
            out += garlic32.encode([UInt8](copying: value, 0..<value.count - 2))
            out.append(UInt8(ascii: ":"))
            appendNumber(value, value.count - 2, to: &out)
        case .garlic64: out += garlic64.encode(value)
        case .garlic32: out += garlic32.encode(value)
        case .certhash: out += Multibase.base64URL.encode(value)
        case .httpPath: appendPercentEncoded(value, to: &out)
        case .name, .path: out += value
        }
    }

    /// More characters than any certificate's hash has in hexadecimal.
    private static let certhashTextLimit = 160
    private static let garlic64 = BitBase(
        bits: 6, alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~", isPadded: true)
    private static let garlic32 = BitBase(bits: 5, alphabet: "abcdefghijklmnopqrstuvwxyz234567")

    /// The address without its port in base32, a colon, and the port.
    private static func onion(_ text: [UInt8], size: Int) -> [UInt8]? {
        let colon = (size - 2) * 8 / 5
        guard text.count > colon, text[colon] == UInt8(ascii: ":"), let address = garlic32.decode([UInt8](copying: text, 0..<colon)),
            let port = number([UInt8](copying: text, (colon + 1)..<text.count), size: 2)
        else { return nil }
        return address + port
    }

    /// A decimal number as `size` bytes, big-endian.
    private static func number(_ text: [UInt8], size: Int) -> [UInt8]? {
        guard let number = DecimalText.parse(text, limit: .max >> UInt64(64 - 8 * size)) else { return nil }
        var out: [UInt8] = []
        for index in 1...size { out.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * (size - index)))) }
        return out
    }

    /// Appends the big-endian bytes from `start` on as a decimal number.
    private static func appendNumber(_ bytes: [UInt8], _ start: Int, to out: inout [UInt8]) {
        var number: UInt64 = 0
        for index in start..<bytes.count { number = number << 8 | UInt64(bytes[index]) }
        DecimalText.append(number, to: &out)
    }

    private static func percentDecoded(_ text: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] != UInt8(ascii: "%") {
                out.append(text[index])
                index += 1
                continue
            }
            guard text.count - index >= 3, let high = HexText.digit(text[index + 1]),
                let low = HexText.digit(text[index + 2])
            else { return nil }
            out.append(high << 4 | low)
            index += 3
        }
        return out
    }

    /// Appends a segment of a path (RFC 3986), and leaves the characters that go's `url.PathEscape` leaves.
    private static func appendPercentEncoded(_ value: [UInt8], to out: inout [UInt8]) {
        for byte in value {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"),
                UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
                out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                out.append(HexText.upperCharacter(byte >> 4))
                out.append(HexText.upperCharacter(byte))
            }
        }
    }
}

extension MultiaddrProtocol.Value {
    /// The reason given for text or bytes that are not such a value.
    fileprivate var refusal: MultiaddrError.Reason {
        switch self {
        case .ip4, .ip6: .badIP
        case .port: .badPort
        case .cidr, .number: .badNumber
        case .none, .name, .path, .peer: .badName
        case .onion, .onion3, .garlic64, .garlic32: .badOverlayAddress
        case .certhash: .badCertificateHash
        case .httpPath: .badPath
        }
    }
}
