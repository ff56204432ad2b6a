import CausewayConnection
import CausewayIdentity

/// An inbound stream of the hop protocol, from its opening until both directions are over or a circuit takes it.
final class HopStream {
    enum Phase {
        case reading
        /// The stream waits for the target of this circuit.
        case connecting(UInt32)
        /// Our answer is sent, and the stream waits for its end.
        case answered
    }
    let key: StreamKey
    /// A number that the relay assigns.
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
final class ServedCircuit {
    enum Phase {
        /// The relay has asked the target and waits for its answer.
        case asking
        case running(since: Instant)
    }
    let id: UInt32
    let source: PeerID
    /// The source's place when it asked. The circuit counts there until it has ended.
    let place: AddressKey?
    let target: PeerID
    let hop: StreamKey
    let stop: StreamKey
    let limit: CircuitLimit
    var inbox = MessageInbox()
    var phase = Phase.asking
    /// The deadline of the target's answer, then of the circuit itself.
    var deadline: Instant
    /// Whether the circuit was ended because its time was up.
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
