import CausewayConnection

/// A request and its answer on an accepted socket that may become a WebSocket or be shown a page: its head decides.
final class PageExchange {
    /// What the socket is, should it become a link.
    let kind: ListenKinds
    /// When the answer, however slowly it is taken, has to be out.
    var end = Instant.distantFuture
    /// Everything up to the head's end, and what came with it.
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

    /// What follows a whole request is not looked at.
    func receive(_ bytes: UnsafeRawBufferPointer) { if !isWhole { received.append(contentsOf: bytes) } }

    /// Whether the request stands now; told once.
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

    /// All of the answer was taken.
    var isSent: Bool { response.map { sent == $0.head.count + $0.body.count } ?? false }

    /// Gives what is to be sent next to `take`, which says how much of it went.
    func send(_ take: (UnsafeRawBufferPointer) -> Int) -> Int {
        guard let response, !isSent else { return 0 }
        let isHead = sent < response.head.count
        let start = isHead ? sent : sent - response.head.count
        let taken = (isHead ? response.head : response.body).withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        sent += taken
        return taken
    }
}
