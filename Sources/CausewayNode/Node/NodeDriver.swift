public import CausewayConnection

/// Drives a node and the links of its thread: takes what links report to the node, does what the node wants done, lets time pass.
///
/// A shell gives inputs by `input` and `receive`, has `turn` called until it is false, and again at `nextDeadline`.
public final class NodeDriver {
    public let node: Node
    private let links: LinkSet
    private let platform: any NodePlatform
    /// The node had an input since it was drained last.
    private var hasInput = true
    private var deadline = Instant.distantFuture
    private var isInTurn = false

    /// How often links and node answer each other in one turn. A shell with sockets looks at these in between, so that nobody who keeps a
    /// node busy keeps others out.
    private static let rounds = 8

    /// - Parameters:
    ///   - links: those of the node's thread.
    ///   - platform: the driver holds it; it must not hold the driver.
    public init(_ node: Node, links: LinkSet, platform: any NodePlatform) {
        self.node = node
        self.links = links
        self.platform = platform
    }

    // MARK: Inputs

    /// Something for the node to do or to know.
    public func input(_ work: (Node) -> Void) {
        work(node)
        hasInput = true
    }

    /// What came of a link.
    public func receive(_ events: [LinkEvent], from link: UInt32) {
        let now = platform.now
        for event in events { node.receive(event, from: link, now: now) }
        hasInput = true
    }

    /// The machine slept, or its network changed. Links of other threads are the shell's to probe.
    public func machineChanged() {
        links.probe()
        input { $0.machineChanged(now: platform.now) }
    }

    public func spliceEnded(_ result: SpliceResult) {
        node.spliceEnded(
            circuit: result.circuit, sent: result.sent, returned: result.returned, limit: result.limit, now: platform.now)
        hasInput = true
    }

    // MARK: Turns

    /// Whether there is something to do at once.
    public var hasWork: Bool { hasInput || links.hasWork }

    /// When `turn` has something to do though nothing happens.
    public var nextDeadline: Instant { min(deadline, links.nextDeadline) }

    /// Works off what has come up and what is due. True if there is more: after so many rounds others have their turn first.
    public func turn() -> Bool {
        guard !isInTurn else { return true }
        isInTurn = true
        let now = platform.now
        var rounds = 0
        var hasMore = false
        repeat {
            links.turn(now: now)
            drain(now)
            rounds += 1
            hasMore = hasWork
        } while hasMore && rounds < Self.rounds
        isInTurn = false
        return hasMore
    }

    private func drain(_ now: Instant) {
        guard hasInput || deadline <= now else { return }
        hasInput = false
        if node.nextDeadline <= now { node.advance(to: now) }
        while let output = node.pollOutput() { carryOut(output) }
        deadline = node.nextDeadline
    }

    private func carryOut(_ output: NodeOutput) {
        switch output {
        case .event(let event): platform.deliver(event)
        case .link(let link, let command):
            if platform.isHere(link) { links.apply(command, to: link) } else { platform.forward(output, toThreadOf: link) }
        case .circuit(let link, let over, let initiator, let expecting, let limit):
            guard platform.isHere(over.link) else { return platform.forward(output, toThreadOf: over.link) }
            links.openCircuit(link, over: over.link, stream: over.stream, isInitiator: initiator, expecting: expecting, limit: limit)
        case .protocols(let table):
            links.setProtocols(table)
            platform.forward(output, toThreadOf: nil)
        case .dial(let link, let target): platform.dial(link, target)
        case .resolve(let request, let address): platform.resolve(request, address)
        case .cancelResolve(let request): platform.cancelResolve(request)
        case .splice(let circuit, let source, let target, let limit): platform.splice(circuit, source, target, limit: limit)
        case .endSplice(let circuit): platform.endSplice(circuit)
        case .peerConnection(let link, let command): platform.peerConnection(link, command)
        }
    }
}
