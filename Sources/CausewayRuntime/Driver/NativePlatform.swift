import CausewayConnection
import CausewayIdentity
import CausewayNode

/// What the node's loop has another loop do.
enum LoopOrder: Sendable {
    /// Something that the node wants of links there.
    case output(NodeOutput)
    case dial(UInt32, DialTarget)
    case peerConnection(UInt32, PeerConnectionCommand)
    /// A part of joining or ending a splice.
    case splice(@Sendable (LinkLoop) -> Void)
}

extension LinkLoop {
    func carryOut(_ order: LoopOrder) {
        switch order {
        case .output(.link(let link, let command)): links.apply(command, to: link)
        case .output(.circuit(let link, let over, let initiator, let expecting, let limit)):
            links.openCircuit(link, over: over.link, stream: over.stream, isInitiator: initiator, expecting: expecting, limit: limit)
        case .output(.protocols(let table)): links.setProtocols(table)
        case .output: break
        case .dial(let link, let target): dial(link, target)
        case .peerConnection(let link, let command): carryOut(command, on: link)
        case .splice(let work): work(self)
        }
    }
}

extension NativeShell {
    /// On the first loop. All that one turn of the node wants of another loop goes there in one post.
    func order(_ order: LoopOrder, of linkLoop: LinkLoop) {
        if linkLoop.isFirst { return linkLoop.carryOut(order) }
        orders[linkLoop.index].append(order)
        hasOrders = true
    }

    func sendOrders() {
        guard hasOrders else { return }
        hasOrders = false
        for linkLoop in linkLoops where !orders[linkLoop.index].isEmpty {
            let batch = orders[linkLoop.index]
            orders[linkLoop.index] = []
            linkLoop.loop.post { for order in batch { linkLoop.carryOut(order) } }
        }
    }

    func spliceEnded(_ result: SpliceResult) {
        if splices.removeValue(forKey: result.circuit) != nil { driver.spliceEnded(result) }
    }
}

/// What the node wants done. Its driver holds this and not the shell, which has the driver.
final class NativePlatform: NodePlatform {
    private unowned(unsafe) let shell: NativeShell

    init(_ shell: NativeShell) { self.shell = shell }

    var now: Instant { shell.loop.now }

    func isHere(_ link: UInt32) -> Bool { shell.linkLoop(of: link).isFirst }

    func forward(_ output: NodeOutput, toThreadOf link: UInt32?) {
        guard let link else {
            for linkLoop in shell.linkLoops.dropFirst() { shell.order(.output(output), of: linkLoop) }
            return
        }
        let linkLoop = shell.linkLoop(of: link)
        if case .circuit(let inner, _, _, _, _) = output { shell.place(inner, linkLoop) }
        shell.order(.output(output), of: linkLoop)
    }

    func dial(_ link: UInt32, _ target: DialTarget) {
        shell.order(.dial(link, target), of: shell.place(link, shell.nextLinkLoop()))
    }

    func resolve(_ request: UInt32, _ address: Multiaddr) {
        guard let resolver = shell.resolver else {
            return shell.driver.input { $0.resolved(request: request, addresses: [], code: DNSError.cancelled.code, now: now) }
        }
        var isOver = false
        let query = resolver.resolve(address) { [unowned shell] result in
            isOver = true
            shell.queries[request] = nil
            shell.driver.input { node in
                switch result {
                case .success(let found): node.resolved(request: request, addresses: found, code: 0, now: shell.loop.now)
                case .failure(let error): node.resolved(request: request, addresses: [], code: error.code, now: shell.loop.now)
                }
            }
        }
        if !isOver { shell.queries[request] = query }
    }

    func cancelResolve(_ request: UInt32) {
        if let query = shell.queries.removeValue(forKey: request) { shell.resolver?.cancel(query) }
    }

    func splice(_ circuit: UInt32, _ source: StreamKey, _ target: StreamKey, limit: CircuitLimit) {
        let splice = Splice(circuit: circuit, shell: shell, source: endpoint(source), target: endpoint(target))
        shell.splices[circuit] = splice
        splice.start(limit: limit.bytes)
    }

    private func endpoint(_ key: StreamKey) -> SpliceEndpoint {
        SpliceEndpoint(linkLoop: shell.linkLoop(of: key.link), link: key.link, stream: key.stream)
    }

    func endSplice(_ circuit: UInt32) { shell.splices[circuit]?.end() }

    func peerConnection(_ link: UInt32, _ command: PeerConnectionCommand) {
        let linkLoop =
            switch command {
            case .offer, .answer: shell.place(link, shell.nextLinkLoop())
            case .accept, .candidate, .carry, .close: shell.linkLoop(of: link)
            }
        shell.order(.peerConnection(link, command), of: linkLoop)
    }

    func deliver(_ event: NodeEvent) {
        if case .happened(let happened) = event { shell.connected.note(happened) }
        shell.events.append(event)
    }
}
