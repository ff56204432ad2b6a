import CausewayConnection
import CausewayIdentity

extension Multiaddr {
    /// Leads to a direct connection, by WebRTC over a relayed one.
    var isUpgradedCircuit: Bool { isCircuit && transport == .webRTC }
}

/// Somebody waits for a connection to a peer.
struct DialRequest {
    enum Origin: Equatable {
        /// The application's number.
        case application(UInt32)
        /// A protocol: its own request number, and its index in `NodeState.protocols`.
        case part(request: UInt32, owner: Int)
        /// An attempt of ours that needs its relay: the link that it is to become.
        case circuit(link: UInt32)
    }
    let origin: Origin
    let allowsLimited: Bool
    /// Nothing that runs over a relay will do.
    let directOnly: Bool
    let deadline: Instant
}

/// One address under trial.
final class DialAttempt {
    enum Step {
        case waiting
        /// A name's lookup, under the request's number.
        case resolving(UInt32)
        /// A circuit's relay is being dialled.
        case reachingRelay
        case dialling
        /// The circuit stands; WebRTC's signalling is to make a direct connection of it.
        case upgrading
        case over
    }
    enum Group: Int, CaseIterable { case local, wide, relayed }

    /// Without `/p2p/<peer>` at its end; a circuit's ends in `/p2p-circuit`.
    let address: Multiaddr
    /// The user gave it: a back-off does not hold it back.
    let isExplicit: Bool
    /// How many `/dnsaddr` records led to it.
    let level: Int
    let group: Group
    /// Lower ones are tried first.
    let rank: Int
    var step = Step.waiting
    var link: UInt32 = 0
    var localAddress: Multiaddr?
    /// Its transport stands, so the remote may already count on the connection.
    var isLinked = false
    var startedAt = Instant(nanoseconds: 0)
    var deadline = Instant.distantFuture

    init(_ address: Multiaddr, isExplicit: Bool, level: Int) {
        self.address = address
        self.isExplicit = isExplicit
        self.level = level
        group = DialAttempt.group(of: address)
        rank = DialAttempt.rank(of: address)
    }

    var isWaiting: Bool { if case .waiting = step { true } else { false } }
    var isUpgrading: Bool { if case .upgrading = step { true } else { false } }
    var isOver: Bool { if case .over = step { true } else { false } }

    /// In which of our phases a time-out hits it.
    var layer: ConnectionError.Layer {
        switch step {
        case .resolving: .dns
        case .reachingRelay: .circuit
        case .upgrading: .signalling
        case .waiting, .dialling, .over: group == .relayed ? .circuit : .transport
        }
    }

    private static func group(of address: Multiaddr) -> Group {
        if address.isCircuit { return .relayed }
        return switch address.reach {
        case .loopback, .privateNetwork, .linkLocal: .local
        default: .wide
        }
    }

    /// TCP, then WebSocket, then WebSocket over TLS, which cost more bytes and round trips each; IPv6 before IPv4 (RFC 8305); loopback
    /// last, where it rarely is the peer that was meant.
    private static func rank(of address: Multiaddr) -> Int {
        var rank =
            switch address.transport {
            case .tcp: 0
            case .webSocket(let secure): secure ? 4 : 2
            default: 6
            }
        if case .ip(let ip)? = address.host, ip.count == 4 { rank += 1 }
        if !address.isCircuit, address.reach == .loopback { rank += 8 }
        return rank
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

    init(_ peer: PeerID, now: Instant) {
        self.peer = peer
        startedAt = now
        nextStart = [now, now, now]
    }

    var isOver: Bool { attempts.allSatisfy { $0.isOver } }
    var hasDirectAttempts: Bool { attempts.contains { !$0.isOver && $0.group != .relayed } }
    var active: Int { attempts.count { !$0.isOver && !$0.isWaiting } }

    /// Whether an address was tried or refused before. One that was only held back is tried after all when the user names it.
    func takes(_ address: Multiaddr, isExplicit: Bool) -> Bool {
        if isExplicit { outcomes.removeAll { $0.address == address && $0.result == .backedOff } }
        return !attempts.contains { $0.address == address } && !outcomes.contains { $0.address == address }
    }

    func insert(_ attempt: DialAttempt) {
        let index = attempts.firstIndex { $0.isWaiting && $0.rank > attempt.rank } ?? attempts.count
        attempts.insert(attempt, at: index)
    }
}
