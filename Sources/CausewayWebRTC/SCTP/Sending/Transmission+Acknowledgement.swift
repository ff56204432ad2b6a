import CausewayIdentity

// What a SACK says, and what follows from it (RFC 9260, section 6.2.1).
extension Transmission {
    /// What a SACK newly told.
    private struct News {
        var bytes = 0
        /// The latest of the chunks that were sent once: its time is a measurement.
        var measured: Instant?
        var hasProbe = false
    }

    /// - Returns: false if it acknowledges what was never sent.
    mutating func acknowledge(_ sack: SelectiveAcknowledgementChunk, at now: Instant, events: EventQueue) -> Bool {
        guard sack.cumulative < nextTSN else { return false }
        guard sack.cumulative >= acknowledged else { return true }
        for index in 0..<sack.gaps {
            if let gap = sack.gap(index), sack.cumulative.advanced(by: gap.upperBound) >= nextTSN { return false }
        }
        let inFlightBefore = inFlight
        let isForward = sack.cumulative > acknowledged
        var news = News()
        take(through: sack.cumulative, &news, at: now, events: events)
        takeGaps(sack, &news, at: now)
        if remoteWindow == 0, sack.window > 0 { resume(at: now) }
        remoteWindow = Int(sack.window)
        // A remote whose window is closed is there, even if it takes nothing for ever (section 6.1, rule A).
        if news.bytes > 0 || remoteWindow == 0 { timeouts = 0 }
        if sack.duplicates > 0 { detection.sawDuplicates() }
        if let measured = news.measured { roundTrip.measure(now - measured) } else if isForward { roundTrip.recovered() }
        settleProbe(news, hasDuplicates: sack.duplicates > 0)
        if let end = recoveryEnd, acknowledged >= end {
            recoveryEnd = nil
            detection.endedRecovery()
        }
        // What is late for want of news alone is found at `lossDeadline`, so a SACK that tells nothing costs nothing.
        if news.bytes > 0 || isForward { findLost(at: now) }
        if news.bytes > 0, recoveryEnd == nil {
            let sample = news.measured.map { now - $0 } ?? roundTrip.smoothed ?? roundTrip.timeout
            congestion.acknowledged(
                news.bytes, inFlight: inFlightBefore, at: now, roundTrip: sample, isQueueing: roundTrip.isQueueing)
        }
        if sent.isEmpty {
            deadline = .distantFuture
        } else if isForward {
            deadline = now + roundTrip.timeout
        }
        if news.bytes > 0 { armProbe(at: now) }
        return true
    }

    /// What SHUTDOWN acknowledges is like a SACK without blocks.
    mutating func acknowledge(through tsn: TSN, at now: Instant, events: EventQueue) -> Bool {
        guard tsn < nextTSN else { return false }
        var news = News()
        if tsn > acknowledged { take(through: tsn, &news, at: now, events: events) }
        timeouts = 0
        if sent.isEmpty { deadline = .distantFuture }
        return true
    }

    private mutating func take(through tsn: TSN, _ news: inout News, at now: Instant, events: EventQueue) {
        var next = acknowledged.next
        while next <= tsn, let chunk = sent.popFirst() {
            if !arrived.contains(next) { note(next, chunk, &news, at: now) }
            chunk.message.stream.acknowledge(chunk.length, events: events)
            queue.acknowledged(chunk)
            next = next.next
        }
        arrived.moveBase(to: tsn)
        lost.moveBase(to: tsn)
    }

    private mutating func takeGaps(_ sack: SelectiveAcknowledgementChunk, _ news: inout News, at now: Instant) {
        for index in 0..<sack.gaps {
            guard let gap = sack.gap(index) else { continue }
            let last = sack.cumulative.advanced(by: gap.upperBound)
            var next = sack.cumulative.advanced(by: gap.lowerBound)
            while let tsn = arrived.first(member: false, from: next, through: last) {
                note(tsn, sent[self.index(of: tsn)], &news, at: now)
                arrived.insert(tsn)
                lost.remove(tsn)
                next = tsn.next
            }
        }
    }

    /// A chunk has arrived.
    private mutating func note(_ tsn: TSN, _ chunk: SentChunk, _ news: inout News, at now: Instant) {
        news.bytes += chunk.length
        if !lost.contains(tsn) { inFlight -= chunk.length }
        if !chunk.wasRepeated { news.measured = max(news.measured ?? chunk.sentAt, chunk.sentAt) }
        if probe.outstanding == tsn { news.hasProbe = true }
        detection.arrived(tsn, chunk, at: now, shortest: roundTrip.shortest)
    }

    /// The remote's window was closed and is open again. What it has not taken need not wait for T3-rtx, unless it may still be on its way.
    private mutating func resume(at now: Instant) {
        roundTrip.recovered()
        let time = roundTrip.smoothed ?? Interval(nanoseconds: 0)
        lose { $0.sentAt + time <= now }
    }

    // MARK: Loss

    /// Marks as lost what is too late behind what has arrived, and sets the time for what may become so.
    mutating func findLost(at now: Instant) {
        lossDeadline = .distantFuture
        guard let smoothed = roundTrip.smoothed, detection.newestSentAt != nil, !sent.isEmpty else { return }
        let tolerance = detection.tolerance(
            isRecovering: recoveryEnd != nil, arrivedBehindGap: arrived.count, shortest: roundTrip.shortest, smoothed: smoothed)
        let patience = Interval(nanoseconds: detection.roundTrip.nanoseconds + tolerance.nanoseconds)
        let last = nextTSN.previous
        let before = inFlight
        var next = acknowledged.next
        while let tsn = arrived.first(member: false, from: next, through: last) {
            next = tsn.next
            let chunk = sent[index(of: tsn)]
            guard detection.precedes(tsn, chunk) else {
                // Behind it, all was sent later still.
                if chunk.wasRepeated { continue } else { break }
            }
            guard !lost.contains(tsn) else { continue }
            guard chunk.sentAt + patience <= now else {
                lossDeadline = min(lossDeadline, chunk.sentAt + patience)
                continue
            }
            lost.insert(tsn)
            inFlight -= chunk.length
        }
        if before > inFlight { recover(from: before - inFlight) }
    }

    /// The window shrinks once for all that is lost in a round trip.
    private mutating func recover(from bytes: Int) {
        guard recoveryEnd == nil, congestion.lost(bytes, isQueueing: roundTrip.isQueueing) else { return }
        recoveryEnd = nextTSN.previous
        allowance = max(allowance, 1)
    }

    // MARK: Probes

    mutating func armProbe(at now: Instant) {
        probe.deadline = .distantFuture
        guard recoveryEnd == nil, probe.outstanding == nil, lost.count == 0, inFlight > 0 else { return }
        let time = TailProbe.time(smoothed: roundTrip.smoothed, isAlone: sent.count == 1)
        let at = now + time
        if at < deadline { probe.deadline = at }
    }

    /// If the chunk that was sent again arrived once only, it was lost before, and the window has to know.
    private mutating func settleProbe(_ news: News, hasDuplicates: Bool) {
        guard let tsn = probe.outstanding, news.hasProbe || acknowledged >= tsn else { return }
        probe.outstanding = nil
        if news.hasProbe, probe.isRepetition, !hasDuplicates {
            _ = congestion.lost(Association.packetSize, isQueueing: roundTrip.isQueueing)
        }
    }

    /// One packet leaves, whatever the window says: with new data, or with the last chunk once more.
    private mutating func sendProbe() {
        probe.deadline = .distantFuture
        allowance = max(allowance, 1)
        if hasNew {
            probe.outstanding = nextTSN
            probe.isRepetition = false
        } else if let tsn = lastMissing {
            probe.outstanding = tsn
            probe.isRepetition = true
            lost.insert(tsn)
            inFlight -= sent[index(of: tsn)].length
        }
    }

    private var lastMissing: TSN? {
        var tsn = nextTSN.previous
        while tsn > acknowledged {
            if !arrived.contains(tsn), !lost.contains(tsn) { return tsn }
            tsn = tsn.previous
        }
        return nil
    }

    // MARK: Time

    /// - Returns: whether T3-rtx expired.
    mutating func advance(at now: Instant) -> Bool {
        pacer.advance(at: now)
        if now >= deadline {
            timeOut(at: now)
            return true
        }
        if now >= lossDeadline { findLost(at: now) }
        if now >= probe.deadline { sendProbe() }
        return false
    }

    /// T3-rtx has expired (section 6.3.3): all that is on its way counts as lost.
    private mutating func timeOut(at now: Instant) {
        timeouts += 1
        roundTrip.backedOff()
        // The remote has forgotten what it had behind a gap, or else it would not miss the first.
        if arrived.contains(acknowledged.next) { arrived.removeAll() }
        // What a closed window does not take says nothing about the path.
        if remoteWindow > 0 { congestion.timedOut(inFlight: inFlight) }
        lose { _ in true }
        // What the remote has forgotten was not on its way any more.
        inFlight = 0
        recoveryEnd = nil
        allowance = 1
        deadline = now + roundTrip.timeout
    }

    /// What has not arrived counts as lost, if it is so.
    private mutating func lose(where isLost: (SentChunk) -> Bool) {
        var next = acknowledged.next
        while let tsn = arrived.first(member: false, from: next, through: nextTSN.previous) {
            next = tsn.next
            let chunk = sent[index(of: tsn)]
            guard !lost.contains(tsn), isLost(chunk) else { continue }
            lost.insert(tsn)
            inFlight -= chunk.length
        }
        probe = TailProbe()
        lossDeadline = .distantFuture
    }
}
