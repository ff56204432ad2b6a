import CausewayConnection
import CausewayIdentity

/// Somebody waits for a connection to a peer. It comes back with its answer.
final class DialRequest {
    enum Asker {
        /// The application, by its own number.
        case application
        /// A protocol, by a number of the node's sequence; the answer goes to `NodeProtocol.connectAnswered`.
        case part
        /// An attempt of the dialler's own that needs its relay, by the link that it is to become.
        case circuit
    }
    let asker: Asker
    let number: UInt32
    /// A protocol's index in `NodeState.protocols`.
    let owner: Int
    let peer: PeerID
    /// Tried beside those that the peer store knows.
    let addresses: [Multiaddr]
    /// Who says so.
    let origin: AddressOrigin
    let allowsLimited: Bool
    /// Nothing that runs over a relay will do.
    let directOnly: Bool
    let deadline: Instant

    /// The connection that answers it; nil: none.
    var link: UInt32?
    /// What came of each address.
    var outcomes: [DialOutcome] = []

    init(
        _ asker: Asker, _ number: UInt32, owner: Int = 0, _ peer: PeerID, _ addresses: [Multiaddr], origin: AddressOrigin = .named,
        allowsLimited: Bool = false, directOnly: Bool = true, deadline: Instant
    ) {
        self.asker = asker
        self.number = number
        self.owner = owner
        self.peer = peer
        self.addresses = addresses
        self.origin = origin
        self.allowsLimited = allowsLimited
        self.directOnly = directOnly
        self.deadline = deadline
    }

    /// Why there is no connection, in one word: the first failure, or failing that what the first address met.
    var why: DialOutcome.Result? {
        for outcome in outcomes { if case .failed = outcome.result { return outcome.result } }
        return outcomes.first?.result
    }

    func isOf(_ asker: Asker, _ number: UInt32) -> Bool { self.asker == asker && self.number == number }
}
