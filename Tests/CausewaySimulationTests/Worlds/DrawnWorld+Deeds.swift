import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

// What actors do when their moment has come. What cannot be done then, because its node is down or not connected, is left out.
extension DrawnWorld {
    func take(_ deed: WorldDeed) {
        switch deed {
        case .connect(let one, let other): connect(one, to: other, nil)
        case .connectThrough(let relay, let one, let other):
            if let relay = nodes[relay], let target = nodes[other] { connect(one, to: other, [target.address(through: relay)]) }
        case .reserve(let one, let relay):
            ask(one, deed, patience: .seconds(45)) { node in self.nodes[relay].map { node.reserve(at: $0) } }
        case .release(let one, let relay): if let relay = nodes[relay] { nodes[one]?.release(relay) }
        case .ping(let one, let other):
            ask(one, deed, patience: .seconds(10)) { node in self.nodes[other].map { node.ping($0) } }
        case .cancel(let one): cancel(one)
        case .hangUp(let one, let other): if let other = nodes[other] { nodes[one]?.hangUp(other) }
        case .join(let one, let topic): nodes[one]?.subscribe(topic)
        case .leave(let one, let topic): nodes[one]?.unsubscribe(topic)
        case .publish(let one, let topic, let size): publish(one, topic, size: size, to: nil)
        case .openStream(let number, let one, let other, let script, let answer): open(number, one, other, script, answer)
        case .pause(let number, let atOpener, let time): pause(number, atOpener, time)
        case .resetStream(let number, let atOpener): end(number, atOpener)?.reset()
        case .crash(let one, let silently, let time): crash(one, silently, time)
        case .cut(let one, let other): for link in links(one, other) { link.cut() }
        case .silence(let one, let other): for link in links(one, other) { link.vanish() }
        case .clog(let one, let other, let time):
            clog(links(one, other), time)
            for who in [one, other] where plan.actors.contains(where: { $0.number == who && $0.listens(by: .webRTCDirect) }) {
                lose(who, time)
            }
        case .shut(let one, let time): shut(one, time)
        }
    }

    // MARK: Requests

    private func ask(_ who: Int, _ deed: WorldDeed, patience: Interval, _ request: (SimulatedNode) -> SimulatedRequest?) {
        guard let node = nodes[who], node.isRunning else { return }
        let at = simulation.now
        guard let request = request(node) else { return }
        record.asked.append(
            WorldRecord.Asked(who: who, what: deed.text(plan.name), at: at, patience: patience, request: request))
    }

    private func connect(_ one: Int, to other: Int, _ addresses: [Multiaddr]?) {
        ask(one, .connect(one, to: other), patience: plan.nodeLimits.dialTime) { node in
            self.nodes[other].map { node.connect(to: $0, at: addresses) }
        }
    }

    private func cancel(_ one: Int) {
        guard let asked = record.asked.last(where: { $0.who == one && !$0.request.isAnswered && !$0.request.isAbandoned }) else { return }
        nodes[one]?.cancel(asked.request)
    }

    func publish(_ one: Int, _ topic: String, size: Int, to recipients: Set<Int>?) {
        guard let node = nodes[one], node.isRunning else { return }
        var data = [UInt8]("message \(record.published.count) of \(one) on \(topic) ".utf8)
        data += [UInt8](repeating: UInt8(truncatingIfNeeded: record.published.count), count: size)
        record.published.append(WorldRecord.Published(author: one, topic: topic, data: data, recipients: recipients))
        ask(one, .publish(one, topic, size: size), patience: .milliseconds(0)) { $0.publish(topic, data) }
    }

    // MARK: Streams

    private func open(_ number: Int, _ one: Int, _ other: Int, _ script: StreamScript, _ answer: StreamScript) {
        guard let node = nodes[one], let target = nodes[other] else { return }
        guard let end = try? node.open(WorldRecord.protocolID(ofStream: number), to: target, script) else { return }
        if script == .keep { end.write([1, 2, 3]) }
        record.opened.append(
            WorldRecord.Opened(number: number, opener: one, target: other, script: script, answer: answer, end: end))
    }

    /// The ends at the far side: one, if all is well.
    func farEnds(of opened: WorldRecord.Opened) -> [SimulatedStream] {
        nodes[opened.target]?.accepted.filter { $0.protocolID == WorldRecord.protocolID(ofStream: opened.number) } ?? []
    }

    private func end(_ number: Int, _ atOpener: Bool) -> SimulatedStream? {
        guard let opened = record.opened.first(where: { $0.number == number }) else { return nil }
        return atOpener ? opened.end : farEnds(of: opened).first
    }

    private func pause(_ number: Int, _ atOpener: Bool, _ time: Interval) {
        guard let end = end(number, atOpener) else { return }
        end.pauseReading()
        simulation.schedule(after: time) { end.resumeReading() }
    }

    // MARK: Faults

    private func links(_ one: Int, _ other: Int) -> [SimulatedLink] {
        guard let one = nodes[one], let other = nodes[other] else { return [] }
        return one.links(to: other)
    }

    private func clog(_ links: [SimulatedLink], _ time: Interval) {
        for link in links { link.clog() }
        simulation.schedule(after: time) { for link in links { link.unclog() } }
    }

    /// Datagrams do not stand still: they are lost meanwhile.
    private func lose(_ one: Int, _ time: Interval) {
        guard let host = nodes[one]?.host, host.line.loss == 0 else { return }
        host.line.loss = 1
        simulation.schedule(after: time) { host.line.loss = 0 }
    }

    private func crash(_ one: Int, _ silently: Bool, _ time: Interval) {
        guard let node = nodes[one], node.isRunning else { return }
        node.crash(silently: silently)
        record.lives[one]?.append(node.events.count)
        let life = record.lives[one]?.count
        simulation.schedule(after: time) { if self.record.lives[one]?.count == life { try? node.restart() } }
    }

    private func shut(_ one: Int, _ time: Interval) {
        guard let host = nodes[one]?.host, host.acceptsInbound else { return }
        host.acceptsInbound = false
        simulation.schedule(after: time) { host.acceptsInbound = true }
    }
}
