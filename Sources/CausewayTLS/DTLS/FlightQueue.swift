import CausewayIdentity
import CausewayWebRTC

/// The datagrams of a handshake that wait to be sent, and those that are to be sent again if no answer comes.
///
/// OpenSSL sends a flight again by the wall clock, and knows no other. So its timer is made to run out at once: it writes all
/// retransmissions of a flight directly behind it, each with sequence numbers of its own as DTLS wants, and they wait here until the
/// engine's own clock says that they are due.
struct FlightQueue {
    private struct Retransmission {
        let due: Instant
        var bytes: [UInt8]
    }

    /// Bound: a flight with its retransmissions has a third of these. More than that are lost.
    static let mostWaiting = 64

    private let limits: DTLSLimits
    private var waiting: [[UInt8]] = []
    private var retransmissions: [Retransmission] = []
    private var begun = Instant(nanoseconds: 0)
    /// How often OpenSSL has written the current flight again.
    private var repeats = 0
    /// What OpenSSL writes now is a retransmission.
    private var isRepeating = false

    init(_ limits: DTLSLimits) { self.limits = limits }

    var count: Int { waiting.count + retransmissions.count }
    /// When the first retransmission is due.
    var nextDue: Instant { retransmissions.first?.due ?? .distantFuture }

    // MARK: What OpenSSL does

    /// Begins a flight that the remote has to answer. So it has answered the one before.
    /// - Returns: whether OpenSSL is to write the flight again.
    mutating func begin(at now: Instant) -> Bool {
        removeRetransmissions()
        begun = now
        repeats = 0
        return limits.retransmissions > 0
    }

    /// What OpenSSL writes from now on is the flight again.
    /// - Returns: whether OpenSSL is to write it once more after that.
    mutating func repeatFlight() -> Bool {
        repeats += 1
        isRepeating = true
        return repeats < limits.retransmissions
    }

    /// OpenSSL reads a datagram. What it writes then is no retransmission.
    mutating func endRepeat() { isRepeating = false }

    /// Joins what OpenSSL writes as single records, as far as they fit a datagram.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if isRepeating {
            let due = begun + timeout(repeats)
            if let last = retransmissions.last, last.due == due, fits(last.bytes, bytes) {
                retransmissions[retransmissions.count - 1].bytes.append(copying: bytes)
            } else if count < Self.mostWaiting {
                retransmissions.append(Retransmission(due: due, bytes: [UInt8](copying: bytes)))
            }
        } else if let last = waiting.last, fits(last, bytes) {
            waiting[waiting.count - 1].append(copying: bytes)
        } else if count < Self.mostWaiting {
            waiting.append([UInt8](copying: bytes))
        }
    }

    private func fits(_ datagram: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        datagram.count + bytes.count <= DTLSLimits.datagram
    }

    /// From the beginning of a flight to its nth retransmission: 1, 3, 7 … times the first timeout.
    private func timeout(_ n: Int) -> Interval { Interval(nanoseconds: limits.firstTimeout.nanoseconds &* (1 << UInt64(n) &- 1)) }

    // MARK: What the engine does

    /// The first datagram that is due.
    mutating func next(at now: Instant) -> [UInt8]? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        guard nextDue <= now else { return nil }
        return retransmissions.removeFirst().bytes
    }

    mutating func removeRetransmissions() { retransmissions = [] }
}
