import CausewayIdentity

// Links at work, and their time.
extension LinkSet {
    /// How often one link is worked on in a row: what it sends may make room for more. Then it is others' turn.
    private static let rounds = 4
    /// What a closed link's last bytes may take to leave.
    private static let lingerTime = Interval.seconds(2)

    /// Lets deadlines pass and works on each link that has something to do; what comes up meanwhile is for the next turn.
    public func turn(now: Instant) {
        guard !isWorking, hasWork || nextDeadline <= now else { return }
        isWorking = true
        if nextDeadline <= now { expire(now) }
        hasWork = false
        swap(&queue, &working)
        for member in working { work(on: member, now) }
        working.removeAll(keepingCapacity: working.count < 1024)
        isWorking = false
    }

    /// Tells what came of a link so far before its turn is over.
    public func report(_ link: Link) { if let member = members[link.id] { report(link, of: member) } }

    func enqueue(_ member: LinkMember) {
        guard !member.isQueued else { return }
        member.isQueued = true
        hasWork = true
        queue.append(member)
        if !isWorking { host.linksHaveWork() }
    }

    func streamOpened(_ stream: UInt32, _ entry: ProtocolTable.Entry, on link: Link) { host.streamOpened(stream, entry: entry, on: link) }

    private func work(on member: LinkMember, _ now: Instant) {
        member.isQueued = false
        guard let link = member.link, let carrier = member.carrier else { return }
        var goesOn = true
        var rounds = 0
        while goesOn, rounds < Self.rounds {
            link.turn(now: now)
            goesOn = carrier.flush()
            rounds += 1
        }
        if goesOn { enqueue(member) }
        report(link, of: member)
        // What carries the link may have ended it just now; then the link has yet to tell of it.
        if link.multiplexer.isClosed { return goesOn ? () : conclude(member, carrier, now) }
        arm(member, at: link.multiplexer.nextDeadline)
        if isClosing { sayGoodbye(link, member) }
    }

    private func report(_ link: Link, of member: LinkMember) {
        guard link.hasEvents else { return }
        let events = link.takeEvents()
        if case .closed(.closed(let reason))? = events.last { member.saidGoodbye = reason == .shutdown || reason == .application }
        host.linkReported(events, from: link.id)
    }

    /// The link is over, and goes when what carries it is done.
    private func conclude(_ member: LinkMember, _ carrier: any Carrier, _ now: Instant) {
        if carrier.isDone(afterGoodbye: member.saidGoodbye) { return remove(member) }
        if member.deadline == .distantFuture { setDeadline(now + Self.lingerTime, of: member) }
    }

    // MARK: Time

    func setDeadline(_ moment: Instant, of member: LinkMember) {
        member.deadline = moment
        arm(member, at: moment)
    }

    private func arm(_ member: LinkMember, at moment: Instant) {
        guard moment < member.armed else { return }
        member.armed = moment
        deadlines.insert(member.id, at: moment)
        nextDeadline = deadlines.next
    }

    private func expire(_ now: Instant) {
        while let (id, at) = deadlines.take(due: now) {
            guard let member = members[id], member.armed == at else { continue }
            member.armed = .distantFuture
            if let link = member.link, !link.multiplexer.isClosed {
                let deadline = link.multiplexer.nextDeadline
                if deadline <= now { link.advance(to: now) } else { arm(member, at: deadline) }
            } else if member.deadline <= now {
                remove(member)
            } else {
                arm(member, at: member.deadline)
            }
        }
        nextDeadline = deadlines.next
    }
}
