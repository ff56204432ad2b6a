import CausewayConnection

/// A request and its answer on an accepted socket that may become a WebSocket or a download of a page. The request's head decides.
final class PageExchange {
    /// The kind of link that the socket becomes, if it becomes one.
    let kind: ListenKinds
    /// When the answer must be out, however slowly the remote reads it.
    var end = Instant.distantFuture
    /// Everything up to the head's end, and whatever arrived with it.
    private(set) var received: [UInt8] = []
    private var reader: HTTPRequestReader
    private var isWhole = false
    private var response: HTTPResponse?
    private var sent = 0

    init(_ kind: ListenKinds, headLimit: Int) {
        self.kind = kind
        reader = HTTPRequestReader(headLimit: headLimit)
    }

    enum Step {
        case incomplete
        case request(HTTPRequest)
        case refused(WebSocketFault)
    }

    /// Bytes behind a complete request are ignored.
    func receive(_ bytes: UnsafeRawBufferPointer) { if !isWhole { received.append(contentsOf: bytes) } }

    /// What to do next. Reports a complete request once.
    func step() -> Step {
        guard !isWhole else { return .incomplete }
        do throws(WebSocketFault) {
            var found: HTTPRequest?
            var fault: WebSocketFault?
            received.withUnsafeBytes { bytes in
                do throws(WebSocketFault) { found = try reader.receive(bytes) } catch { fault = error }
            }
            if let fault { throw fault }
            guard let found else { return .incomplete }
            isWhole = true
            if !found.isUpgrade { received = [] }
            return .request(found)
        } catch {
            isWhole = true
            received = []
            return .refused(error)
        }
    }

    // MARK: The answer

    func respond(_ response: HTTPResponse) { self.response = self.response ?? response }

    var isAnswered: Bool { response != nil }

    /// Whether the socket has taken the whole answer.
    var isSent: Bool { response.map { sent == $0.head.count + $0.body.count } ?? false }

    /// Gives the next bytes to `take`, which returns how many of them were sent.
    func send(_ take: (UnsafeRawBufferPointer) -> Int) -> Int {
        guard let response, !isSent else { return 0 }
        let isHead = sent < response.head.count
        let start = isHead ? sent : sent - response.head.count
        let taken = (isHead ? response.head : response.body).withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        sent += taken
        return taken
    }
}
