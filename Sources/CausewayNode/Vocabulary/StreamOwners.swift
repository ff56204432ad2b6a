import CausewayIdentity

/// Which protocol owns each of the node's streams: its index in `NodeState.protocols`. Streams of one link are kept in the order of their
/// opening.
struct StreamOwners {
    private var owners = Table<UInt64, Int>()
    private var byLink = Table<UInt32, [UInt32]>()

    var count: Int { owners.count }

    subscript(stream: StreamKey) -> Int? { owners[stream.packed] }

    func count(on link: UInt32) -> Int { byLink[link]?.count ?? 0 }

    mutating func insert(_ stream: StreamKey, _ owner: Int) {
        guard owners.updateValue(owner, forKey: stream.packed) == nil else { return }
        byLink[stream.link, default: []].append(stream.stream)
    }

    mutating func remove(_ stream: StreamKey) {
        guard owners.removeValue(forKey: stream.packed) != nil, let index = byLink[stream.link]?.firstIndex(of: stream.stream) else {
            return
        }
        byLink[stream.link]?.remove(at: index)
        if byLink[stream.link]?.isEmpty ?? false { byLink[stream.link] = nil }
    }

    /// The streams that a link had, which are forgotten, with their owners.
    mutating func removeAll(on link: UInt32) -> [(stream: StreamKey, owner: Int)] {
        guard let streams = byLink.removeValue(forKey: link) else { return [] }
        var removed: [(stream: StreamKey, owner: Int)] = []
        for stream in streams {
            let key = StreamKey(link: link, stream: stream)
            if let owner = owners.removeValue(forKey: key.packed) { removed.append((key, owner)) }
        }
        return removed
    }
}
