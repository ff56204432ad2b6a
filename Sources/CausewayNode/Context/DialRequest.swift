import CausewayConnection
import CausewayIdentity

/// A request for a connection to a peer. It comes back with its answer.
final class DialRequest {
    enum Asker {
        /// The application, with its own number.
        case application
        /// A protocol, with a number from the node's sequence. The answer goes to `NodeProtocol.connectAnswered`.
        case `protocol`
        /// An attempt of the dialler that needs its relay, with the number of the link that it is to become.
        case circuit
    }
    let asker: Asker
    let number: UInt32
    /// The protocol that asked.
    let owner: (any NodeProtocol)?
    let peer: PeerID
    let policy: DialPolicy
    let deadline: Instant

    /// The connection that answers the request. nil: none.
    var link: UInt32?
    /// The result for each address.
    var outcomes: [DialOutcome] = []

    init(_ asker: Asker, _ number: UInt32, owner: (any NodeProtocol)? = nil, _ peer: PeerID, _ policy: DialPolicy, deadline: Instant) {
        self.asker = asker
        self.number = number
        self.owner = owner
        self.peer = peer
        self.policy = policy
        self.deadline = deadline
    }

    /// The main reason why there is no connection: the first failure, or else the result for the first address.
    var why: DialOutcome.Result? {
        for outcome in outcomes { if case .failed = outcome.result { return outcome.result } }
        return outcomes.first?.result
    }

    func isOf(_ asker: Asker, _ number: UInt32) -> Bool { self.asker == asker && self.number == number }
}
