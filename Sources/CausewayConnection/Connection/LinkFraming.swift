public import CausewayIdentity

/// What lies between a link's bytes and Noise. A connection is given it, so that a shell whose connections have none (a browser frames its
/// WebSockets itself) does not link its code either. It is public because the compiler would take the one class of an internal protocol for
/// granted.
public protocol LinkFraming: AnyObject {
    /// What is sent before anything was received.
    var opening: [UInt8] { get }

    /// Takes the next step through `input`'s raw bytes: the opening handshake at first, whose end is the first progress, then frames.
    func fill(_ input: inout InputBuffer, wire: inout ByteQueue) throws(WebSocketFault) -> LinkFill

    /// Makes room for one message of `size` bytes and returns where they go.
    func reserve(_ size: Int, in wire: inout ByteQueue) -> UnsafeMutableRawPointer
    /// Completes that message once its bytes are there.
    func commit(_ size: Int, in wire: inout ByteQueue)

    /// The last frame: an orderly end, or the remote's fault.
    func sendClose(isFault: Bool, into wire: inout ByteQueue)
}

/// What a step through raw bytes came to.
public enum LinkFill: UInt8 {
    /// There may be more payload, or more to decode.
    case progress
    /// It takes more bytes from the link.
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

        /// Answers the opening handshake.
        public static var server: WebSocketRole {
            WebSocketRole { limits, _ throws(WebSocketFault) in WebSocketLayer(serverWithin: limits) }
        }

        /// Begins it.
        /// - Parameters:
        ///   - host: as for the `Host` header (with `:port` unless it is the scheme's own).
        ///   - path: from the first slash.
        public static func client(host: [UInt8], path: [UInt8]) -> WebSocketRole {
            WebSocketRole { limits, entropy throws(WebSocketFault) in
                try WebSocketLayer(host: host, path: path, limits: limits, entropy: entropy)
            }
        }
    }
}
