/// One component's value between text and bytes.
enum MultiaddrValue {
    /// Bytes of a text, without a length in front.
    static func parse(_ text: [UInt8], as kind: MultiaddrProtocol.Value) throws(Refusal) -> [UInt8] {
        guard !text.isEmpty else { throw .init(.missingValue) }
        switch kind {
        case .none: return []
        case .ip4: return try text.parsed(by: IPAddressText.ipv4, or: .badIP)
        case .ip6: return try text.parsed(by: IPAddressText.ipv6, or: .badIP)
        case .port:
            guard let port = DecimalText.parse(text, limit: 65_535) else { throw .init(.badPort) }
            return [UInt8(port >> 8), UInt8(port & 0xff)]
        case .cidr:
            guard let bits = DecimalText.parse(text, limit: 255) else { throw .init(.badNumber) }
            return [UInt8(bits)]
        case .number:
            guard let number = DecimalText.parse(text) else { throw .init(.badNumber) }
            return bigEndian(number)
        case .peer:
            do throws(PeerIDError) { return try PeerID(text: text).bytes } catch { throw .init(.badPeerID(error)) }
        case .onion: return try onion(text, size: 10)
        case .onion3: return try onion(text, size: 35)
        case .garlic64: return try checked(try text.parsed(by: garlic64.lenientDecode, or: .badOverlayAddress), as: kind)
        case .garlic32: return try checked(try text.parsed(by: garlic32.lenientDecode, or: .badOverlayAddress), as: kind)
        case .certhash:
            guard text.count <= certhashTextLimit else { throw .init(.badCertificateHash) }
            return try checked(try text.parsed(by: Multibase.decode, or: .badCertificateHash), as: kind)
        case .httpPath: return try text.parsed(by: percentDecoded, or: .badPath)
        case .name, .path: return try checked(text, as: kind)
        }
    }

    /// The bytes in the one form that we keep, or why they are no such value.
    static func checked(_ value: [UInt8], as kind: MultiaddrProtocol.Value) throws(Refusal) -> [UInt8] {
        switch kind {
        case .none, .ip4, .ip6, .port, .cidr, .number: return value
        case .name:
            for byte in value where byte <= 0x20 || byte >= 0x7f || byte == UInt8(ascii: "/") { throw .init(.badName) }
        case .path:
            for byte in value where byte == 0 { throw .init(.badName) }
        case .peer:
            // py-libp2p keeps a CID as it was written; multihash is what everybody else reads.
            do throws(PeerIDError) {
                return value.first == 0x01 ? try PeerID(cid: value).bytes : try PeerID(value).bytes
            } catch { throw .init(.badPeerID(error)) }
        case .onion, .onion3:
            guard value[value.count - 2] != 0 || value[value.count - 1] != 0 else { throw .init(.badOverlayAddress) }
        case .garlic64:
            guard value.count >= 386 else { throw .init(.badOverlayAddress) }
        case .garlic32:
            guard value.count == 32 || value.count >= 35 else { throw .init(.badOverlayAddress) }
        case .certhash:
            guard Multihash.parse(value) != nil else { throw .init(.badCertificateHash) }
        case .httpPath: break
        }
        guard !value.isEmpty else { throw .init(.missingValue) }
        return value
    }

    static func text(_ value: [UInt8], as kind: MultiaddrProtocol.Value) -> [UInt8] {
        switch kind {
        case .none: return []
        case .ip4, .ip6: return IPAddressText.text(value)
        case .port, .cidr, .number: return decimal(value[...])
        case .peer: return Base58.encode(value)
        case .onion, .onion3:
            let split = value.count - 2
            return garlic32.encode([UInt8](value[..<split])) + [UInt8(ascii: ":")] + decimal(value[split...])
        case .garlic64: return garlic64.encode(value)
        case .garlic32: return garlic32.encode(value)
        case .certhash: return Multibase.base64URL.encode(value)
        case .httpPath: return percentEncoded(value)
        case .name, .path: return value
        }
    }

    /// More characters than any certificate's hash has in hex.
    private static let certhashTextLimit = 160
    private static let garlic64 = BitBase(
        bits: 6, alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~", isPadded: true)
    private static let garlic32 = BitBase(bits: 5, alphabet: "abcdefghijklmnopqrstuvwxyz234567")

    private static func onion(_ text: [UInt8], size: Int) throws(Refusal) -> [UInt8] {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), let address = garlic32.decode([UInt8](text[..<colon])),
            address.count == size, let port = DecimalText.parse([UInt8](text[(colon + 1)...]), limit: 65_535), port > 0
        else { throw .init(.badOverlayAddress) }
        return address + [UInt8(port >> 8), UInt8(port & 0xff)]
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        for shift: UInt64 in [56, 48, 40, 32, 24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: number >> shift)) }
        return out
    }

    private static func decimal(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var number: UInt64 = 0
        for byte in bytes { number = number << 8 | UInt64(byte) }
        var out: [UInt8] = []
        DecimalText.append(number, to: &out)
        return out
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

    /// As a segment of a path (RFC 3986): what go's `url.PathEscape` leaves stays.
    private static func percentEncoded(_ value: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for byte in value {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"),
                UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
                out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 0xf] { out.append(digit < 10 ? 0x30 + digit : 0x37 + digit) }
            }
        }
        return out
    }

    /// Why a value is none; the address adds which component it is.
    struct Refusal: Error {
        let reason: MultiaddrError.Reason
        init(_ reason: MultiaddrError.Reason) { self.reason = reason }
    }
}

extension BitBase {
    fileprivate func lenientDecode(_ text: [UInt8]) -> [UInt8]? { decode(text, lenient: true) }
}

extension [UInt8] {
    fileprivate func parsed(by parse: ([UInt8]) -> [UInt8]?, or reason: MultiaddrError.Reason) throws(MultiaddrValue.Refusal) -> [UInt8] {
        guard let value = parse(self) else { throw .init(reason) }
        return value
    }
}
