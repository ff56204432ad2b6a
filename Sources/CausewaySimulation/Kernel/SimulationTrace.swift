/// Everything that happened in a simulation, as a hash, and as lines of text if requested.
///
/// Two runs of one seed have equal traces, byte for byte, even in two processes, although Swift orders dictionaries anew in each.
public struct SimulationTrace {
    /// The hash of everything so far: each delivery with its bytes, each connection made and lost, each event of each node.
    public private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    /// One line for each event, if the simulation was made with `keepsLines`.
    public private(set) var lines: [String] = []
    let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    /// Adds an event in words, with its moment and the one that it concerns.
    mutating func note(_ time: UInt64, _ who: String, _ what: String) {
        add(time)
        for text in [who, what] {
            var text = text
            text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
        }
        if keepsLines { lines.append("\(Self.clock(time)) \(who): \(what)") }
    }

    /// Adds bytes that were delivered.
    mutating func note(_ time: UInt64, _ who: String, delivered bytes: UnsafeRawBufferPointer) {
        note(time, who, "\(bytes.count) bytes")
        add(bytes)
    }

    private mutating func add(_ word: UInt64) {
        hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash >> 29
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index + 8 <= bytes.count {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        var rest = UInt64(bytes.count) << 56
        for shift in 0..<UInt64(bytes.count - index) { rest ^= UInt64(bytes[index + Int(shift)]) << (8 * shift) }
        add(rest)
    }

    /// Seconds with six places.
    private static func clock(_ time: UInt64) -> String {
        let micros = String(time / 1000 % 1_000_000)
        return "\(time / 1_000_000_000).\(String(repeating: "0", count: 6 - micros.count))\(micros)"
    }
}
