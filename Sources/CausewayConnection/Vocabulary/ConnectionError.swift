public import CausewayIdentity

/// Why a connection ended or was not established, and whose fault it was. It is one pointer, as `StreamError` is: errors are rare and pass
/// through every layer, and each copy of a large enum needs code of its own.
public indirect enum ConnectionError: Error, Equatable, Sendable {
    /// The remote violated a protocol: which one, and that protocol's own code (raw values of `NoiseFault`, `YamuxFault` …).
    case peerFault(Layer, code: UInt16)
    /// The remote is not the peer that was dialled.
    case wrongPeer(expected: PeerID, actual: PeerID)
    /// The remote supports none of our security or muxer protocols.
    case noCommonProtocol(Layer)
    /// A deadline of ours passed, in this phase.
    case timedOut(Layer)
    /// A limit of ours was reached: its name (in `ConnectionLimits` or `NodeLimits`) and its value.
    case limit(LimitName, value: UInt64)
    /// The link below failed with this `errno`. 0: it ended in order, but in the middle of something.
    case link(errno: Int32)
    /// The remote sent go-away: Yamux code 0 is normal, 1 a protocol error, 2 an internal error.
    case goAway(code: UInt32)
    /// We closed it, for this reason.
    case closed(CloseReason)

    /// A protocol of the stack.
    public enum Layer: UInt8, Sendable {
        case transport, tls, webSocket, multistream, noise, yamux, dns, circuit, dataChannel, signalling, ping, holePunching
    }
}

/// Why we closed a connection ourselves.
public enum CloseReason: UInt8, Sendable {
    /// The application asked (`hangUp`).
    case application
    /// The node had too many connections.
    case pruned
    /// A newer or better connection to the same peer replaced it.
    case superseded
    /// The node is shutting down.
    case shutdown
    /// The dial was cancelled.
    case cancelled
    /// The remote did not answer a keep-alive.
    case unresponsive
}

/// Every limit that an error can name. Values and reasons are in `ConnectionLimits` and `NodeLimits`.
public enum LimitName: UInt8, Sendable {
    case streamsPerConnection, streamsAwaitingAccept, frameSize, messageSize, pendingControlFrames, queuedBytesPerStream, receiveWindow
    case connections, connectionsPerAddress, connectionsPerNetwork, pendingConnections, descriptors
    case reservations, reservationsPerAddress, reservationsPerNetwork, circuits, circuitsPerPeer, circuitsPerSource, circuitsPerAddress
    case circuitBytes, circuitDuration, addressesPerPeer
    case fruitlessStreams, sentAhead, heldPerConnection, heldPerPeer, heldPerPlace, held
}

/// Why a stream ended early, or was not opened.
public indirect enum StreamError: Error, Equatable, Sendable {
    /// The remote reset it, with its error code if it sent one.
    case reset(code: UInt32)
    /// We reset it.
    case resetLocally
    /// The remote supports none of the proposed protocols.
    case unsupportedProtocol
    /// The remote violated multistream-select or Yamux on this stream.
    case peerFault(ConnectionError.Layer, code: UInt16)
    case timedOut
    case limit(LimitName, value: UInt64)
    /// The circuit that carried it reached its limit: the limit's name (`circuitBytes` or `circuitDuration`), its value (bytes or seconds),
    /// and how many bytes had moved.
    case circuitLimit(LimitName, value: UInt64, moved: UInt64)
    /// The connection ended.
    case connection(ConnectionError)
    /// Misuse: written after `finish`, or a stream that does not exist.
    case closed
    /// The only connection is relayed with limits, and the protocol did not opt in to run on it.
    case limitedConnection
    case notConnected
    /// The waiting task was cancelled.
    case cancelled
    /// Misuse: another task is already reading or writing.
    case busy
    #if !hasFeature(Embedded)
        /// A resumable stream could not go on.
        case resumption(ResumptionFault)
    #endif
}
