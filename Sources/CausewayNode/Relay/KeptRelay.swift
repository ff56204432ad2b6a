import CausewayConnection
import CausewayIdentity

/// A relay at which this node holds a place, wants one, or might want one.
final class KeptRelay {
    enum Step: Equatable {
        /// Until `nextAttempt`.
        case resting
        /// A connection was asked for, by this request.
        case connecting(UInt32)
        /// RESERVE is out, on this stream.
        case asking(StreamKey)
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

/// A stream of the relay client, from its opening until it is answered.
final class RelayClientStream {
    enum Use {
        /// CONNECT went out for this link.
        case circuit(link: UInt32, relayAddress: Multiaddr, target: PeerID)
        case reservation(KeptRelay)
        /// A relay asks us over the stop protocol.
        case stop
        /// Refused: its end is awaited.
        case refused
    }
    let key: StreamKey
    var use: Use
    var inbox = RelayInbox()
    var deadline: Instant

    init(key: StreamKey, use: Use, deadline: Instant) {
        self.key = key
        self.use = use
        self.deadline = deadline
    }
}
