/// Where one record lies in a datagram (RFC 6347, section 4.1):
///
///     kind (1)   version (2)   epoch (2)   sequence number (6)   length (2)   content
struct DTLSRecord {
    static let headerSize = 13
    /// As TLS counts them: DTLS 1.2.
    static let version: (UInt8, UInt8) = (0xfe, 0xfd)

    enum Kind {
        static let changeCipherSpec: UInt8 = 20
        static let alert: UInt8 = 21
        static let handshake: UInt8 = 22
        static let applicationData: UInt8 = 23
    }

    let kind: UInt8
    /// 0 in the clear, 1 protected.
    let epoch: UInt16
    /// 48 bits.
    let sequence: UInt64
    let content: Range<Int>

    /// The record that begins at `position`. nil: there is none, or it is cut off.
    init?(_ datagram: UnsafeRawBufferPointer, at position: Int) {
        guard datagram.count - position >= Self.headerSize else { return nil }
        let length = Int(datagram.loadUnaligned(fromByteOffset: position + 11, as: UInt16.self).bigEndian)
        let start = position + Self.headerSize
        guard length <= datagram.count - start else { return nil }
        kind = datagram[position]
        let number = datagram.loadUnaligned(fromByteOffset: position + 3, as: UInt64.self).bigEndian
        epoch = UInt16(truncatingIfNeeded: number >> 48)
        sequence = number & 0xffff_ffff_ffff
        content = start..<start + length
    }
}
