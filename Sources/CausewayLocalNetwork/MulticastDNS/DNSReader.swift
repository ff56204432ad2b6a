/// Reads the parts of a DNS message (RFC 1035, section 4) one after another. Nothing in it is trusted.
struct DNSReader {
    enum Fault: Error, Equatable {
        /// The message ends too early.
        case short
        /// A name is longer than 255 bytes, or a label longer than 63.
        case longName
        /// A name goes on at its own or a later place, or too often elsewhere.
        case badPointer
        /// There are more records than `MulticastDiscoveryLimits.records`.
        case tooManyRecords(limit: Int)
    }

    let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func number<Number: FixedWidthInteger>(as type: Number.Type = Number.self) throws(Fault) -> Number {
        let size = Number.bitWidth / 8
        guard bytes.count - position >= size else { throw .short }
        defer { position += size }
        return bytes.number(position)
    }

    /// The next bytes, which the position passes.
    mutating func take(_ count: Int) throws(Fault) -> Range<Int> {
        guard bytes.count - position >= count else { throw .short }
        defer { position += count }
        return position..<position + count
    }

    /// A name, in small letters. A part of it may lie elsewhere, always before the place that says so, so that reading it ends.
    mutating func name() throws(Fault) -> [UInt8] {
        let (name, end) = try Self.name(in: bytes, at: position)
        position = end
        return name
    }

    /// A name at any place, and where what follows it begins.
    static func name(in bytes: [UInt8], at start: Int) throws(Fault) -> (name: [UInt8], end: Int) {
        var name: [UInt8] = []
        var (index, start, jumps) = (start, start, 0)
        var end: Int?
        while true {
            guard index < bytes.count else { throw .short }
            let length = Int(bytes[index])
            switch length {
            case 0: return (name, end ?? index + 1)
            case 1...DNSName.longestLabel:
                guard bytes.count - index > length else { throw .short }
                guard name.count + length + 2 <= DNSName.longest else { throw .longName }
                name.append(bytes[index])
                for byte in bytes[index + 1...index + length] { name.append((0x41...0x5a).contains(byte) ? byte | 0x20 : byte) }
                index += 1 + length
            case 0xc0...:
                guard bytes.count - index >= 2 else { throw .short }
                let target = (length & 0x3f) << 8 | Int(bytes[index + 1])
                end = end ?? index + 2
                jumps += 1
                guard target < start, jumps <= DNSName.mostJumps else { throw .badPointer }
                (index, start) = (target, target)
            default: throw .longName
            }
        }
    }
}
