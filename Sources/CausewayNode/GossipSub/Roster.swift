import CausewayConnection
import CausewayIdentity

#if hasFeature(Embedded)
    /// A page has few neighbours, and searches a list of them.
    typealias Roster = [GossipPeer]
#else
    /// Neighbours in the order in which they were added. Adding and removing one takes no longer if there are more of them, because
    /// thousands of remotes may come and go at once.
    final class Roster: Sequence {
        /// nil: removed.
        private var entries: [GossipPeer?] = []
        /// The index of each in `entries`, by its number.
        private var indices = Table<UInt64, Int>()
        /// How many removed ones are kept beyond as many as there are members.
        private static let slack = 8

        var count: Int { indices.count }
        var isEmpty: Bool { indices.isEmpty }
        var first: GossipPeer? {
            var iterator = makeIterator()
            return iterator.next()
        }
        /// The memory it holds, in members.
        var size: Int { entries.count }

        /// The peer must not be in the roster.
        func append(_ peer: GossipPeer) {
            indices[peer.id] = entries.count
            entries.append(peer)
        }

        /// Removes the peer if it is in the roster.
        func remove(_ peer: GossipPeer) {
            guard let index = indices.removeValue(forKey: peer.id) else { return }
            entries[index] = nil
            if entries.count > 2 * count + Self.slack { closeUp() }
        }

        private func closeUp() {
            var members: [GossipPeer?] = []
            for member in self {
                indices[member.id] = members.count
                members.append(member)
            }
            entries = members
        }

        /// Goes through those who are in the roster when it begins.
        func makeIterator() -> Iterator { Iterator(entries: entries) }

        struct Iterator: IteratorProtocol {
            fileprivate let entries: [GossipPeer?]
            private var index = 0

            fileprivate init(entries: [GossipPeer?]) { self.entries = entries }

            mutating func next() -> GossipPeer? {
                while index < entries.count {
                    index += 1
                    if let member = entries[index - 1] { return member }
                }
                return nil
            }
        }
    }
#endif
