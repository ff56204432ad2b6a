public import CausewayIdentity

// What leaves.
extension Association {
    /// Writes the next packet into `buffer`, which has room for `packetSize` bytes.
    /// - Returns: the packet's length; nil: nothing is to be sent now.
    public func pollOutput(into buffer: UnsafeMutableRawBufferPointer, at now: Instant) -> Int? {
        precondition(buffer.count >= Self.packetSize, "a packet needs \(Self.packetSize) bytes")
        var writer = PacketWriter(buffer, limit: Self.packetSize & ~3)
        if let lone = controls.first, lone.isAlone || lone.tag != remoteTag { return write(lone, &writer) }
        PacketHeader.write(tag: remoteTag, ports: (settings.ports.local, settings.ports.remote), to: &writer)
        var needsChecksum = !features.contains(.zeroChecksum)
        writeControls(&writer, &needsChecksum)
        if state != .ended {
            writeReset(&writer, at: now)
            writeData(&writer, at: now)
        }
        return writer.count > PacketHeader.size ? finish(&writer, needsChecksum) : nil
    }

    private func write(_ control: ControlQueue.Waiting, _ writer: inout PacketWriter) -> Int {
        PacketHeader.write(tag: control.tag, ports: (settings.ports.local, settings.ports.remote), to: &writer)
        writer.bytes(control.chunk)
        controls.removeFirst()
        return finish(&writer, control.hasChecksum || !features.contains(.zeroChecksum))
    }

    private func finish(_ writer: inout PacketWriter, _ needsChecksum: Bool) -> Int {
        writer.pad()
        if needsChecksum { PacketHeader.seal(writer) }
        return writer.count
    }

    private func writeControls(_ writer: inout PacketWriter, _ needsChecksum: inout Bool) {
        while let next = controls.first, !next.isAlone, next.tag == remoteTag, next.chunk.count <= writer.room {
            writer.pad()
            writer.bytes(next.chunk)
            needsChecksum = needsChecksum || next.hasChecksum
            controls.removeFirst()
        }
    }

    private func writeReset(_ writer: inout PacketWriter, at now: Instant) {
        guard state == .established || state == .shutdownPending else { return }
        proceedResets()
        guard outgoingResets.isDue, let request = outgoingResets.request, writer.room >= 20 + 2 * request.streams.count else { return }
        ReconfigurationChunk.writeReset(
            request.streams, number: request.number, answered: incomingResets.answered, last: request.last, to: &writer)
        outgoingResets.sent(at: now, timeout: transmission.roundTrip.timeout)
    }

    /// A SACK that could still wait leaves with data, since there is a packet anyway.
    private func writeData(_ writer: inout PacketWriter, at now: Instant) {
        let sends = state.sendsData && transmission.maySend(at: now)
        if acknowledgement.isDue || sends && acknowledgement.isPending, writer.room >= SelectiveAcknowledgementChunk.headSize,
            state.takesData
        {
            let window = reassembly.window
            received.write(window: UInt32(clamping: window), to: &writer)
            remoteCredit = window
            acknowledgement.sent()
        }
        if sends { transmission.fill(&writer, at: now) }
    }
}
