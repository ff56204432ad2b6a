import CausewayConnection
import CausewayIdentity
import CausewayNode

/// What the node's loop has another loop do.
enum LoopOrder: Sendable {
    /// Something that the node wants of links there.
    case output(NodeOutput)
    case dial(UInt32, Multiaddr, expecting: PeerID?, name: [UInt8]?)
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
        case .dial(let link, let address, let expecting, let name): dial(link, address, expecting: expecting, name: name)
        case .splice(let work): work(self)
        }
    }
}

extension NativeShell {
    /// On the first loop. All that one turn of the node wants of another loop goes there in one post.
    func order(_ order: LoopOrder, of home: LinkLoop) {
        if home.isFirst { home.carryOut(order) } else { orders[home.index].append(order) }
    }

    func sendOrders() {
        for home in homes where !orders[home.index].isEmpty {
            let batch = orders[home.index]
            orders[home.index] = []
            home.loop.post { for order in batch { home.carryOut(order) } }
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

    func isHere(_ link: UInt32) -> Bool { shell.home(of: link).isFirst }

    func forward(_ output: NodeOutput, toThreadOf link: UInt32?) {
        guard let link else {
            for home in shell.homes.dropFirst() { shell.order(.output(output), of: home) }
            return
        }
        let home = shell.home(of: link)
        if case .circuit(let inner, _, _, _, _) = output { shell.place(inner, home) }
        shell.order(.output(output), of: home)
    }

    func dial(_ link: UInt32, _ address: Multiaddr, expecting: PeerID?) {
        shell.order(.dial(link, address, expecting: expecting, name: shell.names[address]), of: shell.place(link, shell.chooseHome()))
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
                case .success(let found):
                    if case .name(let kind, let name)? = address.host, kind != .dnsaddr { for entry in found { shell.names[entry] = name } }
                    node.resolved(request: request, addresses: found, code: 0, now: shell.loop.now)
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
        SpliceEndpoint(home: shell.home(of: key.link), link: key.link, stream: key.stream)
    }

    func endSplice(_ circuit: UInt32) { shell.splices[circuit]?.end() }

    func peerConnection(_ link: UInt32, _ command: PeerConnectionCommand) { shell.driver.refuse(command, of: link) }

    func deliver(_ event: NodeEvent) { shell.events.append(event) }
}
