/// A relay's counts, for its live line and its metrics.
public struct RelayCounters: Equatable, Sendable {
    /// Current reservations.
    public var reservations = 0
    /// Current circuits.
    public var circuits = 0
    /// Circuits whose target has not answered yet.
    public var pendingCircuits = 0
    /// Streams of the hop protocol in progress.
    public var hopStreams = 0
    /// Reservations made since the start, not counting refreshes.
    public var reservationsMade: UInt64 = 0
    /// Refreshes since the start.
    public var reservationsRefreshed: UInt64 = 0
    /// Reservations refused since the start.
    public var reservationsRefused: UInt64 = 0
    /// Circuits opened since the start.
    public var circuitsOpened: UInt64 = 0
    /// Circuits refused since the start, whatever the reason.
    public var circuitsRefused: UInt64 = 0
    /// Bytes moved by circuits that have ended, both directions together.
    public var bytesMoved: UInt64 = 0

    /// A relay that has done nothing yet.
    public init() {}
}
