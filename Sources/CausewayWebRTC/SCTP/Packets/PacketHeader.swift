import CausewayIdentity

/// What every packet begins with (RFC 9260, section 3.1).
///
///      0                   1                   2                   3
///     +-------------------------------+-------------------------------+
///     |          source port          |       destination port        |
///     +-------------------------------+-------------------------------+
///     |                       verification tag                        |
///     +---------------------------------------------------------------+
///     |                       checksum (CRC32c)                       |
///     +---------------------------------------------------------------+
struct PacketHeader {
    static let size = 12
    /// WebRTC multiplexes nothing by ports (RFC 8841 names the port in `a=sctp-port`); everybody uses this one.
    static let port: UInt16 = 5000

    let sourcePort: UInt16
    let destinationPort: UInt16
    let tag: UInt32

    /// nil: the packet is shorter than its header, or its checksum is wrong.
    /// - Parameter acceptsZeroChecksum: a packet without a checksum is right, too (RFC 9653, section 5.3).
    init?(_ packet: PacketBytes, acceptsZeroChecksum: Bool) {
        guard packet.count >= Self.size else { return nil }
        sourcePort = packet.number16(0)
        destinationPort = packet.number16(2)
        tag = packet.number32(4)
        let checksum = packet.number32(8).byteSwapped
        if checksum == 0, acceptsZeroChecksum { return }
        guard checksum == Self.checksum(of: packet.buffer) else { return nil }
    }

    static func write(tag: UInt32, ports: (source: UInt16, destination: UInt16), to writer: inout PacketWriter) {
        writer.number16(ports.source)
        writer.number16(ports.destination)
        writer.number32(tag)
        writer.number32(0)
    }

    /// Puts the checksum into a packet that is written whole.
    static func seal(_ writer: PacketWriter) { writer.replaceChecksum(at: 8, by: checksum(of: writer.bytes)) }

    /// As if the checksum were four zeroes (RFC 9260, appendix A).
    private static func checksum(of packet: UnsafeRawBufferPointer) -> UInt32 {
        var crc = CRC32c()
        crc.update(UnsafeRawBufferPointer(rebasing: packet[0..<8]))
        crc.updateZeroes(4)
        crc.update(UnsafeRawBufferPointer(rebasing: packet[size...]))
        return crc.value
    }
}
