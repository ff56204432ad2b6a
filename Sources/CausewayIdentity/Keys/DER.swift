/// Reads the strict DER (ITU-T X.690) of public keys and signatures: definite lengths in their shortest form, inside the buffer.
struct DERReader {
    enum Tag: UInt8 { case integer = 0x02, bitString = 0x03, octetString = 0x04, null = 0x05, objectIdentifier = 0x06, sequence = 0x30 }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }

    /// The range of the next element's content. nil: there is no element of this kind.
    mutating func range(_ tag: Tag) -> Range<Int>? { range(tag.rawValue) }

    private mutating func range(_ tag: UInt8) -> Range<Int>? {
        guard end - position >= 2, bytes[position] == tag else { return nil }
        var length = UInt64(bytes[position + 1])
        var start = position + 2
        if length >= 0x80 {
            let size = Int(length & 0x7f)
            guard size >= 1, size <= 4, end - start >= size else { return nil }
            length = 0
            for index in start..<start + size { length = length << 8 | UInt64(bytes[index]) }
            start += size
            guard length >= 0x80, length >> (8 * UInt64(size - 1)) != 0 else { return nil }
        }
        guard length <= UInt64(end - start) else { return nil }
        position = start + Int(length)
        return start..<position
    }

    mutating func content(_ tag: Tag) -> [UInt8]? {
        guard let range = range(tag) else { return nil }
        return [UInt8](bytes[range])
    }

    mutating func sequence() -> DERReader? {
        guard let range = range(.sequence) else { return nil }
        return DERReader(bytes, range)
    }

    /// A reader for the content of a constructed context-specific element ([0], [1] ...).
    mutating func explicit(_ number: UInt8) -> DERReader? {
        guard let range = range(0xa0 | number) else { return nil }
        return DERReader(bytes, range)
    }

    /// A positive integer's bytes without the leading zero. nil: it is negative, zero, or not in its shortest form.
    mutating func positiveInteger() -> [UInt8]? {
        guard let range = range(.integer), let first = range.first else { return nil }
        if bytes[first] >= 0x80 { return nil }
        if bytes[first] != 0 { return [UInt8](bytes[range]) }
        guard range.count >= 2, bytes[first + 1] >= 0x80 else { return nil }
        return [UInt8](bytes[(first + 1)..<range.upperBound])
    }

    /// A bit string of whole bytes.
    mutating func bitString() -> [UInt8]? {
        guard let range = range(.bitString), let first = range.first, bytes[first] == 0 else { return nil }
        return [UInt8](bytes[(first + 1)..<range.upperBound])
    }
}

enum DERWriter {
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var out = [tag]
        if content.count < 0x80 {
            out.append(UInt8(content.count))
        } else if content.count < 0x100 {
            out += [0x81, UInt8(content.count)]
        } else {
            out += [0x82, UInt8(truncatingIfNeeded: content.count >> 8), UInt8(truncatingIfNeeded: content.count)]
        }
        return out + content
    }
}

/// The contents of object identifiers.
enum OID {
    static let rsaEncryption: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]
    static let ecPublicKey: [UInt8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]
    static let p224: [UInt8] = [0x2b, 0x81, 0x04, 0x00, 0x21]
    static let p256: [UInt8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]
    static let p384: [UInt8] = [0x2b, 0x81, 0x04, 0x00, 0x22]
    static let p521: [UInt8] = [0x2b, 0x81, 0x04, 0x00, 0x23]
}
