import CausewayRuntime
import CausewayTLS

/// Why an operation of the node failed.
public enum NodeError: Error, Sendable {
    /// The node cannot bind an address of `Configuration.listen`. `reason` is the system's.
    case cannotListen(Multiaddr, reason: String)
    /// An address of `Configuration.announce` names a certificate (`/certhash`) that this node does not show.
    case wrongCertificate(Multiaddr)
    /// The node has no transport to listen on or dial such an address.
    case unsupportedAddress(Multiaddr)
    /// A file that the configuration names cannot be used.
    case file(path: String, reason: String)
    /// The private key cannot be used.
    case identity(String)
    /// An address lacks the `/p2p/<peer id>` at its end that is required here.
    case missingPeerID(Multiaddr)
    /// The dial failed. The list has one outcome for each address tried; it is empty if no address is known.
    case notConnected(PeerID, [DialOutcome])
    case reservation(ReservationError)
    case publish(PublishError)
    /// A number of `Configuration.pubSub` with which gossip does not work.
    case pubSub(GossipSettingError)
    case stream(StreamError)
    /// The system could not provide an event loop or a thread: its `errno`, and the reason in words.
    case environment(errno: Int32, reason: String)
    /// The node has stopped, or could not start.
    case notRunning
    /// `run` was called before. A node runs once; another one with the same configuration can follow it.
    case alreadyRun
    case cancelled
}

extension NodeError {
    init(_ error: ListenError) {
        switch error {
        case .unsupported(let address): self = .unsupportedAddress(address)
        case .noCertificate(let address): self = .cannotListen(address, reason: "it needs a certificate and its key (--cert, --cert-key)")
        case .system(let address, _, let text): self = .cannotListen(address, reason: text)
        case .stopped: self = .notRunning
        }
    }

    /// Names the file that is at fault, which may be the key's and not the certificate's.
    init(_ error: TLSError, reading path: String) {
        switch error {
        case .file(let path, let reason): self = .file(path: path, reason: reason)
        case .keyMismatch(let certificates, let key):
            self = .file(path: key, reason: "the key does not belong to the certificate in \(certificates)")
        default: self = .file(path: path, reason: "\(error)")
        }
    }
}
