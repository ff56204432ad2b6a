public import CausewayIdentity

extension PeerConnection {
    /// Dials a listener of `/webrtc-direct`.
    /// - Parameters:
    ///   - base: The socket, which the dial has for itself.
    ///   - secret: 32 random bytes for ICE, used for nothing else.
    ///   - entropy: 32 random bytes for SCTP, used for nothing else.
    public convenience init(
        dialling remote: Endpoint, _ descriptions: DirectDescriptions, from base: LocalBase, by endpoint: any DTLSEndpoint,
        secret: [UInt8], entropy: [UInt8], now: Instant, limits: ICELimits = ICELimits()
    ) {
        let answer = descriptions.answer
        let agent = ICEAgent(
            .controlling, descriptions.offer.credentials, bases: [base], secret: secret, now: now, limits: limits,
            mayCheck: { $0 == remote })
        agent.setRemote(answer.credentials, isLite: answer.isLite, now: now)
        for candidate in answer.candidates { agent.add(candidate) }
        self.init(agent, .client, by: endpoint, entropy: entropy)
        setTrust(.fingerprints(answer.fingerprints), now: now)
    }
}
