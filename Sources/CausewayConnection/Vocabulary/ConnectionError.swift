public import CausewayIdentity

/// Why a connection ended or never came to be, by whose fault. Behind one pointer, as `StreamError` is: errors are made seldom and handed
/// through every layer, where each copy of a large enum is code of its own.
public indirect enum ConnectionError: Error, Equatable, Sendable {
    /// The remote broke a protocol: which, and its own code for it (`NoiseFault`, `YamuxFault`, ... raw values).
    case peerFault(Layer, code: UInt16)
    /// The remote proved to be somebody else than it was dialled as.
    case wrongPeer(expected: PeerID, actual: PeerID)
    /// The remote speaks none of our security or muxer protocols.
    case noCommonProtocol(Layer)
    /// A deadline of ours passed: which phase.
    case timedOut(Layer)
    /// A limit of ours was reached: which (`ConnectionLimits` or node limit), and its value.
    case limit(LimitName, value: UInt64)
    /// The link below failed: `errno`, or 0 for an orderly end in the midst of things.
    case link(errno: Int32)
    /// The remote said go-away: Yamux code 0 normal, 1 protocol error, 2 internal error.
    case goAway(code: UInt32)
    /// We closed it: by wish of the application, of pruning, or at shutdown.
    case closed(CloseReason)

    /// Which protocol of the stack is meant.
    public enum Layer: UInt8, Sendable {
        case transport, tls, webSocket, multistream, noise, yamux, dns, circuit, dataChannel, signalling, ping
    }
}

/// Why we closed a connection ourselves.
public enum CloseReason: UInt8, Sendable {
    /// The application asked (`hangUp`).
    case application
    /// Over the node's connection limits.
    case pruned
    /// A newer or better connection of the same peer took its place.
    case superseded
    /// The node shuts down.
    case shutdown
    /// The dial was cancelled.
    case cancelled
    /// No sign of life: a keep-alive was not answered.
    case unresponsive
}

/// Every limit that can be named in an error. Values and reasons are in `ConnectionLimits` and `NodeLimits`.
public enum LimitName: UInt8, Sendable {
    case streamsPerConnection, streamsAwaitingAccept, frameSize, messageSize, pendingControlFrames, queuedBytesPerStream, receiveWindow
    case connections, connectionsPerAddress, connectionsPerNetwork, pendingConnections, descriptors
    case reservations, reservationsPerAddress, circuits, circuitsPerPeer, circuitsPerSource, circuitsPerAddress
    case circuitBytes, circuitDuration, addressesPerPeer
    case fruitlessStreams, sentAhead, heldPerConnection, heldPerPeer, heldPerPlace, held
}

/// Why one stream ended before its time, or never opened.
public indirect enum StreamError: Error, Equatable, Sendable {
    /// The remote reset it, with its error code where it sent one.
    case reset(code: UInt32)
    /// We reset it.
    case resetLocally
    /// The remote supports none of the proposed protocols.
    case unsupportedProtocol
    /// The remote broke multistream-select or Yamux on this stream.
    case peerFault(ConnectionError.Layer, code: UInt16)
    case timedOut
    case limit(LimitName, value: UInt64)
    /// The circuit that carried it reached its limit: which (`circuitBytes` or `circuitDuration`), its value (bytes or seconds), and how
    /// many bytes had moved.
    case circuitLimit(LimitName, value: UInt64, moved: UInt64)
    /// The connection ended.
    case connection(ConnectionError)
    /// Misuse: written after `finish`, or a stream id that does not exist.
    case closed
    /// Only a limited (relayed) connection exists, and the protocol did not opt in to run on it.
    case limitedConnection
    case notConnected
    /// The task that waited was cancelled.
    case cancelled
    /// Misuse: another task is already reading, or writing.
    case busy
}
