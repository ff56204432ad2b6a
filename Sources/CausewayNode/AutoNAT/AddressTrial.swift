import CausewayIdentity

/// What servers of AutoNAT found out about one address of this node.
final class AddressTrial {
    private final class Result {
        let voice: Voice
        let isReached: Bool

        init(_ voice: Voice, isReached: Bool) {
            self.voice = voice
            self.isReached = isReached
        }
    }

    let address: Multiaddr
    private let limits: AutoNATClientLimits
    /// Only remotes have named the address. Then each network has one voice: a remote that names an address falsely could run the server,
    /// too, and reach the node at another one.
    var isHearsay: Bool
    /// The newest ones.
    private var results: [Result] = []
    /// Requests that name this address first, and have no answer yet.
    var running = 0
    private(set) var nextAsk: Instant
    private var answers = 0
    private var refusals = 0
    private(set) var verdict = OwnAddress.Verdict.unknown

    init(_ address: Multiaddr, isHearsay: Bool, limits: AutoNATClientLimits, now: Instant) {
        self.address = address
        self.isHearsay = isHearsay
        self.limits = limits
        nextAsk = now
    }

    var count: Int { results.count }

    /// How many more servers reached the node than did not.
    var margin: Int {
        var margin = 0
        for result in results { margin += result.isReached ? 1 : -1 }
        return margin
    }

    func hasHeard(_ voice: Voice) -> Bool {
        for result in results where result.voice == voice { return true }
        return false
    }

    /// Whether to ask another server.
    func isDue(at now: Instant) -> Bool { nextAsk <= now && running < max(1, limits.confidence - abs(margin)) }

    /// A server has dialled the address.
    func add(_ voice: Voice, isReached: Bool, now: Instant) {
        var left: [Result] = []
        for result in results where !isHearsay || result.voice != voice { left.append(result) }
        left.append(Result(voice, isReached: isReached))
        if left.count > limits.window { left.removeFirst() }
        results = left
        answers += 1
        refusals = 0
        if margin >= limits.confidence { verdict = .reachable }
        if margin <= -limits.confidence { verdict = .unreachable }
        guard abs(margin) >= limits.confidence || answers >= limits.resultsAtOnce else { return }
        answers = 0
        nextAsk = now + limits.recheck
    }

    /// A server would not dial it.
    func refused(now: Instant) {
        refusals += 1
        guard refusals >= limits.refusals else { return }
        refusals = 0
        nextAsk = now + limits.refusalTime
    }
}
