import CausewayConnection
import CausewayIdentity

/// A relay at which this node holds a place, wants one, or might want one.
final class KeptRelay {
    enum Step {
        /// Until `nextAttempt`.
        case resting
        /// A connection was asked for, by `request`.
        case connecting
        /// RESERVE is out, on `stream`.
        case asking
    }
    let peer: PeerID
    /// Where it was said to be.
    var addresses: [Multiaddr]
    /// Asked for by name: kept until released, once a first reservation was made.
    var isPinned = false
    /// May be chosen to fill the wanted number.
    var isCandidate = false
    /// A candidate that identify told of.
    var isLearnt = false
    var step = Step.resting
    var request: UInt32 = 0
    var stream = StreamKey(packed: 0)
    /// When to ask next: a refresh while there is a reservation, else not before this moment.
    var nextAttempt: Instant
    var failures = 0
    /// Requests of the application that wait for the first answer.
    var waiting: [UInt32] = []

    var reservation: Reservation?
    var expiresAt = Instant.distantFuture
    /// The link on which the reservation was made.
    var link: UInt32?
    var wasHeld = false
    /// Addresses that stay advertised although the relay is away: it may only be restarting.
    var retained: [Multiaddr] = []
    var retainedUntil = Instant.distantFuture

    init(peer: PeerID, addresses: [Multiaddr], now: Instant) {
        self.peer = peer
        self.addresses = addresses
        nextAttempt = now
    }

    /// It takes up one of the wanted number.
    var isActive: Bool { step != .resting || mustBeTried }

    /// Nobody has to choose it first.
    var mustBeTried: Bool { isPinned || reservation != nil || !retained.isEmpty }

    var advertised: [Multiaddr] { reservation?.addresses ?? retained }

    /// When `advance` has something to do for it; candidates that rest are the choice's matter.
    var deadline: Instant {
        var soonest = Instant.distantFuture
        if step == .resting, mustBeTried { soonest = nextAttempt }
        if reservation != nil { soonest = min(soonest, expiresAt) } else if !retained.isEmpty { soonest = min(soonest, retainedUntil) }
        return soonest
    }
}

/// A circuit that was asked for.
final class AskedCircuit {
    /// What it is to become.
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
        /// CONNECT went out.
        case circuit(AskedCircuit)
        /// RESERVE went out.
        case reservation(KeptRelay)
        /// A relay asks us over the stop protocol.
        case stop
        /// Refused: its end is awaited.
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
