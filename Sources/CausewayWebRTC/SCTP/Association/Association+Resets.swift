import CausewayIdentity

// RE-CONFIG (RFC 6525).
extension Association {
    func received(reconfiguration value: PacketBytes, at now: Instant) {
        guard state.takesData || state == .shutdownReceived else { return }
        var parameters = ParameterReader(value)
        while let parameter = parameters.next(), let item = ReconfigurationChunk.item(parameter) {
            switch item {
            case .outgoingReset(let number, let last, let streams): received(resetOf: streams.ids, number, last: last)
            case .other(let number):
                if decide(number) {
                    incomingResets.finish(.denied)
                    respond(.denied, to: number)
                }
            case .response(let number, let result): received(response: result, to: number, at: now)
            }
        }
    }

    /// Whether a request is new. One that was answered before gets the same answer.
    private func decide(_ number: RequestNumber) -> Bool {
        switch incomingResets.look(at: number) {
        case .new: return true
        case .answer(let result):
            respond(result, to: number)
            return false
        }
    }

    private func respond(_ result: ReconfigurationResult, to number: RequestNumber) {
        let chunk = [UInt8](writing: 16) { ReconfigurationChunk.write(result, to: number, to: &$0) }
        controls.append(ControlQueue.Waiting(chunk: chunk, tag: remoteTag, isAnswer: true))
    }

    /// The remote begins its streams anew. What it sent before comes first.
    private func received(resetOf streams: [StreamID], _ number: RequestNumber, last: TSN) {
        guard decide(number) else { return }
        let request = IncomingResets.Request(number: number, last: last, streams: streams)
        guard last <= received.cumulative else {
            incomingResets.hold(request)
            return respond(.inProgress, to: number)
        }
        perform(request)
        incomingResets.finish(.performed)
    }

    /// The data for which a request was held may be here now. The remote is told without being asked again.
    func releaseHeldReset(at now: Instant) {
        guard let request = incomingResets.release(cumulative: received.cumulative) else { return }
        perform(request)
    }

    private func perform(_ request: IncomingResets.Request) {
        for stream in request.streams.isEmpty ? reassembly.known : request.streams { reassembly.restart(stream) }
        respond(.performed, to: request.number)
    }

    private func received(response result: ReconfigurationResult, to number: RequestNumber, at now: Instant) {
        guard let ended = outgoingResets.answered(number, result) else { return }
        let isDone = result == .performed || result == .nothingToDo
        for stream in ended {
            if isDone { streams[stream.raw] = nil }
            events.append(isDone ? .resetComplete(stream) : .resetRefused(stream))
        }
        proceedShutdown(at: now)
    }

    /// Requests the resets of the streams that are drained.
    func proceedResets() {
        guard !outgoingResets.isIdle, outgoingResets.request == nil else { return }
        outgoingResets.begin(last: transmission.nextTSN.previous) { (streams[$0.raw]?.buffered ?? 0) == 0 }
        // Who cannot reset streams never answers.
        if !features.contains(.reconfiguration), let number = outgoingResets.request?.number {
            for stream in outgoingResets.answered(number, .denied) ?? [] { events.append(.resetRefused(stream)) }
        }
    }
}
