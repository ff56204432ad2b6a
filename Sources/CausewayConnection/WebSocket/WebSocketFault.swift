/// What the remote did wrong on a WebSocket (RFC 6455). The raw value is the `code` of `ConnectionError.peerFault(.webSocket, code:)`.
public enum WebSocketFault: UInt16, Error, Equatable, Sendable {
    // The HTTP head, both sides.
    /// The head is longer than `ConnectionLimits.httpHead` bytes.
    case headTooLarge = 1
    /// More than 100 header lines.
    case tooManyHeaders = 2
    /// A line feed without its carriage return, or the other way round: two parsers could read two different heads.
    case bareLineEnd = 3
    /// Not HTTP/1.1, or a head with control bytes, folded lines or nameless fields.
    case malformedHead = 4

    // The opening handshake, as the server sees it (section 4.2.1).
    /// A method other than GET.
    case wrongMethod = 10
    /// An ordinary request that asks for no upgrade to `websocket`.
    case notAnUpgrade = 11
    /// No `Connection: Upgrade`.
    case missingConnection = 12
    /// No `Sec-WebSocket-Key`, or not 16 bytes in base64, or two of them.
    case badKey = 13
    /// `Sec-WebSocket-Version` is missing or not 13.
    case wrongVersion = 14
    /// No `Host`, or two of them.
    case badHost = 15
    /// The request announces a body, which would be read as frames.
    case unexpectedBody = 16

    // The opening handshake, as the client sees it (section 4.1).
    /// Status 300 to 399: redirects are not followed.
    case redirected = 20
    /// Another status than 101, below 500: there is no WebSocket at this address.
    case refused = 21
    /// Status 500 and above, such as a proxy's answer for a server that is down.
    case serverFailed = 22
    /// `Sec-WebSocket-Accept` is missing or does not match our key.
    case wrongAccept = 23
    /// An extension or subprotocol that we did not offer.
    case unofferedExtension = 24
    /// Our own fault: host or path contain bytes that are not allowed in a request.
    case badTarget = 25

    // Frames (section 5).
    /// A reserved bit is set, but no extension was agreed on.
    case reservedBit = 40
    /// An unknown opcode.
    case reservedOpcode = 41
    /// A client must mask its frames.
    case unmasked = 42
    /// A server must not.
    case masked = 43
    /// A ping, pong or close in fragments.
    case fragmentedControl = 44
    /// A ping, pong or close over 125 bytes.
    case controlTooLong = 45
    /// A continuation with nothing to continue.
    case unexpectedContinuation = 46
    /// A new message before the final fragment of the last one.
    case unfinishedMessage = 47
    /// A 64-bit length with its top bit set.
    case lengthOverflow = 48
    /// A length in more bytes than it needs.
    case nonMinimalLength = 49
    /// A close frame with half a code, or with a code that must not be sent.
    case badCloseCode = 50

    /// The status for a close frame (section 7.4.1): always protocol error, because no message is too big for a byte stream.
    public static let closeCode: UInt16 = 1002
}
