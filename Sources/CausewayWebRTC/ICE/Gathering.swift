import CausewayIdentity

/// The questions to STUN servers, of which server-reflexive candidates come (RFC 8445, section 5.1.1.2): each socket asks each server of
/// its family.
struct Gathering {
    private struct Question {
        let base: LocalBase
        var client: STUNClient
    }

    private var waiting: [(base: LocalBase, server: Endpoint)] = []
    private var asked: [Question] = []
    private let limits: STUNLimits

    init(_ bases: [LocalBase], servers: [Endpoint], limits: ICELimits) {
        self.limits = limits.retransmission
        for server in servers.prefix(limits.servers) {
            for base in bases where base.reaches(server) { waiting.append((base, server)) }
        }
    }

    var hasWaiting: Bool { !waiting.isEmpty }
    var isDone: Bool {
        for question in asked where question.client.outcome == nil { return false }
        return waiting.isEmpty
    }

    var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for question in asked { soonest = min(soonest, question.client.nextDeadline) }
        return soonest
    }

    /// Begins with the next question.
    mutating func start(_ transaction: TransactionID, now: Instant) {
        let next = waiting.removeFirst()
        asked.append(Question(base: next.base, client: STUNClient(next.server, transaction, now: now, limits: limits)))
    }

    /// The datagram that is due.
    mutating func poll(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        for index in asked.indices {
            if let count = asked[index].client.poll(into: buffer, now: now) {
                return .send(count: count, ICEPath(socket: asked[index].base.socket, remote: asked[index].client.server))
            }
        }
        return nil
    }

    /// Takes a server's answer. nil: it is none, or says nothing of an address.
    mutating func receive(_ message: STUNMessage, over path: ICEPath) -> (base: LocalBase, mapped: Endpoint)? {
        for index in asked.indices where asked[index].base.socket == path.socket {
            if asked[index].client.receive(message, from: path.remote), case .mapped(let endpoint)? = asked[index].client.outcome {
                return (asked[index].base, endpoint)
            }
        }
        return nil
    }
}
