import CCrypto
import CausewayIdentity
import Testing

@Suite("CRC32c") struct CRC32cTests {
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32c()
        bytes.withUnsafeBytes { crc.update($0) }
        return crc.value
    }

    /// RFC 3720, appendix B.4.
    @Test func vectors() {
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum([UInt8](0..<32)) == 0x46dd_794e)
        #expect(checksum((0..<32).reversed()) == 0x113f_db5c)
        let command: [UInt8] = [
            0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0,
            0,
            0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        ]
        #expect(command.count == 48 && checksum(command) == 0xd996_3a56)
        #expect(checksum([]) == 0)
    }

    /// The processor's instruction and the table agree on all lengths and places, in one piece and in several.
    @Test func bothWaysAgree() {
        let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 3) }
        for length in Array(0..<900) + [1191, 1999] {
            for start in [0, 1, 7] where start + length <= bytes.count {
                let part = [UInt8](bytes[start..<start + length])
                let expected = ~cc_crc32c_table(0xffff_ffff, part, part.count)
                #expect(checksum(part) == expected, "\(length) from \(start)")
                var pieces = CRC32c()
                part[..<(length / 3)].withUnsafeBytes { pieces.update($0) }
                part[(length / 3)...].withUnsafeBytes { pieces.update($0) }
                #expect(pieces.value == expected)
            }
        }
    }

    @Test func zeroesNeedNoBytes() {
        var crc = CRC32c()
        crc.updateZeroes(4)
        #expect(crc.value == checksum([0, 0, 0, 0]))
    }
}
