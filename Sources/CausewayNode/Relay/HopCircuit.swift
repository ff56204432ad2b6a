import CausewayConnection
import CausewayIdentity

/// An inbound stream of the hop protocol, from its opening until both directions are over or a circuit takes it.
final class HopStream {
    enum Phase {
        case reading
        /// Waits for the target of this circuit.
        case connecting(UInt32)
        /// Our answer is out; its end is awaited.
        case answered
    }
    let key: StreamKey
    /// Of the relay's own counting.
    let number: UInt32
    var inbox = MessageInbox()
    var phase = Phase.reading
    var deadline: Instant

    init(key: StreamKey, number: UInt32, deadline: Instant) {
        self.key = key
        self.number = number
        self.deadline = deadline
    }
}

/// A circuit at the relay, from CONNECT until its splice has ended.
final class HopCircuit {
    enum Phase {
        /// The target is being asked.
        case asking
        case running(since: Instant)
    }
    let id: UInt32
    let source: PeerID
    /// Where the source was when it asked: there it counts until the circuit has ended.
    let place: AddressKey?
    let target: PeerID
    let hop: StreamKey
    let stop: StreamKey
    let limit: CircuitLimit
    var inbox = MessageInbox()
    var phase = Phase.asking
    /// Of the target's answer, then of the circuit itself.
    var deadline: Instant
    /// It was ended because its time was over.
    var outOfTime = false

    init(
        id: UInt32, source: PeerID, place: AddressKey?, target: PeerID, hop: StreamKey, stop: StreamKey, limit: CircuitLimit,
        deadline: Instant
    ) {
        self.id = id
        self.source = source
        self.place = place
        self.target = target
        self.hop = hop
        self.stop = stop
        self.limit = limit
        self.deadline = deadline
    }
}
