public import CausewayIdentity

/// Finds out how the NATs before this machine treat UDP of one address family: asks several STUN servers from one socket, and sends
/// datagrams from a second socket to the first one's public endpoint and back (hairpinning, RFC 4787, section 6).
///
/// Both sockets send to each other, so that the filter of a NAT does not hide that it hairpins.
public struct MappingSurvey {
    /// Of the two sockets: the one that asks all servers, and the one for hairpinning.
    public enum Socket: UInt8, Sendable { case first, second }

    /// A datagram that is due.
    public struct Datagram: Equatable, Sendable {
        public let socket: Socket
        public let remote: Endpoint
        public let size: Int
    }

    /// Bound: servers that one survey asks.
    public static let servers = 16
    /// How often each socket sends to the other, and how long after.
    static let hairpins = 3
    static let hairpinPause = Interval.milliseconds(150)

    private struct Question {
        var client: STUNClient
        var sentAt: Instant
        var roundTrip: Interval?
    }

    private enum Hairpin {
        case none
        /// The second socket asks where it is seen.
        case asking(STUNClient)
        case sending(to: Endpoint, count: Int, at: Instant)
        case over(Bool)
    }

    private var questions: [Question] = []
    private var hairpin = Hairpin.none
    /// The second socket sends after the first.
    private var secondIsDue: Endpoint?
    private let hairpinID: TransactionID
    private var transactions: TransactionSource
    private let limits: STUNLimits
    /// The first socket's own endpoint.
    private var local: Endpoint?

    /// - Parameter secret: 32 random bytes.
    public init(secret: [UInt8], limits: STUNLimits = STUNLimits()) {
        transactions = TransactionSource(.transactions, secret: secret)
        hairpinID = transactions.next()
        self.limits = limits
    }

    /// Asks one more server, unless it is asked already.
    /// - Parameter local: the first socket's own endpoint, with the address from which that server is reached.
    public mutating func ask(_ server: Endpoint, from local: Endpoint, now: Instant) {
        guard questions.count < Self.servers, !questions.contains(where: { $0.client.server == server }) else { return }
        self.local = self.local ?? local
        questions.append(Question(client: STUNClient(server, transactions.next(), now: now, limits: limits), sentAt: now))
    }

    // MARK: What is due

    /// Writes a datagram that is due into the buffer, which has `STUNLimits.messageSize` bytes. nil: none is.
    public mutating func poll(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> Datagram? {
        for index in questions.indices {
            guard let size = questions[index].client.poll(into: buffer, now: now) else { continue }
            questions[index].sentAt = now
            return Datagram(socket: .first, remote: questions[index].client.server, size: size)
        }
        return pollHairpin(into: buffer, now: now)
    }

    private mutating func pollHairpin(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> Datagram? {
        if let first = secondIsDue {
            secondIsDue = nil
            return hairpinDatagram(from: .second, to: first, into: buffer)
        }
        switch hairpin {
        case .asking(var client):
            let size = client.poll(into: buffer, now: now)
            hairpin = client.outcome == nil ? .asking(client) : .none
            return size.map { Datagram(socket: .second, remote: client.server, size: $0) }
        case .sending(let second, let count, let at):
            guard at <= now, let first = mapped else { return nil }
            guard count < Self.hairpins else {
                hairpin = .over(false)
                return nil
            }
            hairpin = .sending(to: second, count: count + 1, at: now + Self.hairpinPause)
            secondIsDue = first
            return hairpinDatagram(from: .first, to: second, into: buffer)
        case .none, .over: return nil
        }
    }

    private func hairpinDatagram(from socket: Socket, to remote: Endpoint, into buffer: UnsafeMutableRawBufferPointer) -> Datagram {
        var writer = STUNWriter(.request, hairpinID, into: buffer)
        return Datagram(socket: socket, remote: remote, size: writer.finish())
    }

    /// When to poll again, if nothing comes before.
    public var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for one in questions { soonest = min(soonest, one.client.nextDeadline) }
        switch hairpin {
        case .asking(let client): return min(soonest, client.nextDeadline)
        case .sending(_, _, let at): return min(soonest, at)
        case .none, .over: return soonest
        }
    }

    // MARK: What comes

    /// A datagram has come. What is no answer to the survey is ignored.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer, on socket: Socket, from remote: Endpoint, now: Instant) {
        guard let message = try? STUNMessage(bytes) else { return }
        if message.kind == .request {
            if case .sending = hairpin, message.transaction == hairpinID { hairpin = .over(true) }
            return
        }
        switch (socket, hairpin) {
        case (.first, _): answered(message, from: remote, now: now)
        case (.second, .asking(var client)):
            guard client.receive(message, from: remote) else { return }
            hairpin = .none
            if case .mapped(let second)? = client.outcome { hairpin = .sending(to: second, count: 0, at: now) }
        case (.second, _): return
        }
    }

    private mutating func answered(_ message: STUNMessage, from remote: Endpoint, now: Instant) {
        for index in questions.indices where questions[index].client.receive(message, from: remote) {
            questions[index].roundTrip = now - questions[index].sentAt
            guard case .none = hairpin, case .mapped(let endpoint)? = questions[index].client.outcome, endpoint != local else { return }
            hairpin = .asking(STUNClient(remote, transactions.next(), now: now, limits: limits))
            return
        }
    }

    // MARK: Results

    /// Whether nothing is awaited any more.
    public var isSettled: Bool {
        guard questions.allSatisfy({ $0.client.outcome != nil }) else { return false }
        switch hairpin {
        case .none, .over: return true
        case .asking, .sending: return false
        }
    }

    /// One for each server, in the order of asking.
    public var answers: [STUNAnswer] {
        questions.map { STUNAnswer(server: $0.client.server, outcome: $0.client.outcome, roundTrip: $0.roundTrip) }
    }

    /// Where the first server that has answered sees the first socket.
    private var mapped: Endpoint? {
        for answer in answers { if let mapped = answer.mapped { return mapped } }
        return nil
    }

    /// Whether the NAT sends datagrams back in that are meant for its own public endpoints. nil: there is no NAT, nobody has answered, or
    /// it cannot be told, because the NAT maps the sockets anew for each remote.
    public var hairpins: Bool? {
        guard case .over(let works) = hairpin else { return nil }
        return works || mapping?.isDependent != true ? works : nil
    }

    /// How the NATs map the first socket. nil: nobody has answered.
    public var mapping: NATMapping? {
        guard let local else { return nil }
        return NATMapping(of: local, answers.compactMap { answer in answer.mapped.map { (answer.server, $0) } })
    }
}
