import CausewayConnection
import CausewayIdentity

extension Multiaddr {
    /// Leads to a direct connection, by WebRTC over a relayed one.
    var isUpgradedCircuit: Bool { isCircuit && transport == .webRTC }
}

/// One address under trial.
final class DialAttempt {
    enum Step {
        case waiting
        /// A name's look-up.
        case resolving
        /// A circuit's relay is being dialled.
        case reachingRelay
        case dialling
        /// The circuit stands; WebRTC's signalling is to make a direct connection of it.
        case upgrading
        case over
    }
    enum Group: Int { case local, wide, relayed }

    let peer: PeerID
    /// Without `/p2p/<peer>` at its end; a circuit's ends in `/p2p-circuit`.
    let address: Multiaddr
    /// Who says so. The user may name what was only heard before.
    var origin: AddressOrigin
    /// How many `/dnsaddr` records led to it.
    let level: Int
    let group: Group
    /// Lower ones are tried first.
    let rank: Int
    /// Stands for addresses that a look-up has to find.
    let isName: Bool
    var step = Step.waiting
    /// While it waits: not before this moment, whatever its turn.
    var heldUntil = Instant(nanoseconds: 0)
    /// What it is to become, or the number of its name's look-up.
    var link: UInt32 = 0
    var localAddress: Multiaddr?
    /// Its link was told to give it up if it can be.
    var isGivenUp = false
    var startedAt: Instant
    var deadline = Instant.distantFuture

    init(_ address: Multiaddr, of peer: PeerID, _ origin: AddressOrigin, level: Int, isName: Bool, now: Instant) {
        startedAt = now
        self.peer = peer
        self.address = address
        self.origin = origin
        self.isName = isName
        self.level = level
        let reach = address.reach
        var group =
            switch reach {
            case .loopback, .privateNetwork, .linkLocal: Group.local
            default: Group.wide
            }
        // TCP, then WebSocket, then WebSocket over TLS, which cost more bytes and round trips each; IPv6 before IPv4 (RFC 8305); loopback
        // last, where it rarely is the peer that was meant.
        var rank =
            switch address.transport {
            case .tcp: 0
            case .webSocket(let secure): secure ? 4 : 2
            default: 6
            }
        if case .ip(let ip)? = address.host, ip.count == 4 { rank += 1 }
        if address.isCircuit { group = .relayed } else if reach == .loopback { rank += 8 }
        self.group = group
        self.rank = rank
    }

    var isWaiting: Bool { step == .waiting }
    var isOver: Bool { step == .over }

    /// In which of our phases a time-out hits it.
    var layer: ConnectionError.Layer {
        switch step {
        case .resolving: .dns
        case .reachingRelay: .circuit
        case .upgrading: .signalling
        case .waiting, .dialling, .over: group == .relayed ? .circuit : .transport
        }
    }
}

/// All that goes on to reach one peer.
final class PeerDial {
    let peer: PeerID
    let startedAt: Instant
    var requests: [DialRequest] = []
    /// In the order of trial.
    var attempts: [DialAttempt] = []
    var outcomes: [DialOutcome] = []
    /// By group: the next attempt does not start before. Happy eyeballs (RFC 8305).
    var nextStart: [Instant]
    /// Relayed addresses wait for the direct ones' head start to pass.
    var isRelayedHeldBack = true
    /// Addresses in all, those included that were only led to by names.
    var addressCount = 0
    // Of them, what only remotes named.
    private var heardAddresses = 0
    private var heardDirect = 0
    private var heardNames = 0

    init(_ peer: PeerID, now: Instant) {
        self.peer = peer
        startedAt = now
        nextStart = [now, now, now]
    }

    var isOver: Bool {
        for attempt in attempts where !attempt.isOver { return false }
        return true
    }

    var hasDirectAttempts: Bool {
        for attempt in attempts where !attempt.isOver && attempt.group != .relayed { return true }
        return false
    }

    /// How many attempts are under way.
    var active: Int {
        var count = 0
        for attempt in attempts where !attempt.isOver && !attempt.isWaiting { count += 1 }
        return count
    }

    /// How many look-ups are.
    var lookUps: Int {
        var count = 0
        for attempt in attempts where attempt.step == .resolving { count += 1 }
        return count
    }

    /// Somebody waits whose time is not over.
    func isAwaited(at now: Instant) -> Bool {
        for request in requests where request.deadline > now { return true }
        return false
    }

    /// No request takes a relayed connection.
    var directOnly: Bool {
        for request in requests where !request.directOnly { return false }
        return true
    }

    /// Whether an address was tried or refused before. One that was only held back is tried after all when the user names it.
    func takes(_ address: Multiaddr, _ origin: AddressOrigin) -> Bool {
        for attempt in attempts where attempt.address == address && !attempt.isGivenUp {
            attempt.origin = max(attempt.origin, origin)
            return false
        }
        for index in outcomes.indices where outcomes[index].address == address {
            guard origin == .named, outcomes[index].result == .backedOff || outcomes[index].result == .hearsay else { return false }
            outcomes.remove(at: index)
            return true
        }
        return true
    }

    /// Counts an address that only remotes named; false: it is one too many.
    func takesHearsay(_ attempt: DialAttempt, limits: NodeLimits) -> Bool {
        let isDirect = attempt.group != .relayed
        guard heardAddresses < limits.heardAddresses, !isDirect || heardDirect < limits.heardDirectAddresses,
            !attempt.isName || heardNames < limits.heardNames
        else { return false }
        heardAddresses += 1
        if isDirect { heardDirect += 1 }
        if attempt.isName { heardNames += 1 }
        return true
    }

    func insert(_ attempt: DialAttempt) {
        var index = 0
        while index < attempts.count, !attempts[index].isWaiting || attempts[index].rank <= attempt.rank { index += 1 }
        attempts.insert(attempt, at: index)
    }
}
