/// What happened in a simulation, as a hash of everything and, if asked for, as lines of text.
///
/// Two runs of one seed have equal traces, byte for byte; in two processes too, although Swift scrambles dictionaries anew in each.
public struct SimulationTrace {
    /// Of all that happened so far: each delivery with its bytes, each connection made and lost, each event of each node.
    public private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    /// One line for each thing that happened, if the simulation was made with `keepsLines`.
    public private(set) var lines: [String] = []
    let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    /// Notes something in words, with the moment and who it concerns.
    mutating func note(_ time: UInt64, _ who: String, _ what: String) {
        add(time)
        for text in [who, what] {
            var text = text
            text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
        }
        if keepsLines { lines.append("\(Self.clock(time)) \(who): \(what)") }
    }

    /// Notes bytes that were delivered.
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
