import CausewayIdentity

/// Which protocol owns each of the node's streams: its index in `NodeState.protocols`. Streams of one link are kept in the order of their
/// opening.
struct StreamOwners: ~Copyable {
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
        guard owners.removeValue(forKey: stream.packed) != nil, var streams = byLink[stream.link],
            let index = streams.firstIndex(of: stream.stream)
        else { return }
        streams.remove(at: index)
        byLink[stream.link] = streams.isEmpty ? nil : streams
    }

    /// The streams of a link.
    func streams(on link: UInt32) -> [UInt32] { byLink[link] ?? [] }
}
