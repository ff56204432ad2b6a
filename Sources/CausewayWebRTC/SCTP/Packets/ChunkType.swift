/// The kinds of chunks (RFC 9260, section 3.2; RFC 6525, section 3.1; RFC 3758, section 3.2).
enum ChunkType: UInt8 {
    case data = 0
    case initiation = 1
    case initiationAcknowledgement = 2
    case selectiveAcknowledgement = 3
    case heartbeat = 4
    case heartbeatAcknowledgement = 5
    case abort = 6
    case shutdown = 7
    case shutdownAcknowledgement = 8
    case error = 9
    case cookieEcho = 10
    case cookieAcknowledgement = 11
    case shutdownComplete = 14
    case reconfiguration = 130
    case forwardTSN = 192
}

/// What to do with a chunk or a parameter of an unknown kind: the two highest bits of its type say so (RFC 9260, sections 3.2 and 3.2.1).
struct UnknownTypeRule {
    /// Nothing that follows it in its packet, or in its chunk, counts.
    let stops: Bool
    /// The sender is told.
    let reports: Bool

    init(chunk type: UInt8) {
        stops = type & 0x80 == 0
        reports = type & 0x40 != 0
    }

    init(parameter type: UInt16) { self.init(chunk: UInt8(truncatingIfNeeded: type >> 8)) }
}
