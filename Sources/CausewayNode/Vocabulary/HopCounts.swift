/// What a relay has and had to do, for its live line and its metrics.
public struct HopCounts: Equatable, Sendable {
    /// At this moment.
    public var reservations = 0
    public var circuits = 0
    /// Circuits whose target has not answered yet.
    public var pendingCircuits = 0
    public var hopStreams = 0
    /// Since the start.
    public var reservationsMade: UInt64 = 0
    public var reservationsRefreshed: UInt64 = 0
    public var reservationsRefused: UInt64 = 0
    public var circuitsOpened: UInt64 = 0
    public var circuitsRefused: UInt64 = 0
    /// Moved by circuits that have ended, both directions together.
    public var bytesMoved: UInt64 = 0

    public init() {}
}
