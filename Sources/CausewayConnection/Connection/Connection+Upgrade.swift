import CausewayIdentity

extension Connection {
    func startUpgrade(_ configuration: Configuration) {
        let entropy = configuration.entropy + [UInt8](repeating: 0, count: max(0, Self.entropySize - configuration.entropy.count))
        var phase = Upgrade.Phase.security(Negotiation(limits: limits))
        var fault: ConnectionError?
        switch configuration.webSocket {
        case .none: break
        case .server: phase = .webSocket(WebSocketHandshake(serverWithHeadLimit: limits.httpHead))
        case .client(let host, let path):
            do throws(WebSocketFault) {
                let handshake = try WebSocketHandshake(host: host, path: path, key: [UInt8](entropy[40..<56]), headLimit: limits.httpHead)
                wire.append(handshake.request)
                phase = .webSocket(handshake)
            } catch {
                fault = .peerFault(.webSocket, code: error.rawValue)
            }
        }
        let identity = configuration.identity
        let noise = NoiseHandshake(
            isInitiator: isInitiator, staticSecret: identity.staticSecret, staticPublic: identity.staticPublic,
            ephemeralSecret: [UInt8](entropy[0..<32]), prologue: [])
        let upgrade = Upgrade(
            phase: phase, noise: noise, identity: identity, expecting: configuration.expecting, deadline: now + limits.handshakeTime)
        for index in 32..<40 { upgrade.maskSeed = upgrade.maskSeed << 8 | UInt64(entropy[index]) }
        self.upgrade = upgrade
        if let fault { return fail(fault) }
        if case .security = phase { startSecurity(upgrade) }
    }

    /// The dialler proposes Noise and sends its first message along; the listener waits.
    private func startSecurity(_ upgrade: Upgrade) {
        guard isInitiator else {
            upgrade.phase = .security(Negotiation(limits: limits))
            return
        }
        let negotiation = Negotiation(proposing: [Upgrade.noiseID], limits: limits)
        upgrade.phase = .security(negotiation)
        do throws(NoiseFault) {
            let message = try upgrade.noise.write([])
            sendPlain(
                negotiation.takeReply()
                    + [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message)
        } catch {
            fail(.peerFault(.noise, code: error.rawValue))
        }
    }

    /// The next step; false if it takes more bytes from the link.
    func continueUpgrade() throws(ConnectionError) -> Bool {
        guard let upgrade else { return false }
        switch upgrade.phase {
        case .webSocket(var handshake):
            let step = handshake.receive(UnsafeRawBufferPointer(input.raw))
            upgrade.phase = .webSocket(handshake)
            return try continueWebSocket(upgrade, step)
        case .security(let negotiation):
            if input.payload.isEmpty {
                guard try fillPayload() else { return false }
                return true
            }
            return try continueSecurity(upgrade, negotiation)
        case .noise: return try continueNoise(upgrade)
        case .muxer(let negotiation):
            if plain.isEmpty { return try openFrame() }
            return try continueMuxer(upgrade, negotiation)
        }
    }

    private func continueWebSocket(_ upgrade: Upgrade, _ step: WebSocketHandshake.Step) throws(ConnectionError) -> Bool {
        switch step {
        case .incomplete: return false
        case .accepted(let response, let consumed):
            wire.append(response)
            input.dropRaw(consumed)
            webSocket = WebSocketLayer(isServer: !isInitiator, maskSeed: upgrade.maskSeed)
            startSecurity(upgrade)
            return true
        case .rejected(let response, let fault):
            wire.append(response)
            throw .peerFault(.webSocket, code: fault.rawValue)
        }
    }

    private func continueSecurity(_ upgrade: Upgrade, _ negotiation: Negotiation) throws(ConnectionError) -> Bool {
        let (taken, step) = try Self.checked { () throws(MultistreamFault) in
            try negotiation.receive(UnsafeRawBufferPointer(input.payload))
        }
        input.dropPayload(taken)
        switch step {
        case .needMore, .progress: break
        case .settled: upgrade.phase = .noise
        case .refused: throw .noCommonProtocol(.noise)
        case .proposed(let name):
            if name == Upgrade.noiseID {
                negotiation.accept(name)
                upgrade.phase = .noise
            } else {
                negotiation.refuse()
            }
        }
        if step != .progress || input.payload.isEmpty { sendPlain(negotiation.takeReply()) }
        return true
    }

    private static func checked<Result>(_ work: () throws(MultistreamFault) -> Result) throws(ConnectionError) -> Result {
        do throws(MultistreamFault) {
            return try work()
        } catch {
            throw .peerFault(.multistream, code: error.rawValue)
        }
    }

    // MARK: Noise

    private func continueNoise(_ upgrade: Upgrade) throws(ConnectionError) -> Bool {
        guard let frame = try nextFrame(atMost: Upgrade.largestMessage) else { return false }
        let message = [UInt8](copying: UnsafeRawBufferPointer(frame))
        let key: PublicKey?
        do throws(NoiseFault) {
            key = try read(message, upgrade)
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
        guard let key else { return true }
        if let expected = upgrade.expecting, key.peerID != expected { throw .wrongPeer(expected: expected, actual: key.peerID) }
        upgrade.remoteKey = key
        do throws(NoiseFault) {
            if isInitiator { sendHandshake(try upgrade.noise.write(upgrade.identity.payload)) }
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
        try secured(upgrade)
        return true
    }

    /// Takes one message; the remote's verified key if it was the one that brings it.
    private func read(_ message: [UInt8], _ upgrade: Upgrade) throws(NoiseFault) -> PublicKey? {
        let payload = try upgrade.noise.read(message)
        if upgrade.noise.remoteStatic.isEmpty {
            guard payload.isEmpty else { throw .unexpectedPayload }
            sendHandshake(try upgrade.noise.write(upgrade.identity.payload))
            return nil
        }
        let decoded = try NoisePayload(decoding: payload)
        upgrade.remoteMuxers = decoded.muxers
        return try decoded.verifiedKey(for: upgrade.noise.remoteStatic)
    }

    /// Both sides are authenticated: on to the muxer.
    private func secured(_ upgrade: Upgrade) throws(ConnectionError) {
        (sealingKey, openingKey) = upgrade.noise.split()
        guard upgrade.remoteMuxers.isEmpty else {
            guard upgrade.remoteMuxers.contains(Yamux.protocolID) else { throw .noCommonProtocol(.yamux) }
            return establish(upgrade)
        }
        let negotiation = isInitiator ? Negotiation(proposing: [Yamux.protocolID], limits: limits) : Negotiation(limits: limits)
        upgrade.phase = .muxer(negotiation)
        sendSealed(negotiation.takeReply())
    }

    private func continueMuxer(_ upgrade: Upgrade, _ negotiation: Negotiation) throws(ConnectionError) -> Bool {
        let (taken, step) = try Self.checked { () throws(MultistreamFault) in
            try negotiation.receive(UnsafeRawBufferPointer(plainBytes))
        }
        dropPlain(taken)
        var isSettled = false
        switch step {
        case .needMore, .progress: break
        case .settled: isSettled = true
        case .refused: throw .noCommonProtocol(.yamux)
        case .proposed(let name):
            isSettled = name == Yamux.protocolID
            if isSettled { negotiation.accept(name) } else { negotiation.refuse() }
        }
        if step != .progress || plain.isEmpty { sendSealed(negotiation.takeReply()) }
        if isSettled { establish(upgrade) }
        return true
    }

    private func establish(_ upgrade: Upgrade) {
        guard let key = upgrade.remoteKey else { return }
        self.upgrade = nil
        remotePeer = key.peerID
        outputs.append(.established(key.peerID, key))
        sendPing()
    }
}
