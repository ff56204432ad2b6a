/// Writes a packet into its sender's buffer, in network byte order. Whoever writes compares lengths with `room` first; to write beyond the
/// end stops the program.
struct PacketWriter {
    private let start: UnsafeMutableRawPointer
    private let capacity: Int
    private(set) var count = 0

    /// - Parameter limit: The most bytes that the packet may have.
    init(_ buffer: UnsafeMutableRawBufferPointer, limit: Int = .max) {
        precondition(buffer.baseAddress != nil, "there must be room for a packet")
        start = buffer.baseAddress!
        capacity = min(limit, buffer.count)
    }

    /// How many bytes the next chunk may have.
    var room: Int { capacity - ((count + 3) & ~3) }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    mutating func octet(_ value: UInt8) { store(value, reserve(1)) }
    mutating func number16(_ value: UInt16) { store(value, reserve(2)) }
    mutating func number32(_ value: UInt32) { store(value, reserve(4)) }

    mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, bytes.count > 0 else { return }
        (start + reserve(bytes.count)).copyMemory(from: from, byteCount: bytes.count)
    }

    mutating func bytes(_ array: [UInt8]) { array.withUnsafeBytes { bytes($0) } }

    /// Writes zeroes up to a multiple of four bytes (RFC 9260, section 3.2).
    mutating func pad() { while count & 3 != 0 { octet(0) } }

    func replace16(at place: Int, by value: UInt16) {
        precondition(place >= 0 && place <= count - 2, "replaced what is not written")
        store(value, place)
    }

    /// In the order of the machine's own bytes: a checksum is no number of the protocol.
    func replaceChecksum(at place: Int, by value: UInt32) {
        precondition(place >= 0 && place <= count - 4, "replaced what is not written")
        (start + place).storeBytes(of: value.littleEndian, as: UInt32.self)
    }

    /// A chunk or a parameter: what `body` writes, with its head in front. Padding is no part of it, so it comes before the next one.
    mutating func block(_ head: UInt16, _ body: (inout PacketWriter) -> Void) {
        pad()
        let begin = count
        number16(head)
        number16(0)
        body(&self)
        replace16(at: begin + 2, by: UInt16(truncatingIfNeeded: count - begin))
    }

    private mutating func reserve(_ size: Int) -> Int {
        precondition(size <= capacity - count, "wrote beyond the end of a packet")
        count += size
        return count - size
    }

    private func store<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number, _ place: Int) {
        (start + place).storeBytes(of: value.bigEndian, as: Number.self)
    }
}

extension Array where Element == UInt8 {
    /// What `write` writes, which is at most `capacity` bytes.
    init(writing capacity: Int, _ write: (inout PacketWriter) -> Void) {
        self.init(unsafeUninitializedCapacity: capacity) { out, count in
            var writer = PacketWriter(UnsafeMutableRawBufferPointer(out), limit: capacity)
            write(&writer)
            count = writer.count
        }
    }
}
