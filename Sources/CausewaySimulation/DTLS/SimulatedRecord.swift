import CausewayWebRTC

/// A record of the exchange that stands in for DTLS. It has DTLS's header but for the version, 0.0, so that no DTLS takes it, and as
/// many bytes around a packet. **Nothing is encrypted.**
struct SimulatedRecord {
    /// As in DTLS, so that a demultiplexer knows it.
    enum Kind: UInt8 { case alert = 21, hello = 22, packet = 23 }

    static let headerSize = 13
    /// The numbers of both engines, the client's first: what belongs to another association is none of theirs.
    static let keySize = 16

    let kind: Kind
    let sequence: UInt64
    let clientNumber: UInt64
    let serverNumber: UInt64
    /// Where the content lies.
    let content: Range<Int>

    /// nil: it is no such record, or not a whole one.
    init?(_ datagram: UnsafeRawBufferPointer) {
        guard datagram.count >= DTLSLimits.overhead, let kind = Kind(rawValue: datagram[0]), datagram[1] == 0, datagram[2] == 0,
            datagram.loadUnaligned(fromByteOffset: 11, as: UInt16.self).bigEndian == UInt16(datagram.count - Self.headerSize)
        else { return nil }
        self.kind = kind
        sequence = datagram.loadUnaligned(fromByteOffset: 3, as: UInt64.self).bigEndian
        clientNumber = datagram.loadUnaligned(fromByteOffset: Self.headerSize, as: UInt64.self).bigEndian
        serverNumber = datagram.loadUnaligned(fromByteOffset: Self.headerSize + 8, as: UInt64.self).bigEndian
        content = Self.headerSize + Self.keySize..<datagram.count - (DTLSLimits.overhead - Self.headerSize - Self.keySize)
    }

    /// Writes a record with `content` into room for `DTLSLimits.overhead` bytes more.
    /// - Returns: its size.
    static func write(
        _ kind: Kind, sequence: UInt64, clientNumber: UInt64, serverNumber: UInt64, _ content: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) -> Int {
        let size = content.count + DTLSLimits.overhead
        let start = headerSize + keySize
        // First, as the content may lie where the header comes.
        UnsafeMutableRawBufferPointer(rebasing: room[start..<start + content.count]).copyMemory(from: content)
        room[0] = kind.rawValue
        room[1] = 0
        room[2] = 0
        room.storeBytes(of: sequence.bigEndian, toByteOffset: 3, as: UInt64.self)
        room.storeBytes(of: UInt16(size - headerSize).bigEndian, toByteOffset: 11, as: UInt16.self)
        room.storeBytes(of: clientNumber.bigEndian, toByteOffset: headerSize, as: UInt64.self)
        room.storeBytes(of: serverNumber.bigEndian, toByteOffset: headerSize + 8, as: UInt64.self)
        for index in start + content.count..<size { room[index] = 0 }
        return size
    }
}
