/// SHA-1, only for `Sec-WebSocket-Accept` (RFC 6455 section 1.3).
///
/// No secret and no authenticity depends on it: the header only proves that the other side speaks WebSocket and has read our request. SHA-1
/// is broken as a cryptographic hash, so it is kept here and not with the cryptography.
enum SHA1 {
    static func hash(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        var padded = message
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) &* 8
        for shift in 0..<8 { padded.append(UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * shift))) }
        var block = 0
        while block < padded.count {
            mix(&state, padded, at: block)
            block += 64
        }
        var digest: [UInt8] = []
        for word in state {
            for shift in 0..<4 { digest.append(UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * shift))) }
        }
        return digest
    }

    private static func mix(_ state: inout [UInt32], _ bytes: [UInt8], at start: Int) {
        var schedule = [UInt32](repeating: 0, count: 80)
        for index in 0..<16 {
            var word: UInt32 = 0
            for byte in 0..<4 { word = word << 8 | UInt32(bytes[start + index * 4 + byte]) }
            schedule[index] = word
        }
        for index in 16..<80 {
            schedule[index] = rotate(schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16], 1)
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for index in 0..<80 {
            let (choice, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: (b & c | ~b & d, 0x5a82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ed9_eba1)
                case 40..<60: (b & c | b & d | c & d, 0x8f1b_bcdc)
                default: (b ^ c ^ d, 0xca62_c1d6)
                }
            let next = rotate(a, 5) &+ choice &+ e &+ constant &+ schedule[index]
            (e, d, c, b, a) = (d, c, rotate(b, 30), a, next)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }

    private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
