import CausewayIdentity

/// What the data of one packet asks of its receiver.
struct DataArrival {
    var hasData = false
    /// The remote should hear at once (RFC 9260, section 6.2): a gap came, got smaller or was seen again, or the remote says so.
    var isUrgent = false
}

// DATA and FORWARD-TSN.
extension Association {
    /// - Returns: whether the rest of the packet counts.
    func received(data chunk: Chunk, _ arrival: inout DataArrival, at now: Instant) -> Bool {
        guard state.takesData, let data = DataChunk(chunk) else { return true }
        guard data.payload.count > 0 else {
            fail(.emptyData, .noUserData)
            return false
        }
        arrival.hasData = true
        if data.flags.contains(.immediate) { arrival.isUrgent = true }
        switch received.look(at: data.tsn) {
        case .duplicate:
            received.noteDuplicate(data.tsn)
            arrival.isUrgent = true
        case .tooFar: arrival.isUrgent = true
        case .new: receivedNew(data, &arrival)
        }
        return true
    }

    private func receivedNew(_ data: DataChunk, _ arrival: inout DataArrival) {
        guard data.stream.raw < local.inboundStreams else { return receivedBeyondStreams(data) }
        let isNext = data.tsn == received.cumulative.next
        guard reassembly.admits(data, isNext: isNext) else {
            arrival.isUrgent = true
            return
        }
        if received.hasGaps { arrival.isUrgent = true }
        received.note(data.tsn)
        if received.hasGaps { arrival.isUrgent = true }
        remoteCredit -= data.payload.count
        do throws(StreamFault) {
            try reassembly.accept(data, isInOrder: isNext)
        } catch {
            refuse(data.stream, error)
        }
    }

    /// A stream that this side never offered: the remote hears so, and the data counts as arrived (RFC 9260, section 6.5).
    private func receivedBeyondStreams(_ data: DataChunk) {
        received.note(data.tsn)
        let id = data.stream.raw
        sendError(.invalidStream, [UInt8(truncatingIfNeeded: id >> 8), UInt8(truncatingIfNeeded: id), 0, 0], tag: remoteTag)
    }

    /// After the last chunk of a packet with data.
    func finish(_ arrival: DataArrival, at now: Instant) {
        acknowledgement.packetArrived(isUrgent: arrival.isUrgent || state == .shutdownSent, at: now)
        releaseHeldReset(at: now)
        if reassembly.window == 0 { closedSince = closedSince ?? now }
        if state == .shutdownSent { sendShutdown(at: now) }
    }

    /// Takes nothing more on a stream: its rest is discarded, and the remote sees this side's direction reset.
    func refuse(_ id: StreamID, _ fault: StreamFault) {
        reassembly.refuse(id)
        events.append(.streamFailed(id, fault))
        reset(id)
    }

    /// The application leaves so much lying on a stream that no other stream gets anything.
    func endStarvation(at now: Instant) {
        guard let since = closedSince, now >= since + limits.starvation else { return }
        closedSince = nil
        if let id = reassembly.largest() { refuse(id, .starvesOthers) }
    }

    func received(forwardTSN value: PacketBytes, _ arrival: inout DataArrival, at now: Instant) {
        guard state.takesData, let chunk = ForwardTSNChunk(value) else { return }
        arrival.hasData = true
        arrival.isUrgent = true
        guard chunk.cumulative > received.cumulative else { return }
        // Nobody sends so far ahead of what is acknowledged.
        guard received.cumulative.steps(to: chunk.cumulative) <= limits.tsnsAhead else { return }
        received.forward(to: chunk.cumulative)
        reassembly.abandonUnordered(through: chunk.cumulative)
        for index in 0..<chunk.streams {
            let (id, last) = chunk.stream(index)
            do throws(StreamFault) {
                try reassembly.abandon(through: last, on: id)
            } catch {
                refuse(id, error)
            }
        }
    }
}
