import CausewayIdentity

// How all links of a set end.
extension LinkSet {
    /// Closes each link once it is drained; those not yet connected are given up.
    public func shutDown() {
        isClosing = true
        for member in members.values { if member.link == nil { fail(member.id, .closed(.shutdown)) } else { enqueue(member) } }
    }

    /// Closes a link when what was written to its finished streams has left it, and no circuit runs over it any more.
    func sayGoodbye(_ link: Link, _ member: LinkMember) {
        guard member.circuits == 0, !link.multiplexer.awaitsDelivery else { return }
        link.apply(.close(.shutdown), now: host.now)
    }

    /// Ends all links at once: streams' owners are told, the node is not.
    public func end() {
        isClosing = true
        for member in members.values {
            if let link = member.link {
                link.multiplexer.linkFailed(.closed(.shutdown), streams: nil)
                link.turn(now: host.now)
            }
            remove(member)
        }
        queue = []
        hasWork = false
    }

    /// Forgets all links as they are: their process is gone.
    public func forget() {
        for member in members.values {
            member.carrier = nil
            member.link = nil
            member.outer = nil
        }
        members = Table()
        queue = []
        hasWork = false
    }
}
