import CausewayConnection
import CausewayIdentity

/// A relay at which this node holds a reservation, wants one, or might want one.
final class RelayReservation {
    enum Step {
        /// Nothing happens until `nextAttempt`.
        case resting
        /// A connection was requested, by `request`.
        case connecting
        /// RESERVE was sent, on `stream`.
        case asking
    }
    let peer: PeerID
    /// The addresses under which it was named.
    var addresses: [Multiaddr]
    /// Named by a request: kept until it is released, once a first reservation was made.
    var isPinned = false
    /// Whether it may be chosen to reach the wanted number.
    var isCandidate = false
    /// Whether identify, and not the user, named this candidate.
    var isLearnt = false
    var step = Step.resting
    var request: UInt32 = 0
    var stream = StreamKey(packed: 0)
    /// When to ask next: a refresh while there is a reservation, otherwise not before this moment.
    var nextAttempt: Instant
    var failures = 0
    /// The application's requests that wait for the first answer.
    var waiting: [UInt32] = []

    var reservation: Reservation?
    var expiresAt = Instant.distantFuture
    /// The link on which the reservation was made.
    var link: UInt32?
    var wasHeld = false
    /// The addresses that stay advertised although the relay is unreachable: it may only be restarting.
    var retained: [Multiaddr] = []
    var retainedUntil = Instant.distantFuture

    init(peer: PeerID, addresses: [Multiaddr], now: Instant) {
        self.peer = peer
        self.addresses = addresses
        nextAttempt = now
    }

    /// Whether it counts towards the wanted number.
    var isActive: Bool { step != .resting || mustBeTried }

    /// Whether it is tried without being chosen.
    var mustBeTried: Bool { isPinned || reservation != nil || !retained.isEmpty }

    var advertised: [Multiaddr] { reservation?.addresses ?? retained }

    /// When `advance` has something to do for it. Resting candidates are up to the choice.
    var deadline: Instant {
        var soonest = Instant.distantFuture
        if step == .resting, mustBeTried { soonest = nextAttempt }
        if reservation != nil { soonest = min(soonest, expiresAt) } else if !retained.isEmpty { soonest = min(soonest, retainedUntil) }
        return soonest
    }
}

/// A circuit that was requested from a relay.
final class PendingCircuit {
    /// The link that it is to become.
    let link: UInt32
    let relayAddress: Multiaddr
    let target: PeerID

    init(link: UInt32, relayAddress: Multiaddr, target: PeerID) {
        self.link = link
        self.relayAddress = relayAddress
        self.target = target
    }
}

/// A stream of the relay client, from its opening until it is answered.
final class RelayClientStream {
    enum Use {
        /// CONNECT was sent.
        case circuit(PendingCircuit)
        /// RESERVE was sent.
        case reservation(RelayReservation)
        /// A relay asks us by the stop protocol.
        case stop
        /// We refused, and wait for the stream's end.
        case refused
    }
    let key: StreamKey
    var use: Use
    var inbox = MessageInbox()
    var deadline: Instant

    init(key: StreamKey, use: Use, deadline: Instant) {
        self.key = key
        self.use = use
        self.deadline = deadline
    }
}
