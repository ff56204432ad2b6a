import CausewayRuntime

/// Why an operation of the node failed.
public enum NodeError: Error, Sendable {
    /// An address of `Configuration.listen` cannot be bound: `reason` is the system's.
    case cannotListen(Multiaddr, reason: String)
    /// Nothing here can listen on or dial such an address.
    case unsupportedAddress(Multiaddr)
    /// A file of the configuration cannot be used.
    case file(path: String, reason: String)
    /// The private key cannot be used.
    case identity(String)
    /// An address must end in `/p2p/<peer id>` here.
    case missingPeerID(Multiaddr)
    /// No connection: what was tried, one outcome an address; empty if no address is known.
    case notConnected(PeerID, [DialOutcome])
    case reservation(ReservationError)
    case publish(PublishError)
    case stream(StreamError)
    /// The system has no event loop or thread left for the node: its `errno`, and its reason in words.
    case environment(errno: Int32, reason: String)
    /// `run` was called twice, or the node has stopped.
    case notRunning
    case cancelled
}

extension NodeError {
    init(_ error: ListenError) {
        switch error {
        case .unsupported(let address): self = .unsupportedAddress(address)
        case .noCertificate(let address): self = .cannotListen(address, reason: "it needs a certificate and its key")
        case .system(let address, _, let text): self = .cannotListen(address, reason: text)
        case .stopped: self = .notRunning
        }
    }
}
