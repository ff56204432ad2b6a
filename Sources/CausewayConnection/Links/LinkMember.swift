/// A link's place in its set, from the first attempt to reach its remote until nothing is left of what carried it.
final class LinkMember: LinkShell {
    let id: UInt32
    /// nil when the set has let go of it.
    var carrier: (any Carrier)?
    /// nil while what is to carry it connects.
    var link: Link?
    var isQueued = false
    /// For which moment it stands in the set's heap.
    var armed = Instant.distantFuture
    /// When what carries it is closed at the latest, before there is a link or after its end.
    var deadline = Instant.distantFuture
    /// How many circuits run over this link.
    var circuits = 0
    /// For a circuit: the link that it runs over.
    var outer: LinkMember?
    /// The link ended in order, by our wish.
    var saidGoodbye = false
    private let set: LinkSet

    init(_ id: UInt32, over carrier: (any Carrier)?, in set: LinkSet) {
        self.id = id
        self.carrier = carrier
        self.set = set
    }

    // MARK: From the link, which may outlive its place

    func linkIsDirty(_ link: Link) { if self.link != nil { set.enqueue(self) } }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) { set.streamOpened(stream, entry, on: link) }
}
