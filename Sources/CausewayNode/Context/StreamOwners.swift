import CausewayIdentity

/// A stream that belongs to the node.
final class OwnedStream {
    let owner: any NodeProtocol
    /// Bytes that were taken and whose credit has not been returned yet.
    var taken = 0

    init(_ owner: any NodeProtocol) { self.owner = owner }
}

/// The protocol that owns each of the node's streams. A link's streams are in the order of their opening.
struct StreamOwners: ~Copyable {
    private var owners = Table<UInt64, OwnedStream>()
    private var byLink = Table<UInt32, [UInt32]>()

    var count: Int { owners.count }

    subscript(stream: StreamKey) -> OwnedStream? { owners[stream.packed] }

    func count(on link: UInt32) -> Int { byLink[link]?.count ?? 0 }

    mutating func insert(_ stream: StreamKey, _ owner: any NodeProtocol) {
        guard owners.updateValue(OwnedStream(owner), forKey: stream.packed) == nil else { return }
        byLink[stream.link, default: []].append(stream.stream)
    }

    mutating func remove(_ stream: StreamKey) {
        guard owners.removeValue(forKey: stream.packed) != nil, let streams = byLink[stream.link],
            let index = streams.firstIndex(of: stream.stream)
        else { return }
        if streams.count == 1 { byLink[stream.link] = nil } else { byLink[stream.link, default: []].remove(at: index) }
    }

    /// The streams of a link.
    func streams(on link: UInt32) -> [UInt32] { byLink[link] ?? [] }
}
