/// CRC-32 of ITU V.42, by which FINGERPRINT tells STUN from other protocols (RFC 8489, section 14.7).
enum CRC32 {
    private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { byte in
        var value = byte
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        return value
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
        return ~crc
    }
}
