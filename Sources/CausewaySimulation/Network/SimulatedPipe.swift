import CausewayConnection
import CausewayIdentity
import CausewayNode

/// One direction of a connection: bytes in order, each piece with its time of arrival.
final class SimulatedPipe {
    private enum Parcel {
        case bytes([UInt8])
        case end
        case reset(Int32)
    }

    private unowned let simulation: Simulation
    private unowned let link: SimulatedLink
    private let label: String
    private var conditions: LineConditions
    private var random: RandomSource
    private var parcels: [(arrival: Instant, parcel: Parcel)] = []
    private var first = 0
    private var sentAll: Instant
    private var lastArrival: Instant
    private var senderWaits = false
    private(set) var inFlight = 0
    /// While true, nothing arrives, and what was sent waits.
    private(set) var isClogged = false
    /// From then on nothing arrives, and nobody is notified.
    private(set) var isSilent = false
    private unowned let sender: SimulatedSocket
    private unowned let receiver: SimulatedSocket

    init(
        _ simulation: Simulation, _ link: SimulatedLink, label: String, conditions: LineConditions, from sender: SimulatedSocket,
        to receiver: SimulatedSocket
    ) {
        self.link = link
        self.simulation = simulation
        self.label = label
        self.conditions = conditions
        random = simulation.random("pipe " + label)
        sentAll = simulation.now
        lastArrival = simulation.now
        self.sender = sender
        self.receiver = receiver
    }

    /// Takes as much as the buffer has room for. If that is not all, the sender gets `writable` later.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        let room = min(bytes.count, conditions.buffer - inFlight)
        if room < bytes.count { senderWaits = true }
        var taken = 0
        while taken < room {
            let size = min(room - taken, conditions.largestRead)
            send(.bytes([UInt8](bytes[taken..<taken + size])), size: size)
            taken += size
        }
        return taken
    }

    func finish() { send(.end, size: 0) }

    /// Overtakes everything in flight, as a TCP reset does.
    func reset(_ errno: Int32) {
        parcels.removeAll()
        first = 0
        inFlight = 0
        send(.reset(errno), size: 0)
    }

    func vanish() { isSilent = true }

    func clog(_ clogged: Bool) {
        guard clogged != isClogged else { return }
        isClogged = clogged
        if !clogged { schedule(at: simulation.now) { $0.deliver() } }
    }

    private func send(_ parcel: Parcel, size: Int) {
        link.passesRouters()
        sentAll = max(sentAll, simulation.now) + conditions.serialisation(of: size)
        let jitter = conditions.jitter.nanoseconds == 0 ? 0 : random.next() % conditions.jitter.nanoseconds
        lastArrival = max(lastArrival, sentAll + conditions.latency + Interval(nanoseconds: jitter))
        inFlight += size
        parcels.append((lastArrival, parcel))
        schedule(at: lastArrival) { $0.deliver() }
    }

    /// Schedules an action and keeps the connection alive until then.
    private func schedule(at moment: Instant, _ action: @escaping (SimulatedPipe) -> Void) {
        simulation.schedule(at: moment) { [self, link] in withExtendedLifetime(link) { action(self) } }
    }

    private func deliver() {
        guard !isClogged, !isSilent else { return }
        while first < parcels.count, parcels[first].arrival <= simulation.now {
            let parcel = parcels[first].parcel
            parcels[first].parcel = .end
            first += 1
            if first == parcels.count {
                parcels.removeAll(keepingCapacity: true)
                first = 0
            }
            switch parcel {
            case .bytes(var bytes):
                inFlight -= bytes.count
                bytes.withUnsafeMutableBytes { bytes in
                    simulation.note(label, delivered: UnsafeRawBufferPointer(bytes))
                    receiver.arrived(bytes)
                }
            case .end:
                simulation.note(label, "end")
                receiver.ended(errno: 0)
            case .reset(let errno):
                simulation.note(label, "reset \(errno)")
                receiver.ended(errno: errno)
            }
            if isClogged || isSilent { return }
        }
        guard senderWaits, inFlight < conditions.buffer else { return }
        senderWaits = false
        // The acknowledgement takes the way back.
        schedule(at: simulation.now + conditions.latency) { pipe in
            if !pipe.isSilent { pipe.sender.canWrite() }
        }
    }
}
