public import CausewayConnection

/// The answer to a request.
public indirect enum Answer: Equatable, Sendable {
    /// A connection to the peer is open.
    case connected(ConnectionDescription)
    /// No connection. One outcome for each address tried; empty if none was known.
    case notConnected([DialOutcome])
    case reserved(Reservation)
    case notReserved(ReservationError)
    case pong(Interval)
    case noPong(StreamError)
    /// The number of peers to which the message was sent at once.
    case published(peers: Int)
    case notPublished(PublishError)
    case cancelled
}
