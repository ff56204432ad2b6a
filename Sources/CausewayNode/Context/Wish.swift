import CausewayConnection
import CausewayIdentity

/// What one protocol wants of another, which it does not know. `Node` carries wishes out after each input, in the order of asking.
indirect enum Wish {
    /// The dialler is to connect to a peer.
    case connect(DialRequest)
    /// The protocol that asked for a connection is to get the answer.
    case connected(DialRequest)
    /// The dialler is to know that a circuit it asked for has failed.
    case pathFailed(link: UInt32, DialOutcome.Result)
    /// `UpgradeCoordinator` is to know how an attempt at a direct connection to the peer has ended.
    case upgradeEnded(PeerID, DialOutcome.Result, PeerConnectionReport?)
    /// The dialler is to know that a relayed connection to the peer does not become a direct one, at least for now.
    case upgradeFailed(PeerID, DialOutcome.Result, PeerConnectionReport?)
    /// Every protocol is to know that the peer store has news of the peer at this link.
    case identified(link: UInt32)
    /// Every protocol is to know that the advertised addresses have changed.
    case addressesChanged
    /// Every protocol is to know that this node has other addresses, advertised or not, or knows more about them.
    case ownAddressesChanged
    /// The node is to look again at which protocols its parts serve.
    case servedChanged
}
