/// The remote's requests to begin its streams anew (RFC 6525, section 5.2.2). One whose data is not all here is held until it is.
struct IncomingResets {
    struct Request {
        let number: RequestNumber
        let last: TSN
        /// None means all.
        let streams: [StreamID]
    }

    enum Decision: Equatable {
        /// It is new: perform it, then call `finish`; or `hold` it.
        case new
        case answer(ReconfigurationResult)
    }

    /// The number of the next request.
    private var expected: RequestNumber
    private var lastResult = ReconfigurationResult.nothingToDo
    private(set) var held: Request?

    init(initialTSN: TSN) { expected = RequestNumber(initialTSN.raw) }

    /// The last request that was taken in.
    var answered: RequestNumber { expected.previous }

    func look(at number: RequestNumber) -> Decision {
        if number == expected, held == nil { return .new }
        if number == answered { return .answer(lastResult) }
        return .answer(.badNumber)
    }

    mutating func hold(_ request: Request) {
        held = request
        finish(.inProgress)
    }

    mutating func finish(_ result: ReconfigurationResult) {
        expected = expected.next
        lastResult = result
    }

    /// The held request, if all of its data is here now. It counts as performed.
    mutating func release(cumulative: TSN) -> Request? {
        guard let request = held, request.last <= cumulative else { return nil }
        held = nil
        lastResult = .performed
        return request
    }
}
