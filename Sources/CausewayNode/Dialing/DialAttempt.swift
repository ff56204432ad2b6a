import CausewayConnection
import CausewayIdentity

extension Multiaddr {
    /// Whether the address leads to a direct connection by WebRTC, made over a relayed one.
    var isUpgradedCircuit: Bool { isCircuit && transport == .webRTC }
}

/// An attempt to dial one address.
final class DialAttempt {
    enum Step {
        case waiting
        /// A name is being looked up.
        case resolving
        /// The relay of a circuit is being dialled.
        case reachingRelay
        case dialling
        /// The circuit is open, and WebRTC's signalling is making a direct connection from it.
        case upgrading
        case over
    }
    enum Group: Int { case local, wide, relayed }

    let peer: PeerID
    /// Of the `PeerDial` that it belongs to.
    let key: [UInt8]
    /// Without `/p2p/<peer>` at its end. A circuit's address ends in `/p2p-circuit`.
    let address: Multiaddr
    /// Who named the address. The origin rises when the user names an address that only remotes had named.
    var origin: AddressOrigin
    /// The name of the host if a look-up of it led to the address.
    let hostName: [UInt8]?
    /// Of the request that led to it.
    let policy: DialPolicy
    /// How many `/dnsaddr` records led to the address.
    let level: Int
    let group: Group
    /// Attempts with lower ranks start first.
    let rank: Int
    /// Whether a look-up must first turn the address into others.
    let isName: Bool
    var step = Step.waiting
    /// While the attempt waits, it must not start before this moment.
    var heldUntil = Instant(nanoseconds: 0)
    /// The number of the link to be made, or of the look-up.
    var link: UInt32 = 0
    /// The link was asked to end if its transport is not connected yet.
    var isGivenUp = false
    var startedAt: Instant
    var deadline = Instant.distantFuture
    /// How far the peer connection came to which the address leads.
    var peerConnection: PeerConnectionReport?

    init(
        _ address: Multiaddr, hostName: [UInt8]?, of dial: PeerDial, _ origin: AddressOrigin, _ policy: DialPolicy, level: Int,
        isName: Bool, now: Instant
    ) {
        startedAt = now
        peer = dial.peer
        key = dial.key
        self.policy = policy
        self.address = address
        self.hostName = hostName
        self.origin = origin
        self.isName = isName
        self.level = level
        let reach = address.reach
        var group =
            switch reach {
            case .loopback, .privateNetwork, .linkLocal: Group.local
            default: Group.wide
            }
        // TCP, then WebSocket, then WebSocket over TLS, then WebRTC, because each costs more bytes and round trips. IPv6 before IPv4 (RFC
        // 8305). Loopback last, because it rarely leads to the intended peer.
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

    /// The layer that a time-out at this step names.
    var layer: ConnectionError.Layer {
        switch step {
        case .resolving: .dns
        case .reachingRelay: .circuit
        case .upgrading: .signalling
        case .waiting, .dialling, .over: group == .relayed ? .circuit : .transport
        }
    }
}

/// Everything that goes on to reach one peer, for all requests that share it, or for one that shares nothing.
final class PeerDial {
    let peer: PeerID
    /// The peer's id; longer if the dial belongs to one request.
    let key: [UInt8]
    private let policy: DialPolicy
    let startedAt: Instant
    var requests: [DialRequest] = []
    /// In the order in which they start.
    var attempts: [DialAttempt] = []
    var outcomes: [DialOutcome] = []
    /// For each group, the next attempt does not start before this moment. Happy eyeballs (RFC 8305).
    var nextStart: [Instant]
    /// Whether relayed addresses still wait for the direct ones' head start to pass.
    var isRelayedHeldBack = true
    /// The number of all addresses, including those that only look-ups found.
    var addressCount = 0
    // Among them, the addresses that only remotes named.
    private var heardAddresses = 0
    private var heardDirect = 0
    private var heardNames = 0

    init(_ request: DialRequest, now: Instant) {
        peer = request.peer
        key = PeerDial.key(of: request)
        policy = request.policy
        startedAt = now
        nextStart = [now, now, now]
    }

    static func key(of request: DialRequest) -> [UInt8] {
        var key = request.peer.bytes
        if !request.policy.reuses { for shift in [0, 8, 16, 24] { key.append(UInt8(truncatingIfNeeded: request.number >> shift)) } }
        return key
    }

    /// Whether it is for all requests that share it.
    var isShared: Bool { policy.reuses }

    var isOver: Bool {
        for attempt in attempts where !attempt.isOver { return false }
        return true
    }

    var hasDirectAttempts: Bool {
        for attempt in attempts where !attempt.isOver && attempt.group != .relayed { return true }
        return false
    }

    /// How many attempts are running.
    var active: Int {
        var count = 0
        for attempt in attempts where !attempt.isOver && !attempt.isWaiting { count += 1 }
        return count
    }

    /// How many look-ups are running.
    var lookUps: Int {
        var count = 0
        for attempt in attempts where attempt.step == .resolving { count += 1 }
        return count
    }

    /// Whether a request that is not past its deadline still waits.
    func isAwaited(at now: Instant) -> Bool {
        for request in requests where request.deadline > now { return true }
        return false
    }

    /// Whether no request accepts a relayed connection.
    var directOnly: Bool {
        for request in requests where request.policy.path != .direct { return false }
        return true
    }

    /// Whether to add the address: it was neither tried nor refused before. If the user names an address that was only held back, it is
    /// tried after all.
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

    /// Counts an address that only remotes named. Returns false if it exceeds the limit.
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
