import CausewayIdentity

extension Connection {
    func startUpgrade(_ configuration: Configuration) {
        let entropy = configuration.entropy
        let handshake = NoiseHandshake(
            isInitiator: isInitiator, identity: configuration.identity, ephemeralSecret: entropy.part(0..<32), prologue: [])
        let upgrade = Upgrade(
            negotiation: negotiation(of: Upgrade.noiseID, within: configuration.limits),
            noise: NoiseExchange(handshake, payload: configuration.identity.payload, expecting: configuration.expecting))
        self.upgrade = upgrade
        guard let makeFraming = configuration.webSocket.framing else { return startSecurity(upgrade) }
        do throws(WebSocketFault) {
            let framing = try makeFraming(configuration.limits, entropy)
            wire.append(framing.opening)
            self.framing = framing
        } catch {
            upgrade.fault = .peerFault(.webSocket, code: error.rawValue)
        }
    }

    /// The dialler proposes, the listener waits.
    private func negotiation(of name: [UInt8], within limits: ConnectionLimits) -> Negotiation {
        Negotiation(proposing: isInitiator ? [name] : [], limits: limits)
    }

    /// The dialler sends Noise's first message together with its proposal.
    private func startSecurity(_ upgrade: Upgrade) {
        upgrade.phase = .security
        guard isInitiator else { return }
        do throws(ConnectionError) {
            let message = try upgrade.noise.begin()
            sendPlain(upgrade.negotiation.takeReply() + message)
        } catch {
            upgrade.fault = error
        }
    }

    /// Takes the next step. Returns false if it needs more bytes from the link.
    func continueUpgrade(in streams: StreamMachine) throws(ConnectionError) -> Bool {
        guard let upgrade else { return false }
        if let fault = upgrade.fault { throw fault }
        switch upgrade.phase {
        case .webSocket:
            guard try fillPayload(in: streams) else { return false }
            startSecurity(upgrade)
        case .security:
            guard !input.payload.isEmpty else { return try fillPayload(in: streams) }
            if try negotiate(upgrade, input.payload, .noise, Upgrade.noiseID) { upgrade.phase = .noise }
        case .noise:
            guard let frame = try nextFrame(atMost: Upgrade.largestMessage, in: streams) else { return false }
            sendPlain(try upgrade.noise.receive([UInt8](copying: UnsafeRawBufferPointer(frame))))
            if upgrade.noise.remoteKey != nil { try secured(upgrade, in: streams) }
        case .muxer:
            guard plainCount > 0 else { return try openFrame(in: streams) }
            if try negotiate(upgrade, plainBytes, .yamux, Yamux.protocolID) { establish(upgrade, in: streams) }
        }
        return true
    }

    /// Takes and answers the next message of a negotiation that can only end with `name`. Returns true once both sides agree.
    private func negotiate(
        _ upgrade: Upgrade, _ bytes: UnsafeMutableRawBufferPointer, _ layer: ConnectionError.Layer, _ name: [UInt8]
    ) throws(ConnectionError) -> Bool {
        let negotiation = upgrade.negotiation
        let taken: Int
        let step: Negotiation.Step
        do throws(MultistreamFault) {
            (taken, step) = try negotiation.receive(UnsafeRawBufferPointer(bytes))
        } catch {
            throw .peerFault(.multistream, code: error.rawValue)
        }
        var isSettled = false
        switch step {
        case .needMore, .progress: break
        case .settled: isSettled = true
        case .refused: throw .noCommonProtocol(layer)
        case .proposed(let proposal):
            isSettled = proposal == name
            if isSettled { negotiation.accept(name) } else { negotiation.refuse() }
        }
        let isSealed = upgrade.phase == .muxer
        if isSealed { dropPlain(taken) } else { input.dropPayload(taken) }
        if isSettled || taken == bytes.count {
            let reply = negotiation.takeReply()
            if isSealed { sendSealed(reply) } else { sendPlain(reply) }
        }
        return isSettled
    }

    /// Both sides are authenticated; the muxer follows.
    private func secured(_ upgrade: Upgrade, in streams: StreamMachine) throws(ConnectionError) {
        (sealingKey, openingKey) = upgrade.noise.split()
        guard upgrade.noise.remoteMuxers.isEmpty else {
            guard upgrade.noise.remoteMuxers.contains(Yamux.protocolID) else { throw .noCommonProtocol(.yamux) }
            return establish(upgrade, in: streams)
        }
        upgrade.phase = .muxer
        upgrade.negotiation = negotiation(of: Yamux.protocolID, within: streams.limits)
        sendSealed(upgrade.negotiation.takeReply())
    }

    private func establish(_ upgrade: Upgrade, in streams: StreamMachine) {
        guard let key = upgrade.noise.remoteKey else { return }
        self.upgrade = nil
        streams.establish(key.peerID, key)
        sendPing(in: streams)
    }
}
