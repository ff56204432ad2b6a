/// What an ERROR or an ABORT is about (RFC 9260, section 3.3.10).
///
///     +-------------------------------+-------------------------------+
///     |             code              |            length             |
///     +-------------------------------+-------------------------------+
///     |                   what the code says, padded                  |
enum ErrorCause: UInt16 {
    case invalidStream = 1
    case missingParameter = 2
    case staleCookie = 3
    case invalidParameter = 7
    case unrecognizedChunk = 6
    case noUserData = 9
    case restart = 11
    case userInitiated = 12
    case protocolViolation = 13

    func write(_ information: [UInt8] = [], to writer: inout PacketWriter) { writer.block(rawValue) { $0.bytes(information) } }
}
