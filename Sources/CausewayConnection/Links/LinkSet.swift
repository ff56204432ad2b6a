public import CausewayIdentity

/// The links of one thread, by number, and what carries them: what every shell does with links, whatever the transport.
///
/// Links with something to do stand in a queue. A turn works each of them off: deadlines, the link's own work, bytes out, events to the
/// host; and lets go of a link that has ended once its last bytes have left. Whatever a turn brought for a link leaves in one write.
public final class LinkSet {
    /// The node has gone: links end when they are drained, and there are no new ones.
    public internal(set) var isClosing = false
    let settings: Connection.Settings
    let host: any LinkSetHost
    var members = Table<UInt32, LinkMember>()
    /// Whether there is something to do at once. It and `nextDeadline` are asked for in every turn of a loop, so they are stored, which
    /// needs no check for exclusive access.
    public internal(set) var hasWork = false
    /// When `turn` has something to do though nothing happens.
    public internal(set) var nextDeadline = Instant.distantFuture
    var queue: [LinkMember] = []
    var working: [LinkMember] = []
    var deadlines = DeadlineHeap()
    var isWorking = false
    #if !hasFeature(Embedded)
        /// What the links moved that are gone.
        var ended = PathBytes()
    #endif

    /// - Parameter host: the set holds it; it must not hold the set.
    public init(_ settings: Connection.Settings, host: any LinkSetHost) {
        self.settings = settings
        self.host = host
    }

    public var limits: ConnectionLimits { settings.limits }

    // MARK: Who is there

    public var count: Int { members.count }

    public func link(_ id: UInt32) -> Link? { members[id]?.link }

    /// What carries a link, or is to carry it.
    public func carrier(of id: UInt32) -> (any Carrier)? { members[id]?.carrier }

    /// By number.
    public var links: [Link] {
        var links: [Link] = []
        for member in members.values { if let link = member.link { links.append(link) } }
        return links
    }

    // MARK: What happens to them

    /// What the node asks of a link; nothing if it is gone.
    public func apply(_ command: LinkCommand, to id: UInt32) {
        guard let member = members[id] else { return }
        if let link = member.link {
            link.apply(command, now: host.now)
        } else if let reason = command.endOfDial {
            fail(id, .closed(reason))
        }
    }

    /// What is served from now on, by new links too.
    public func setProtocols(_ table: ProtocolTable) {
        settings.protocols = table
        for member in members.values { member.link?.multiplexer.setProtocols(table) }
    }

    /// Asks all remotes for a sign of life now: see `StreamMachine.probe`.
    public func probe() { for member in members.values { probe(member) } }

    /// The same for one link, and for the one that carries it.
    public func probe(_ id: UInt32) {
        guard let member = members[id] else { return }
        probe(member)
        if let outer = member.outer { probe(outer) }
    }

    private func probe(_ member: LinkMember) {
        member.carrier?.probe(now: host.now)
        member.link?.multiplexer.probe(now: host.now)
        enqueue(member)
    }

    /// What carries the link has ended, or was never connected.
    public func fail(_ id: UInt32, _ error: ConnectionError) {
        guard let member = members[id] else { return }
        guard let link = member.link else {
            remove(member)
            return host.linkReported([.closed(error)], from: id)
        }
        link.multiplexer.linkFailed(error, streams: nil)
        link.markDirty()
    }

    /// The same for whatever is carried by such a carrier.
    public func fail(_ error: ConnectionError, where isDead: (any Carrier) -> Bool) {
        for member in members.values { if let carrier = member.carrier, isDead(carrier) { fail(member.id, error) } }
    }

    /// Closes what is to carry a link unless it comes further by then.
    public func setDeadline(_ moment: Instant, of id: UInt32) { if let member = members[id] { setDeadline(moment, of: member) } }

    /// Lets go of a link, of which nobody is told.
    public func remove(_ id: UInt32) { if let member = members[id] { remove(member) } }

    func remove(_ member: LinkMember) {
        guard let carrier = member.carrier else { return }
        #if !hasFeature(Embedded)
            add(member, to: &ended)
        #endif
        member.carrier = nil
        member.link = nil
        members[member.id] = nil
        carrier.close()
        if let outer = member.outer {
            member.outer = nil
            outer.circuits -= 1
            if isClosing { enqueue(outer) }
        }
        host.linkIsGone(member.id)
    }
}
