import CausewayTLS
import CausewayWebRTC

/// On what a node is going to listen, and with which certificates by WebRTC.
struct ListenPlan {
    /// nil: the node listens nowhere by WebRTC.
    let certificates: DTLSCertificates?
    let addresses: [Multiaddr]
    /// Those on which it listens if the system lets it.
    let optional: [Multiaddr]
    /// Why it is not going to listen on some that were optional.
    let failures: [NodeError]

    /// - Parameter now: Unix seconds.
    /// - Throws: if the certificates cannot be had and an address needs them that is not optional.
    init(_ configuration: Configuration, now: Int64) throws(NodeError) {
        addresses = configuration.listen
        let isNeeded = addresses.contains { $0.transport == .webRTCDirect }
        let needing = configuration.listenIfPossible.filter { $0.transport == .webRTCDirect }
        do throws(NodeError) {
            certificates = try isNeeded || !needing.isEmpty ? configuration.identity.certificates(now: now) : nil
            optional = configuration.listenIfPossible
            failures = []
        } catch {
            guard !isNeeded else { throw error }
            certificates = nil
            optional = configuration.listenIfPossible.filter { !needing.contains($0) }
            failures = needing.map { .cannotListen($0, reason: "\(error)") }
        }
    }

    /// The addresses as they are announced: those of `/webrtc-direct` name the certificates.
    /// - Throws: `NodeError.wrongCertificate` if one names another.
    func announcing(_ addresses: [Multiaddr]) throws(NodeError) -> [Multiaddr] {
        guard let own = certificates?.fingerprints.map(\.multihash) else { return addresses }
        var named: [Multiaddr] = []
        for address in addresses {
            let isDirect = address.transport == .webRTCDirect
            if isDirect, !address.certificateMultihashes.allSatisfy(own.contains) { throw .wrongCertificate(address) }
            named.append(isDirect ? address.naming(certificates: own) : address)
        }
        return named
    }
}
