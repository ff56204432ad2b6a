import CausewayIdentity

/// T1-init and T1-cookie (RFC 9260, section 5.1): what waits for an answer during the handshake.
struct HandshakeTimer {
    /// The chunk that is sent again: COOKIE ECHO. nil: INIT is.
    var cookieEcho: [UInt8]?
    private(set) var deadline = Instant.distantFuture
    private(set) var tries = 0
    private var timeout = Self.first

    private static let first = Interval.milliseconds(500)
    private static let longest = Interval.seconds(5)

    mutating func sent(at now: Instant) {
        deadline = now + timeout
        timeout = min(Interval(nanoseconds: timeout.nanoseconds * 2), Self.longest)
        tries += 1
    }

    /// The next step of the handshake has its own tries.
    mutating func proceed(with cookieEcho: [UInt8]) {
        self = HandshakeTimer()
        self.cookieEcho = cookieEcho
    }

    mutating func stop() { self = HandshakeTimer() }
}
