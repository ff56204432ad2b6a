/// RFC 6455 section 5.2.
public enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    /// Close, ping and pong: at most 125 bytes, never fragmented.
    public var isControl: Bool { rawValue >= 8 }
}

/// Writes frame headers and masks payloads, in place.
public enum WebSocketFraming {
    /// The length of the header for `payload` bytes.
    public static func headerLength(payload: Int, masked: Bool) -> Int {
        (payload < 126 ? 2 : payload < 65536 ? 4 : 10) + (masked ? 4 : 0)
    }

    /// Writes the header of a complete message (FIN set). `mask` is a client's random key, and nil for a server.
    public static func writeHeader(into out: UnsafeMutableRawPointer, opcode: WebSocketOpcode, payload: Int, mask: UInt32?) {
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        out.storeBytes(of: 0x80 | opcode.rawValue, as: UInt8.self)
        var length = 2
        if payload < 126 {
            out.storeBytes(of: maskBit | UInt8(payload), toByteOffset: 1, as: UInt8.self)
        } else if payload < 65536 {
            out.storeBytes(of: maskBit | 126, toByteOffset: 1, as: UInt8.self)
            out.storeBytes(of: UInt16(payload).bigEndian, toByteOffset: 2, as: UInt16.self)
            length = 4
        } else {
            out.storeBytes(of: maskBit | 127, toByteOffset: 1, as: UInt8.self)
            out.storeBytes(of: UInt64(payload).bigEndian, toByteOffset: 2, as: UInt64.self)
            length = 10
        }
        if let mask { out.storeBytes(of: mask.littleEndian, toByteOffset: length, as: UInt32.self) }
    }

    /// Masks or unmasks in place. Byte `n` of the wire's key is `key >> 8n`. `phase` (0 to 3) is the position in the key of the first byte.
    public static func mask(_ bytes: UnsafeMutableRawBufferPointer, key: UInt32, phase: Int) {
        guard let base = bytes.baseAddress, key != 0 else { return }
        let turn = UInt32(8 * (phase & 3))
        let turned = turn == 0 ? key : key >> turn | key << (32 - turn)
        let word = UInt64(turned) << 32 | UInt64(turned)
        let wide = SIMD4<UInt64>(repeating: word.littleEndian)
        var offset = 0
        while offset + 32 <= bytes.count {
            let plain = base.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self) ^ wide
            base.storeBytes(of: plain, toByteOffset: offset, as: SIMD4<UInt64>.self)
            offset += 32
        }
        while offset + 8 <= bytes.count {
            let plain = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ word.littleEndian
            base.storeBytes(of: plain, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        var rest = word
        while offset < bytes.count {
            bytes[offset] ^= UInt8(truncatingIfNeeded: rest)
            rest >>= 8
            offset += 1
        }
    }
}
