public import CausewayIdentity

// What arrives.
extension Association {
    /// Takes in a packet, whose bytes are lent until the next input. One that is not the remote's, or not whole, changes nothing.
    public func receive(_ packet: UnsafeRawBufferPointer, at now: Instant) {
        events.beginInput()
        let bytes = PacketBytes(packet)
        guard state != .ended, let header = PacketHeader(bytes, acceptsZeroChecksum: settings.zeroChecksum),
            header.sourcePort == settings.ports.remote, header.destinationPort == settings.ports.local
        else { return }
        var chunks = ChunkReader(bytes.dropFirst(PacketHeader.size))
        var isFirst = true
        var arrival = DataArrival()
        while state != .ended, let chunk = chunks.next() {
            guard isAddressed(chunk, tag: header.tag, isAlone: isFirst && chunks.isAtEnd) else { break }
            isFirst = false
            guard receive(chunk, tag: header.tag, &arrival, at: now) else { break }
        }
        guard !isFirst, state != .ended else { return }
        if state.takesData || state == .shutdownReceived { heartbeats.heard(at: now) }
        if arrival.hasData { finish(arrival, at: now) }
    }

    /// Whether the packet's tag is the one for this chunk (RFC 9260, section 8.5).
    private func isAddressed(_ chunk: Chunk, tag: UInt32, isAlone: Bool) -> Bool {
        switch ChunkType(rawValue: chunk.type) {
        case .initiation: tag == 0 && isAlone
        case .abort, .shutdownComplete:
            if chunk.flags & AbortChunk.reflectedTag != 0 { tag == remoteTag && remoteTag != 0 } else { tag == local.tag }
        // Its own tag counts, which an earlier INIT ACK may have given.
        case .cookieEcho: true
        case .initiationAcknowledgement: tag == local.tag && isAlone
        default: tag == local.tag
        }
    }

    /// - Returns: whether the rest of the packet counts.
    private func receive(_ chunk: Chunk, tag: UInt32, _ arrival: inout DataArrival, at now: Instant) -> Bool {
        switch ChunkType(rawValue: chunk.type) {
        case .data: return received(data: chunk, &arrival, at: now)
        case .selectiveAcknowledgement: received(acknowledgement: chunk.value, at: now)
        case .initiation: received(initiation: chunk.value, at: now)
        case .initiationAcknowledgement: received(initiationAcknowledgement: chunk.value, at: now)
        case .cookieEcho: received(cookieEcho: chunk.value, tag: tag, at: now)
        case .cookieAcknowledgement: receivedCookieAcknowledgement(at: now)
        case .heartbeat: received(heartbeat: chunk.value)
        case .heartbeatAcknowledgement:
            if let nonce = HeartbeatChunk.nonce(chunk.value) { heartbeats.answered(nonce, at: now) }
        case .abort: end(.abortedByRemote(cause: AbortChunk.cause(chunk.value)))
        case .error: received(error: chunk.value, at: now)
        case .shutdown: received(shutdown: chunk.value, at: now)
        case .shutdownAcknowledgement: receivedShutdownAcknowledgement()
        case .shutdownComplete: if state == .shutdownAcknowledgementSent { end(nil) }
        case .reconfiguration where features.contains(.reconfiguration): received(reconfiguration: chunk.value, at: now)
        case .forwardTSN where features.contains(.forwardTSN): received(forwardTSN: chunk.value, &arrival, at: now)
        default: return receivedUnknown(chunk)
        }
        return true
    }

    private func receivedUnknown(_ chunk: Chunk) -> Bool {
        let rule = UnknownTypeRule(chunk: chunk.type)
        if rule.reports, remoteTag != 0 {
            sendError(.unrecognizedChunk, chunk.whole.part(0..<min(chunk.whole.count, ErrorChunk.repeatedBytes)).array, tag: remoteTag)
        }
        return !rule.stops
    }

    /// The answer repeats the question's parameter.
    private func received(heartbeat value: PacketBytes) {
        guard state.takesData || state == .shutdownReceived, value.count <= limits.cookieBytes else { return }
        let type = UInt16(ChunkType.heartbeatAcknowledgement.rawValue) << 8
        let chunk = [UInt8](writing: Chunk.headSize + value.count) { writer in writer.block(type) { $0.bytes(value.buffer) } }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag, isAnswer: true))
    }

    private func received(acknowledgement value: PacketBytes, at now: Instant) {
        guard state.takesData || state == .shutdownReceived, let sack = SelectiveAcknowledgementChunk(value) else { return }
        guard transmission.acknowledge(sack, at: now, events: events) else { return fail(.acknowledgedUnsent, .protocolViolation) }
        reportRoom()
        proceedShutdown(at: now)
    }
}
