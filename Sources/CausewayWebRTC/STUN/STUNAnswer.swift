public import CausewayIdentity

/// What came of asking one STUN server for the public endpoint of a socket.
public struct STUNAnswer: Equatable, Sendable {
    public let server: Endpoint
    /// nil: it was still to answer when the asking ended.
    public let outcome: STUNClient.Outcome?
    /// From the request that was sent last to the answer.
    public let roundTrip: Interval?

    public init(server: Endpoint, outcome: STUNClient.Outcome?, roundTrip: Interval? = nil) {
        self.server = server
        self.outcome = outcome
        self.roundTrip = roundTrip
    }

    /// Where the server sees the socket.
    public var mapped: Endpoint? { if case .mapped(let endpoint)? = outcome { endpoint } else { nil } }
}
