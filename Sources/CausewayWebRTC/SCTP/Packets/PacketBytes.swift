import CausewayIdentity

/// Bytes of a packet that whoever received it lends. Nobody keeps them.
///
/// Raw buffers check nothing in release builds. These do: to read beyond the end stops the program. No remote can cause that, because every
/// reader compares lengths first.
struct PacketBytes {
    let start: UnsafeRawPointer
    let count: Int

    /// Something to point at where there are no bytes.
    private static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1)! }

    init(_ bytes: UnsafeRawBufferPointer) {
        start = bytes.baseAddress ?? Self.nowhere
        count = bytes.count
    }

    private init(_ start: UnsafeRawPointer, _ count: Int) {
        self.start = start
        self.count = count
    }

    var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
    /// A copy to keep.
    var array: [UInt8] { [UInt8](copying: buffer) }

    func octet(_ at: Int) -> UInt8 { load(at, UInt8.self) }
    func number16(_ at: Int) -> UInt16 { load(at, UInt16.self) }
    func number32(_ at: Int) -> UInt32 { load(at, UInt32.self) }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ at: Int, _: Number.Type) -> Number {
        precondition(at >= 0 && at <= count - MemoryLayout<Number>.size, "read beyond the end of a packet")
        return Number(bigEndian: start.loadUnaligned(fromByteOffset: at, as: Number.self))
    }

    func part(_ range: Range<Int>) -> PacketBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a part of more bytes than there are")
        return PacketBytes(start + range.lowerBound, range.count)
    }

    func dropFirst(_ size: Int) -> PacketBytes { part(size..<count) }
}
