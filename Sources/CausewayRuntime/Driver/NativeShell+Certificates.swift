import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC
import Synchronization

/// The certificates of `/webrtc-direct`, and what the sessions share that begin now.
struct DirectCertificates: Sendable {
    let all: DTLSCertificates
    let context: DTLSContext

    init(_ all: DTLSCertificates) throws(TLSError) {
        self.all = all
        context = try DTLSContext(all.shown)
    }

    /// Those of a later time, which may still show the same one.
    init(_ all: DTLSCertificates, after present: DirectCertificates) throws(TLSError) {
        self.all = all
        context = all.shown === present.all.shown ? present.context : try DTLSContext(all.shown)
    }

    var multihashes: [[UInt8]] { all.fingerprints.map(\.multihash) }
}

extension NativeShell {
    /// How often the certificates' dates are looked at.
    static let renewalInterval = Interval.seconds(3600)

    /// The certificates as they are now. A node that was given none makes one when it first needs it.
    func certificates() throws(TLSError) -> DirectCertificates {
        try directCertificates.withLock { present throws(TLSError) -> DirectCertificates in
            if let present { return present }
            let all = if let given = configuration.webRTCCertificates { given } else { try DTLSCertificates(now: WallClock.unixSeconds()) }
            let fresh = try DirectCertificates(all)
            present = fresh
            return fresh
        }
    }

    /// Makes a successor of the certificate, or shows it, when it is time. Connections keep the certificate with which they began. What
    /// cannot be kept is not advertised, because a restart would lose it.
    /// - Parameter now: Unix seconds.
    func renewCertificates(now: Int64) {
        guard let present = directCertificates.withLock({ $0 }), let all = try? present.all.renewed(now: now),
            let next = try? DirectCertificates(all, after: present), keepCertificates?(all) ?? true
        else { return }
        directCertificates.withLock { $0 = next }
        for port in datagramPorts { port.context = next.context }
        let multihashes = next.multihashes
        bound = bound.map { $0.transport == .webRTCDirect ? $0.naming(certificates: multihashes) : $0 }
        tell { node, now in node.certified(by: multihashes, now: now) }
        networkWatch?.look()
    }

    /// Called now and then on the first loop.
    func renewCertificatesIfDue() {
        guard nextRenewal <= loop.now else { return }
        nextRenewal = loop.now + Self.renewalInterval
        renewCertificates(now: WallClock.unixSeconds())
    }
}
