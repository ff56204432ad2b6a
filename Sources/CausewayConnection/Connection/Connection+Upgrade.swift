import CausewayIdentity

extension Connection {
    func startUpgrade(_ configuration: Configuration) {
        let entropy = configuration.entropy
        let identity = configuration.identity
        let noise = NoiseHandshake(
            isInitiator: isInitiator, staticSecret: identity.staticSecret, staticPublic: identity.staticPublic,
            ephemeralSecret: [UInt8](entropy[0..<32]), prologue: [])
        let upgrade = Upgrade(
            negotiation: negotiation(of: Upgrade.noiseID), noise: noise, identity: identity, expecting: configuration.expecting,
            deadline: now + limits.handshakeTime)
        self.upgrade = upgrade
        guard let makeFraming = configuration.webSocket.framing else { return startSecurity(upgrade) }
        do throws(WebSocketFault) {
            let framing = try makeFraming(limits, entropy)
            wire.append(framing.opening)
            self.framing = framing
        } catch {
            fail(.peerFault(.webSocket, code: error.rawValue))
        }
    }

    /// The dialler proposes, the listener waits.
    private func negotiation(of name: [UInt8]) -> Negotiation {
        isInitiator ? Negotiation(proposing: [name], limits: limits) : Negotiation(limits: limits)
    }

    /// The dialler sends Noise's first message along with its proposal.
    private func startSecurity(_ upgrade: Upgrade) {
        upgrade.phase = .security
        guard isInitiator else { return }
        do throws(NoiseFault) {
            try sendHandshake(upgrade, behind: upgrade.negotiation.takeReply(), [])
        } catch {
            fail(.peerFault(.noise, code: error.rawValue))
        }
    }

    /// The next step; false if it takes more bytes from the link.
    func continueUpgrade() throws(ConnectionError) -> Bool {
        guard let upgrade else { return false }
        switch upgrade.phase {
        case .webSocket:
            guard try fillPayload() else { return false }
            startSecurity(upgrade)
        case .security:
            guard !input.payload.isEmpty else { return try fillPayload() }
            if try negotiate(upgrade, input.payload, .noise, Upgrade.noiseID) { upgrade.phase = .noise }
        case .noise:
            guard let frame = try nextFrame(atMost: Upgrade.largestMessage) else { return false }
            try receiveHandshake(upgrade, [UInt8](copying: UnsafeRawBufferPointer(frame)))
        case .muxer:
            guard !plain.isEmpty else { return try openFrame() }
            if try negotiate(upgrade, plainBytes, .yamux, Yamux.protocolID) { establish(upgrade) }
        }
        return true
    }

    /// Takes the next message of a negotiation that can only come to `name`, and answers it. True once it is settled.
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
        if step != .progress || taken == bytes.count {
            let reply = negotiation.takeReply()
            if isSealed { sendSealed(reply) } else { sendPlain(reply) }
        }
        return isSettled
    }

    // MARK: Noise

    private func receiveHandshake(_ upgrade: Upgrade, _ message: [UInt8]) throws(ConnectionError) {
        do throws(NoiseFault) {
            upgrade.remoteKey = try read(message, upgrade)
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
        guard let key = upgrade.remoteKey else { return }
        if let expected = upgrade.expecting, key.peerID != expected { throw .wrongPeer(expected: expected, actual: key.peerID) }
        do throws(NoiseFault) {
            if isInitiator { try sendHandshake(upgrade, upgrade.identity.payload) }
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
        try secured(upgrade)
    }

    /// Takes one message; the remote's verified key if it was the one that brings it.
    private func read(_ message: [UInt8], _ upgrade: Upgrade) throws(NoiseFault) -> PublicKey? {
        let payload = try upgrade.noise.read(message)
        if upgrade.noise.remoteStatic.isEmpty {
            guard payload.isEmpty else { throw .unexpectedPayload }
            try sendHandshake(upgrade, upgrade.identity.payload)
            return nil
        }
        let decoded = try NoisePayload(decoding: payload)
        upgrade.remoteMuxers = decoded.muxers
        return try decoded.verifiedKey(for: upgrade.noise.remoteStatic)
    }

    /// The next message of ours with its length in front.
    private func sendHandshake(_ upgrade: Upgrade, behind front: [UInt8] = [], _ payload: [UInt8]) throws(NoiseFault) {
        let message = try upgrade.noise.write(payload)
        var bytes = front
        bytes.append(UInt8(truncatingIfNeeded: message.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: message.count))
        bytes.append(contentsOf: message)
        sendPlain(bytes)
    }

    /// Both sides are authenticated: on to the muxer.
    private func secured(_ upgrade: Upgrade) throws(ConnectionError) {
        (sealingKey, openingKey) = upgrade.noise.split()
        guard upgrade.remoteMuxers.isEmpty else {
            guard upgrade.remoteMuxers.contains(Yamux.protocolID) else { throw .noCommonProtocol(.yamux) }
            return establish(upgrade)
        }
        upgrade.phase = .muxer
        upgrade.negotiation = negotiation(of: Yamux.protocolID)
        sendSealed(upgrade.negotiation.takeReply())
    }

    private func establish(_ upgrade: Upgrade) {
        guard let key = upgrade.remoteKey else { return }
        self.upgrade = nil
        remotePeer = key.peerID
        outputs.append(.established(key.peerID, key))
        sendPing()
    }
}
