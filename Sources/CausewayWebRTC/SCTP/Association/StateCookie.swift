import CausewayIdentity

/// What this side has to know to begin an association, kept by the remote until it sends COOKIE ECHO, so that an INIT costs no memory here
/// (RFC 9260, section 5.1.3). A code over it proves that it is this side's.
struct StateCookie: Equatable {
    /// When it was made.
    var madeAt: Instant
    /// The tags and numbers of the INIT ACK, and of the INIT that it answered.
    var local: InitiationChunk
    var remote: InitiationChunk
    /// The tags of the association that there was at that time; 0 if there was none (tie-tags).
    var localTieTag: UInt32 = 0
    var remoteTieTag: UInt32 = 0

    private static let bodySize = 8 + 2 * 17 + 8

    func sealed(by secret: Secret) -> [UInt8] {
        var bytes = [UInt8](writing: Self.bodySize) { writer in
            writer.number32(UInt32(truncatingIfNeeded: madeAt.nanoseconds >> 32))
            writer.number32(UInt32(truncatingIfNeeded: madeAt.nanoseconds))
            Self.write(local, to: &writer)
            Self.write(remote, to: &writer)
            writer.number32(localTieTag)
            writer.number32(remoteTieTag)
        }
        bytes += bytes.withUnsafeBytes { HMACSHA256.code(of: $0, key: secret) }
        return bytes
    }

    /// nil: it is none of this side's.
    init?(_ bytes: PacketBytes, secret: Secret) {
        guard bytes.count == Self.bodySize + HMACSHA256.length else { return nil }
        let body = bytes.part(0..<Self.bodySize)
        guard HMACSHA256.verify(bytes.dropFirst(Self.bodySize).buffer, of: body.buffer, key: secret) else { return nil }
        madeAt = Instant(nanoseconds: UInt64(body.number32(0)) << 32 | UInt64(body.number32(4)))
        local = Self.read(body.part(8..<25))
        remote = Self.read(body.part(25..<42))
        localTieTag = body.number32(42)
        remoteTieTag = body.number32(46)
    }

    init(madeAt: Instant, local: InitiationChunk, remote: InitiationChunk) {
        self.madeAt = madeAt
        self.local = local
        self.remote = remote
    }

    private static func write(_ chunk: InitiationChunk, to writer: inout PacketWriter) {
        writer.number32(chunk.tag)
        writer.number32(chunk.window)
        writer.number16(chunk.outboundStreams)
        writer.number16(chunk.inboundStreams)
        writer.number32(chunk.initialTSN.raw)
        writer.octet(chunk.features.rawValue)
    }

    private static func read(_ bytes: PacketBytes) -> InitiationChunk {
        var chunk = InitiationChunk(
            tag: bytes.number32(0), window: bytes.number32(4), outboundStreams: bytes.number16(8), inboundStreams: bytes.number16(10),
            initialTSN: TSN(bytes.number32(12)))
        chunk.features = AssociationFeatures(rawValue: bytes.octet(16))
        return chunk
    }
}
