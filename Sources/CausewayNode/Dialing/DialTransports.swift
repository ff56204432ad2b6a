/// Kinds of addresses that a shell can dial by itself. Circuits are the node's own.
public struct DialTransports: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let tcp = DialTransports(rawValue: 1)
    public static let webSocket = DialTransports(rawValue: 2)
    public static let secureWebSocket = DialTransports(rawValue: 4)

    /// Dials host names as they are: the platform looks them up. `/dnsaddr` needs a resolver all the same.
    public static let hostNames = DialTransports(rawValue: 8)

    /// `/webrtc-direct`.
    public static let webRTCDirect = DialTransports(rawValue: 16)

    public static let native: DialTransports = [.tcp, .webSocket, .secureWebSocket]
    /// A page served over HTTPS may not open plain WebSockets.
    public static let browser: DialTransports = [.secureWebSocket, .hostNames]
}
