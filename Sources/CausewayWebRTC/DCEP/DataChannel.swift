/// A data channel: a stream of the association with a name (RFC 8831).
final class DataChannel {
    let id: StreamID
    let isOrdered: Bool
    /// The remote knows it: messages may be sent unordered (RFC 8832, section 6).
    var isAcknowledged: Bool
    /// This side's direction is reset, and the remote's.
    var isLocallyReset = false
    var isRemotelyReset = false
    /// This side's direction is being reset, so the application is done with it.
    var isClosing = false

    init(_ id: StreamID, isOrdered: Bool, isAcknowledged: Bool) {
        self.id = id
        self.isOrdered = isOrdered
        self.isAcknowledged = isAcknowledged
    }
}
