import CausewayWebRTC

/// Looks at the datagrams of a handshake before OpenSSL does, because OpenSSL allocates as much as a message says that it will have, and
/// keeps records that it cannot open yet, each in the room of the largest possible one. Anybody can send both.
struct HandshakeScreen {
    private let limits: DTLSLimits
    private var byteCount = 0
    private var earlyRecords = 0

    private static let messageHeader = 12

    init(_ limits: DTLSLimits) { self.limits = limits }

    /// What is to become of a datagram.
    enum Verdict: Equatable {
        case taken
        /// It is passed over, as DTLS does with what is not valid (RFC 6347, section 4.1.2.7).
        case discarded
        /// The remote has sent too much for a handshake.
        case tooManyBytes
    }

    mutating func examine(_ datagram: UnsafeRawBufferPointer) -> Verdict {
        byteCount += datagram.count
        guard byteCount <= limits.handshakeBytes else { return .tooManyBytes }
        var position = 0
        var early = 0
        // OpenSSL passes over what is cut off, and so does this.
        while let record = DTLSRecord(datagram, at: position) {
            if record.epoch > 0 {
                // OpenSSL keeps none that carry packets, which a remote may send while its last flight is lost.
                if record.kind != DTLSRecord.Kind.applicationData { early += 1 }
            } else if record.kind == DTLSRecord.Kind.handshake {
                guard messagesAreShort(UnsafeRawBufferPointer(rebasing: datagram[record.content])) else { return .discarded }
            }
            position = record.content.upperBound
        }
        guard earlyRecords + early <= limits.earlyRecords else { return .discarded }
        earlyRecords += early
        return .taken
    }

    /// The fragments in a record (RFC 6347, section 4.2.2).
    private func messagesAreShort(_ record: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while record.count - position >= Self.messageHeader {
            guard Self.length(record, position + 1) <= limits.handshakeMessage else { return false }
            position += Self.messageHeader + Self.length(record, position + 9)
        }
        return true
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
        Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2])
    }
}
