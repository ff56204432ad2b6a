import CausewayConnection
import Synchronization

/// A stream that carries a resumable one for a while, and what wakes the two tasks that do.
final class Carriage: Sendable {
    let stream: Stream
    /// There is something to send.
    let sendable = Signal()
    /// It carries nothing any more: another does, or the stream is over.
    let over = Latch()
    private let allowance: Mutex<Allowance>

    /// On a circuit whose bytes a relay limits, half of them are for the data at first. The rest is left to what makes the connection
    /// direct, which needs the same circuit, for as long as that may take.
    private struct Allowance {
        /// nil: as much as there is.
        var data: UInt64?
        /// Looks of a `StallWatch` until the data gets the rest.
        var looks = 10
    }

    init(_ stream: Stream) {
        self.stream = stream
        allowance = Mutex(Allowance(data: stream.firstLimit?.bytes.map { $0 / 2 }))
    }

    /// Whether the data has to wait.
    var holdsBack: Bool { allowance.withLock { $0.data == 0 } }

    func sent(_ count: Int) { allowance.withLock { $0.data = $0.data.map { $0 - min($0, UInt64(count)) } } }

    /// Time has passed.
    func look() {
        let goesOn = allowance.withLock { allowance in
            guard allowance.data == 0 else { return false }
            allowance.looks -= 1
            if allowance.looks == 0 { allowance.data = nil }
            return allowance.looks == 0
        }
        if goesOn { sendable.raise() }
    }

    /// - Parameter inOrder: whether the remote is to read the end. Otherwise, the carrier is reset.
    func end(inOrder: Bool = false) {
        if inOrder { stream.beginClosing() } else { stream.reset() }
        over.open()
        sendable.raise()
    }
}
