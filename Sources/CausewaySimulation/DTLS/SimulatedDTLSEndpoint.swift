public import CausewayIdentity
public import CausewayWebRTC

/// Makes engines that stand in for DTLS in simulations. They need no entropy, so a simulation repeats itself. **Nothing is encrypted.**
public final class SimulatedDTLSEndpoint: DTLSEndpoint {
    public let fingerprint: CertificateFingerprint
    private let limits: DTLSLimits
    /// How many engines it has made: no two say the same.
    private var count: UInt64 = 0

    /// - Parameters:
    ///   - name: stands for a certificate. Endpoints of one name have the same fingerprint.
    ///   - limits: what each engine keeps and for how long its handshake may take.
    public init(name: [UInt8], limits: DTLSLimits = DTLSLimits()) {
        fingerprint = CertificateFingerprint(certificate: name)
        self.limits = limits
    }

    public func makeEngine(_ role: DTLSRole, trusting trust: DTLSTrust, now: Instant) -> any DTLSEngine {
        count += 1
        return SimulatedDTLSEngine(role, fingerprint, number: now.nanoseconds &+ count, trusting: trust, limits: limits, now: now)
    }
}
