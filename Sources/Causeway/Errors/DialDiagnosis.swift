import CausewayConnection
import CausewayNode
import CausewayTLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the outcomes of a failed dial say together: the most telling one of them, in a sentence, and what would help.
///
/// Nothing is asked of the network: it is made of what is known already. `Node.check` asks.
public struct DialDiagnosis: Equatable, Sendable, CustomStringConvertible {
    /// The causes, the most telling first: the first of them that an address failed for is the diagnosis.
    public enum Cause: String, CaseIterable, Sendable {
        /// Another peer answered than the one that the address names.
        case wrongPeer
        /// The peer holds no reservation at the relay.
        case noReservation
        /// The relay could not reach the peer, or the peer refused.
        case notReachedByRelay
        /// The relay has no room, or refuses.
        case refusedByRelay
        /// What is named as a relay is none.
        case notARelay
        /// A path was found by WebRTC, and the connection over it did not come about.
        case notSecured
        /// WebRTC found no path between the two sides.
        case noPath
        /// The certificate's time has not come, or is over, by this machine's clock.
        case certificateTime
        /// The certificate proves another name, or comes from nobody who is trusted.
        case certificate
        /// A WebSocket was asked for, and an HTTP redirection came: something answers in place of the peer.
        case redirected
        /// A WebSocket was asked for, and an HTTP server answered that does not know it.
        case noWebSocket
        /// What answers does not speak libp2p, or not to this node.
        case notLibp2p
        /// The remote closed or stopped answering before the connection stood.
        case brokenOff
        /// The machine is there, and nobody listens at the port.
        case refused
        /// Nothing came back.
        case silence
        /// A router says that there is no way to the machine.
        case unreachable
        /// This machine has no way to addresses of this kind.
        case noRoute
        /// A link-local address names no interface of this machine as its zone.
        case noZone
        /// The name does not lead to an address.
        case unknownName
        /// One of this node's own limits.
        case ownLimit
        /// It failed lately and was not tried again.
        case heldBack
        /// This node has no transport for the address.
        case unsupported
        /// The address is this node's own.
        case ownPeer
        /// Only strangers named the address, and it is a local one.
        case hearsay
        /// No address is known.
        case noAddress
        /// It was given up before it came to anything.
        case cancelled
    }

    public let cause: Cause
    /// Whether every address that the cause concerns is of a private network or of this machine.
    public let isLocal: Bool

    init(_ cause: Cause, isLocal: Bool = false) {
        self.cause = cause
        self.isLocal = isLocal
    }

    /// nil: something connected, so there is nothing to diagnose.
    public init?(_ outcomes: [DialOutcome]) {
        guard !outcomes.contains(where: { $0.result == .connected }) else { return nil }
        let causes = outcomes.map { ($0, Self.cause(of: $0)) }
        guard let worst = Cause.allCases.first(where: { cause in causes.contains { $0.1 == cause } }) else {
            self.init(.noAddress)
            return
        }
        let concerned = causes.filter { $0.1 == worst }.map(\.0.address)
        self.init(worst, isLocal: concerned.allSatisfy { !$0.isCircuit && $0.reach.isLocal })
    }

    private static func cause(of outcome: DialOutcome) -> Cause {
        switch outcome.result {
        case .connected, .cancelled: .cancelled
        case .failed(let error): cause(of: error, outcome)
        case .refusedByRelay(let status): cause(ofStatus: status)
        case .unresolved: .unknownName
        case .backedOff: .heldBack
        case .unsupported: .unsupported
        case .hearsay: .hearsay
        case .ownPeer: .ownPeer
        case .limit: .ownLimit
        }
    }

    private static func cause(ofStatus status: UInt16) -> Cause {
        switch status {
        case HopStatus.noReservation: .noReservation
        case HopStatus.connectionFailed: .notReachedByRelay
        default: .refusedByRelay
        }
    }

    private static func cause(of error: ConnectionError, _ outcome: DialOutcome) -> Cause {
        if let report = outcome.peerConnection { return report.state == .securing ? .notSecured : .noPath }
        switch error {
        case .wrongPeer: return .wrongPeer
        case .noCommonProtocol(.circuit): return .notARelay
        case .noCommonProtocol(.signalling), .noCommonProtocol(.holePunching): return .noPath
        case .peerFault(.tls, let code): return cause(ofTLS: code)
        case .peerFault(.webSocket, let code): return code == WebSocketFault.redirected.rawValue ? .redirected : .noWebSocket
        case .noCommonProtocol, .peerFault: return .notLibp2p
        case .timedOut(.transport): return .silence
        case .timedOut(.holePunching): return .noPath
        case .timedOut(.circuit): return .notReachedByRelay
        case .timedOut: return outcome.address.transport == .webRTCDirect ? .silence : .brokenOff
        case .limit: return .ownLimit
        case .link(let code): return cause(ofSystem: code < 0 ? -code : code, outcome.address)
        case .goAway: return .brokenOff
        case .closed: return .cancelled
        }
    }

    private static func cause(ofTLS code: UInt16) -> Cause {
        if code == 0 { return .unsupported }
        if TLSError.isAboutTime(code) { return .certificateTime }
        return code >= 1000 ? .certificate : .notLibp2p
    }

    private static func cause(ofSystem code: Int32, _ address: Multiaddr) -> Cause {
        switch code {
        case ENODEV: .noZone
        case EINVAL where address.reach == .linkLocal: .noZone
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .silence
        case ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT: .noRoute
        case EHOSTUNREACH, EHOSTDOWN, ENETDOWN: .unreachable
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: .ownLimit
        default: .brokenOff
        }
    }

    // MARK: In words

    public var description: String { "\(sentence) \(remedy)" }
}
