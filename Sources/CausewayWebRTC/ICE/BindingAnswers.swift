import CausewayIdentity

/// The answers that an agent owes to checks. There is an allowance of them, so that a remote who floods is answered at the pace of one who
/// does not.
struct BindingAnswers {
    private struct Answer {
        let transaction: TransactionID
        let path: ICEPath
        let error: STUNErrorCode?
        let unknown: [UInt16]
    }

    private var waiting: [Answer] = []
    private var allowance: Allowance
    private let limit: Int

    init(_ limits: ICELimits) {
        allowance = Allowance(atOnce: limits.answersAtOnce, perSecond: limits.answersPerSecond)
        limit = limits.waitingAnswers
    }

    /// Whether one more check may be acted upon and answered; counts it.
    mutating func allows(at now: Instant) -> Bool { waiting.count < limit && allowance.take(at: now) }

    /// Owes the answer to a check that was allowed and came over `path`.
    mutating func add(to message: STUNMessage, _ path: ICEPath, error: STUNErrorCode? = nil) {
        let unknown = error == .unknownAttribute ? message.unknownAttributes : []
        waiting.append(Answer(transaction: message.transaction, path: path, error: error, unknown: unknown))
    }

    mutating func next(password: [UInt8], into buffer: UnsafeMutableRawBufferPointer) -> ICEOutput? {
        guard !waiting.isEmpty else { return nil }
        let answer = waiting.removeFirst()
        var writer = STUNWriter(answer.error == nil ? .success : .failure, answer.transaction, into: buffer)
        if let error = answer.error {
            writer.append(error)
            if !answer.unknown.isEmpty { writer.append(unknownAttributes: answer.unknown) }
        } else {
            writer.append(mappedAddress: answer.path.remote)
        }
        return .send(count: writer.finish(password: password), answer.path)
    }
}
