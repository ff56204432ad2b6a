/// What an association tells its owner.
public enum AssociationEvent {
    /// The handshake is done: the other side hears what is sent, and what it sends may follow.
    case connected
    /// The owner calls `consumed` when it has taken the bytes.
    case part(MessagePart)
    /// The rest of the ordered message that had begun will not come: the remote gave it up, or reset the stream.
    case messageAbandoned(StreamID)
    /// The remote has reset its direction of a stream. Everything that it sent before has been delivered (RFC 6525, section 5.2.2).
    case streamReset(StreamID)
    /// What the remote sent on a stream could not be taken. The rest is discarded, and this side's direction is being reset.
    case streamFailed(StreamID, StreamFault)
    /// The reset of this side's direction is done: its messages were acknowledged, and it begins anew.
    case resetComplete(StreamID)
    /// The remote refuses to let this side's direction begin anew. The stream is not to be used any more.
    case resetRefused(StreamID)
    /// The bytes that wait on a stream have become as few as the owner wanted.
    case bufferedAmountLow(StreamID)
    /// After `SendError.bufferFull`: half of the bounds are free again.
    case roomToSend
    /// The last event. nil: both sides shut down in order.
    case closed(AssociationError?)
}

/// Why what arrives on a stream is not taken.
public enum StreamFault: Error, Equatable, Sendable {
    /// A message is longer than `SCTPLimits.messageBytes`.
    case messageTooLong
    /// The fragments of a message do not follow each other, or a message is missing.
    case outOfSequence
    /// There are `SCTPLimits.streams` streams.
    case tooManyStreams
    /// The application left so much data lying that no other stream got any.
    case starvesOthers
}

/// Why an association ended.
public enum AssociationError: Error, Equatable, Sendable {
    /// Neither INIT nor COOKIE ECHO was answered.
    case handshakeTimeout
    /// The remote stopped answering.
    case remoteGone
    /// The remote aborted, with the code of its first error cause (RFC 9260, section 3.3.10).
    case abortedByRemote(cause: UInt16?)
    /// The remote began the association anew, so everything before is lost.
    case restartedByRemote
    /// What the remote sent cannot be part of an association.
    case protocolViolation(AssociationViolation)
    /// This side's `abort`.
    case aborted
}

/// What the remote did wrong.
public enum AssociationViolation: Equatable, Sendable {
    /// An INIT or INIT ACK without streams, tag or cookie.
    case badInitiation
    /// A DATA chunk without data.
    case emptyData
    /// It acknowledged what was never sent.
    case acknowledgedUnsent
}

/// Why the application's message was not taken.
public enum SendError: Error, Equatable, Sendable {
    /// The association is closing or closed.
    case notOpen
    /// The message is empty; SCTP has no such message.
    case empty
    /// `SCTPLimits.sendBuffer` or `SCTPLimits.sentMessages` is reached: wait for `roomToSend`.
    case bufferFull
    /// The remote takes no stream with this number.
    case noSuchStream
    /// The stream is being reset.
    case streamClosing
}
