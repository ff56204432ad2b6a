import CausewayConnection
import CausewayIdentity

/// A hole punch with one peer: what has been said, and the dials that run.
final class HolePunch {
    enum Step {
        /// The initiator has sent CONNECT, and waits for the remote's.
        case connecting
        /// It has sent SYNC, which is on its way.
        case waiting
        /// The other side waits for CONNECT.
        case listening
        /// It has answered, and waits for SYNC.
        case syncing
        case dialling
        /// The initiator has no address to offer, and waits for the direct dial.
        case dialledDirectly
    }

    /// A dial of one address, and its repetitions.
    final class Dial {
        let address: Multiaddr
        let role: DialTarget.Role
        let port: UInt16?
        /// The link to be made. 0: it does not run.
        var link: UInt32 = 0
        var repetitions = 0
        var repeatAt = Instant.distantFuture
        /// How it ended last.
        var result: DialOutcome.Result?

        init(_ address: Multiaddr, as role: DialTarget.Role, from port: UInt16?) {
            self.address = address
            self.role = role
            self.port = port
        }

        var isOver: Bool { link == 0 && repeatAt == .distantFuture }
    }

    /// The relayed connection.
    let link: ConnectedLink
    let isInitiator: Bool
    var startedAt: Instant
    var step: Step
    var deadline: Instant
    /// nil once all has been said.
    var stream: StreamKey?
    var inbox = MessageInbox()
    var attempt = 0
    var sentAt = Instant(nanoseconds: 0)
    var offer: HolePunchOffer?
    /// The remote's addresses.
    var remote: [Multiaddr] = []
    var dials: [Dial] = []
    /// The request for a direct connection at the addresses that the remote advertises.
    var request: UInt32?

    var peer: PeerID { link.peer }

    init(_ link: ConnectedLink, isInitiator: Bool, stream: StreamKey? = nil, now: Instant, deadline: Instant) {
        self.link = link
        self.isInitiator = isInitiator
        self.stream = stream
        startedAt = now
        self.deadline = deadline
        step = isInitiator ? .connecting : .listening
    }

    var nextDeadline: Instant {
        var soonest = deadline
        for dial in dials { soonest = min(soonest, dial.repeatAt) }
        return soonest
    }

    /// What came of an address that was dialled: a connection, or else how the hole punch itself ended.
    func result(of address: Multiaddr, winner: UInt32?) -> DialOutcome.Result {
        var result = winner == nil ? DialOutcome.Result.failed(.timedOut(.holePunching)) : .cancelled
        for dial in dials where dial.address == address {
            if dial.link != 0, dial.link == winner { return .connected }
            if winner == nil, dial.role != .dialler, let ended = dial.result { result = ended }
        }
        return result
    }
}
