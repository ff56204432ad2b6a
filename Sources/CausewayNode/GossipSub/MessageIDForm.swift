/// How ids of messages are written to neighbours (pubsub/README.md, "Message Identification"). A topic works best if all of its peers write
/// them alike, but a node with `learnt` gets along with each of its neighbours, whatever the others do.
public enum MessageIDForm: Sendable {
    /// The form that the neighbour uses itself. The node learns it from the ids that the neighbour announces, and from those that it asks
    /// for in vain. Until then, the neighbour's agent name decides, or else it is `go`.
    case learnt
    /// Author and sequence number, as in the specification and go-libp2p.
    case go
    /// Public key (protobuf) and sequence number, as in js-libp2p.
    case js
    #if !hasFeature(Embedded)
        /// Author in base58 and sequence number in decimal, as in rust-libp2p.
        case rust
        /// SHA-256 of the data.
        case sha256
        /// SHA-256 of the sequence number in decimal, as in universal-connectivity's pages.
        case sequenceSHA256
        /// A function of the application's. It gets every message of every topic, must be pure and quick, since it runs on the node's
        /// thread, and answers 1 to `GossipLimits.messageID` bytes. Messages for which it answers the same are the same message: only the
        /// first one is delivered and forwarded. In the forms above, a message is one by its author and number.
        case own(@Sendable (GossipMessage) -> [UInt8])
    #endif
}

/// One way to write an id.
enum IDForm: UInt8 {
    case go, js
    #if !hasFeature(Embedded)
        case rust, sha256, sequenceSHA256, own
        /// In none of these forms. Such ids can be asked for, but not be written.
        case foreign
    #endif
}

extension MessageIDForm {
    /// nil: each neighbour's own.
    var fixed: IDForm? {
        switch self {
        case .learnt: nil
        case .go: .go
        case .js: .js
        #if !hasFeature(Embedded)
            case .rust: .rust
            case .sha256: .sha256
            case .sequenceSHA256: .sequenceSHA256
            case .own: .own
        #endif
        }
    }
}
