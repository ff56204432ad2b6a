import CCrypto

/// The checksum CRC32c (RFC 3720, appendix B.4), by the processor's instruction where it has one.
public struct CRC32c: Sendable {
    private var state: UInt32 = 0xffff_ffff

    public init() {}

    public var value: UInt32 { ~state }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state = cc_crc32c(state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// As if `count` zeroes followed; at most 8.
    public mutating func updateZeroes(_ count: Int) {
        precondition(count <= 8, "at most eight zeroes at once")
        var zeroes: UInt64 = 0
        state = withUnsafeBytes(of: &zeroes) { cc_crc32c(state, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), count) }
    }
}
