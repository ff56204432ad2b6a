import CausewayIdentity

/// This side's requests to begin its streams anew (RFC 6525, sections 5.1.2 and 5.2.7). One request is outstanding at a time, and goes out
/// again until it is answered.
struct OutgoingResets {
    struct Request {
        let number: RequestNumber
        let streams: [StreamID]
        /// The last TSN that was sent before.
        let last: TSN
    }

    private(set) var request: Request?
    /// It is to be sent now.
    private(set) var isDue = false
    private(set) var deadline = Instant.distantFuture
    private(set) var timeouts = 0
    /// Streams of the next requests.
    private var waiting: [StreamID] = []
    private var next: RequestNumber

    /// Bound: aiortc takes no more streams in one request, and so a request fits into a packet.
    static let streamsPerRequest = 135

    /// Requests are numbered from the initial TSN on (RFC 6525, section 4.1).
    init(initialTSN: TSN) { next = RequestNumber(initialTSN.raw) }

    var isIdle: Bool { request == nil && waiting.isEmpty }

    /// - Parameter stream: one that waits for no reset yet.
    mutating func want(_ stream: StreamID) { waiting.append(stream) }

    /// Makes the next request of the streams whose messages have all been acknowledged.
    mutating func begin(last: TSN, isReady: (StreamID) -> Bool) {
        guard request == nil, !waiting.isEmpty else { return }
        var ready: [StreamID] = []
        var rest: [StreamID] = []
        for stream in waiting {
            if ready.count < Self.streamsPerRequest, isReady(stream) { ready.append(stream) } else { rest.append(stream) }
        }
        guard !ready.isEmpty else { return }
        waiting = rest
        request = Request(number: next, streams: ready, last: last)
        next = next.next
        isDue = true
        timeouts = 0
    }

    mutating func sent(at now: Instant, timeout: Interval) {
        isDue = false
        deadline = now + timeout
    }

    mutating func advance(at now: Instant) {
        guard request != nil, now >= deadline else { return }
        timeouts += 1
        isDue = true
        deadline = .distantFuture
    }

    /// The remote has answered.
    /// - Returns: the streams of the request, if that was the last word.
    mutating func answered(_ number: RequestNumber, _ result: ReconfigurationResult) -> [StreamID]? {
        guard let request, request.number == number else { return nil }
        timeouts = 0
        // The remote still misses data; or a request of its own is in the way. This one goes out again later.
        if result == .inProgress || result == .requestInProgress { return nil }
        self.request = nil
        isDue = false
        deadline = .distantFuture
        return request.streams
    }
}
