/// The kinds of addresses that a shell can dial. The node itself makes circuits.
public struct DialTransports: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let tcp = DialTransports(rawValue: 1)
    public static let webSocket = DialTransports(rawValue: 2)
    public static let secureWebSocket = DialTransports(rawValue: 4)

    /// Dial host names as they are: the platform looks them up, and offers no other look-up. `/dnsaddr` stays unresolved.
    public static let hostNames = DialTransports(rawValue: 8)

    /// `/webrtc-direct`.
    public static let webRTCDirect = DialTransports(rawValue: 16)

    public static let native = DialTransports(rawValue: 23)
    /// A page served over HTTPS cannot open plain WebSockets.
    public static let browser = DialTransports(rawValue: 12)
}
