import CausewayIdentity

/// This side's direction: what waits to be sent, what is on its way, and what of it was lost (RFC 9260, sections 6.1 to 6.3 and 7).
struct Transmission {
    var queue = SendQueue()
    /// The TSN of the next chunk that is sent for the first time.
    private(set) var nextTSN: TSN
    /// The chunks that are not acknowledged cumulatively; the first is the one behind `acknowledged.base`.
    var sent = Ring<SentChunk>()
    /// What has arrived behind a gap.
    var arrived: TSNSet
    /// What is to be sent again.
    var lost: TSNSet
    /// Bytes that were sent, and neither arrived nor got lost.
    var inFlight = 0
    /// The remote's window as it last said it.
    var remoteWindow: Int
    var roundTrip = RoundTripTime()
    var detection = LossDetection()
    let congestion: any CongestionControl
    var pacer = Pacer()
    /// Until this TSN is acknowledged, further losses belong to the same round trip. nil: nothing is being repaired.
    var recoveryEnd: TSN?
    /// Packets that may leave although the window is full: the first of a recovery, and probes.
    var allowance = 0
    var probe = TailProbe()
    /// T3-rtx. It runs while anything is on its way.
    var deadline = Instant.distantFuture
    /// When chunks will have become too late, if nothing else happens.
    var lossDeadline = Instant.distantFuture
    /// Time-outs since the remote has last shown that it is there.
    var timeouts = 0

    init(initialTSN: TSN, remoteWindow: Int, congestion: any CongestionControl) {
        nextTSN = initialTSN
        arrived = TSNSet(base: initialTSN.previous)
        lost = TSNSet(base: initialTSN.previous)
        self.remoteWindow = remoteWindow
        self.congestion = congestion
    }

    /// Everything up to this is acknowledged (the cumulative TSN ack point).
    var acknowledged: TSN { arrived.base }
    var isDone: Bool { queue.isEmpty && sent.isEmpty }

    var nextDeadline: Instant { min(min(deadline, lossDeadline), min(probe.deadline, pacer.resumesAt)) }

    func index(of tsn: TSN) -> Int { Int(acknowledged.steps(to: tsn)) - 1 }

    // MARK: Sending

    /// Whether a packet with data may leave now.
    mutating func maySend(at now: Instant) -> Bool {
        guard lost.count > 0 || !queue.isEmpty else { return false }
        if allowance > 0 { return true }
        guard inFlight < congestion.window else { return false }
        guard lost.count > 0 || hasNew else { return false }
        return pacer.allows(rate: rate, at: now)
    }

    /// Fills a packet with chunks: first what was lost, then what is new.
    mutating func fill(_ writer: inout PacketWriter, at now: Instant) {
        let begin = writer.count
        repeatLost(&writer, at: now)
        if lost.count == 0 { sendNew(&writer, at: now) }
        guard writer.count > begin else { return }
        pacer.left(writer.count)
        if allowance > 0 { allowance -= 1 }
        if deadline == .distantFuture { deadline = now + roundTrip.timeout }
        armProbe(at: now)
    }

    private mutating func repeatLost(_ writer: inout PacketWriter, at now: Instant) {
        while let tsn = lost.first(member: true, from: lost.base.next, through: lost.last) {
            let index = index(of: tsn)
            guard sent[index].size <= writer.room else { return }
            send(again: index, tsn, &writer, at: now)
            lost.remove(tsn)
        }
    }

    mutating func send(again index: Int, _ tsn: TSN, _ writer: inout PacketWriter, at now: Instant) {
        sent.modify(index) { chunk in
            chunk.sentAt = now
            chunk.wasRepeated = true
        }
        sent[index].write(tsn, to: &writer)
        inFlight += sent[index].length
    }

    private mutating func sendNew(_ writer: inout PacketWriter, at now: Instant) {
        while true {
            let length = queue.nextLength(room: writer.room, window: remoteRoom)
            guard length > 0, let chunk = queue.cut(length, at: now) else { return }
            chunk.write(nextTSN, to: &writer)
            nextTSN = nextTSN.next
            inFlight += length
            sent.append(chunk)
        }
    }

    /// What the remote's window takes. If it is closed and nothing is on its way, one chunk asks whether it still is (section 6.1, rule A).
    private var remoteRoom: Int { sent.isEmpty ? max(remoteWindow, Association.packetSize) : max(0, remoteWindow - inFlight) }

    /// Something can be sent for the first time.
    var hasNew: Bool { queue.nextLength(room: Association.packetSize, window: remoteRoom) > 0 }

    /// Bytes a second: somewhat more than the window a round trip, so that pacing never is what limits. nil: no round trip was measured.
    private var rate: Int? {
        guard let smoothed = roundTrip.smoothed, let latest = roundTrip.latest else { return nil }
        let gain = congestion.isSlowStart ? 2.0 : 1.25
        // A lone packet's acknowledgement is delayed, which says nothing about the path.
        let time = max(min(smoothed, latest).nanoseconds, 1000)
        return Int(gain * Double(congestion.window) * 1e9 / Double(time))
    }
}
