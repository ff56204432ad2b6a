/// The protocols that a node serves, for answering multistream-select: an immutable snapshot that the node replaces as a whole.
public struct ProtocolTable: Equatable, Sendable {
    /// The owner of a stream of this protocol once it is settled.
    public enum Owner: UInt8, Sendable { case node, application }

    /// When the node gives a stream of its own to another owner.
    public enum HandOver: UInt8, Sendable {
        case never
        /// Possibly when one message preceded by its length has come. What comes behind it is kept for the next owner.
        case afterOneMessage
    }

    /// One protocol that the node serves.
    public final class Entry: Equatable, Sendable {
        /// The protocol id, such as `/ipfs/ping/1.0.0`, as UTF-8.
        public let name: [UInt8]
        public let owner: Owner
        /// Whether it may run over a relayed connection with limits.
        public let allowsLimited: Bool
        public let handsOver: HandOver

        public init(name: [UInt8], owner: Owner, allowsLimited: Bool, handsOver: HandOver = .never) {
            self.name = name
            self.owner = owner
            self.allowsLimited = allowsLimited
            self.handsOver = handsOver
        }

        public static func == (a: Entry, b: Entry) -> Bool {
            a.name == b.name && a.owner == b.owner && a.allowsLimited == b.allowsLimited && a.handsOver == b.handsOver
        }
    }

    public let entries: [Entry]

    public init(_ entries: [Entry]) { self.entries = entries }

    public func entry(for name: [UInt8]) -> Entry? {
        for entry in entries where entry.name == name { return entry }
        return nil
    }
}
