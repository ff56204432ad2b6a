public import CausewayIdentity

/// Asks one STUN server from one socket under which address it sees the socket: a server-reflexive candidate (RFC 8489, section 2).
public struct STUNClient {
    /// How the question ended.
    public enum Outcome: Equatable, Sendable {
        case mapped(Endpoint)
        /// The server refuses.
        case refused(STUNErrorCode)
        case noAnswer
    }

    public let server: Endpoint
    let transaction: TransactionID
    public private(set) var outcome: Outcome?
    private var retransmission: Retransmission

    /// - Parameter transaction: Drawn at random for this question, since nothing else tells the answer from a forged one.
    public init(_ server: Endpoint, _ transaction: TransactionID, now: Instant, limits: STUNLimits = STUNLimits()) {
        self.server = server
        self.transaction = transaction
        retransmission = Retransmission(at: now, interval: limits.retransmissionTimeout, limits: limits)
    }

    /// When to call `poll` again, if no answer comes before.
    public var nextDeadline: Instant { outcome == nil ? retransmission.nextAt : .distantFuture }

    /// Writes the datagram that is due to the server, and returns its size. nil: nothing is due.
    public mutating func poll(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> Int? {
        guard outcome == nil else { return nil }
        switch retransmission.step(at: now) {
        case .send:
            var writer = STUNWriter(.request, transaction, into: buffer)
            return writer.finish()
        case .giveUp:
            outcome = .noAnswer
            return nil
        case nil: return nil
        }
    }

    /// Whether it is the server's answer, which ends the transaction. An answer that says nothing useful is none.
    public mutating func receive(_ message: STUNMessage, from remote: Endpoint) -> Bool {
        guard outcome == nil, message.transaction == transaction, remote == server, message.unknownAttributes.isEmpty else { return false }
        switch message.kind {
        case .success:
            guard let mapped = message.mappedAddress else { return false }
            outcome = .mapped(mapped)
        case .failure:
            guard let error = message.errorCode else { return false }
            outcome = .refused(error)
        case .request, .indication: return false
        }
        return true
    }
}
