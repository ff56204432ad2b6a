public import CausewayIdentity

/// The layer between a link's bytes and Noise. A connection gets it from outside, so that a shell without such a layer does not link its
/// code: a browser frames its WebSockets itself. It is public because otherwise the compiler would assume the only class of an internal
/// protocol, and link it.
public protocol LinkFraming: AnyObject {
    /// The bytes to send before anything is received.
    var opening: [UInt8] { get }

    /// Takes the next step through `input`'s raw bytes: first the opening handshake, whose end is the first progress, then frames.
    func fill(_ input: inout InputBuffer, wire: inout ByteQueue) throws(WebSocketFault) -> FillResult

    /// Makes room for one message of `size` bytes, and returns where they go.
    func reserve(_ size: Int, in wire: inout ByteQueue) -> UnsafeMutableRawPointer
    /// Completes that message once its bytes are there.
    func commit(_ size: Int, in wire: inout ByteQueue)

    /// Sends the last frame: an orderly end, or the remote's fault.
    func sendClose(isFault: Bool, into wire: inout ByteQueue)
}

/// The result of one step through raw bytes.
public enum FillResult: UInt8 {
    /// There may be more payload, or more to decode.
    case progress
    /// It needs more bytes from the link.
    case needMore
    /// The remote closed the framing.
    case closed
}

extension Connection {
    /// Whether WebSocket frames lie between the link and Noise, and our role there.
    public struct WebSocketRole: Sendable {
        typealias Framing = @Sendable (ConnectionLimits, _ entropy: Secret) throws(WebSocketFault) -> any LinkFraming

        let framing: Framing?

        /// The link's bytes are Noise's.
        public static var none: WebSocketRole { WebSocketRole(framing: nil) }

        /// The role of a server, which answers the opening handshake.
        public static var server: WebSocketRole {
            WebSocketRole { limits, _ throws(WebSocketFault) in WebSocketLayer(serverWithin: limits) }
        }

        /// The role of a client, which begins the opening handshake.
        /// - Parameters:
        ///   - host: As in the `Host` header (with `:port` unless it is the scheme's own).
        ///   - path: The path, from the first slash.
        public static func client(host: [UInt8], path: [UInt8]) -> WebSocketRole {
            WebSocketRole { limits, entropy throws(WebSocketFault) in
                try WebSocketLayer(host: host, path: path, limits: limits, entropy: entropy)
            }
        }
    }
}
