/// What the remote did wrong in Yamux (yamux/README.md). The raw value is the `code` of `ConnectionError.peerFault(.yamux, code:)`.
public enum YamuxFault: UInt16, Error, Equatable, Sendable {
    case unknownVersion = 1
    case unknownType = 2
    case unknownFlags = 3
    /// A stream's frame on stream 0, or a connection's frame on another.
    case badStreamID = 4
    /// A stream opened under an id of our parity, of an open stream, or of 2^31 and above.
    case wrongParity = 5
    case duplicateStream = 6
    case idsExhausted = 7
    /// More data than the window allows, in a stream's first frame or in a later one.
    case windowExceeded = 8
    /// Window updates that add up to more than 2^32 - 1.
    case windowOverflow = 9
    /// Data behind FIN.
    case dataAfterFinish = 10
}
