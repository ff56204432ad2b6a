import CausewayConnection
import CausewayIdentity
import CausewayNode

// The exports: `command` records, `turn` works off. There is one node a module; a page that wants another makes another instance.

nonisolated(unsafe) private let shell = WebShell()
nonisolated(unsafe) private var recorded: [RecordedCommand] = []

private struct RecordedCommand {
    let command: WebCommand
    let a: UInt32
    let b: UInt32
    var bytes: [UInt8]
}

/// Records a command, to be carried out by the next `turn`.
/// - Returns: for `streamWrite`, how many bytes of the stream wait to be sent; -1 for a command that there is not; else 0.
@_expose(wasm, "command") @_cdecl("command")
public func command(_ kind: UInt32, _ a: UInt32, _ b: UInt32, _ start: UnsafePointer<UInt8>?, _ count: Int32) -> Int32 {
    guard let command = WebCommand(rawValue: kind) else { return -1 }
    let bytes = [UInt8](copying: UnsafeRawBufferPointer(start: start, count: Int(count)))
    var queued = 0
    // What is written before the stream is opened waits in it.
    if command == .openStream { shell.expectStream(a) }
    if command == .streamWrite { queued = shell.stream(a)?.append(bytes) ?? 0 }
    recorded.append(RecordedCommand(command: command, a: a, b: b, bytes: command == .streamWrite ? [] : bytes))
    return Int32(clamping: queued)
}

/// Works off everything that was recorded or is due. Times are milliseconds of the page's clock.
/// - Returns: when to call it again if nothing happens before; infinity: never.
@_expose(wasm, "turn") @_cdecl("turn")
public func turn(_ milliseconds: Double) -> Double {
    let now = Instant(nanoseconds: milliseconds > 0 ? UInt64(milliseconds * 1e6) : 0)
    shell.setTime(now)
    var commands = recorded
    recorded = []
    if shell.node == nil { start(&commands) }
    let deadline = shell.turn { node in
        for index in commands.indices { carryOut(&commands[index], node) }
    }
    return deadline == .distantFuture ? .infinity : Double(deadline.nanoseconds) / 1e6
}

/// The first command must be `start`: `b` milliseconds between announcements (0: the default), parts key seed, agent, Unix time in
/// nanoseconds at zero of the page's clock.
private func start(_ commands: inout [RecordedCommand]) {
    guard let first = commands.first, first.command == .start else {
        commands = []
        return
    }
    commands.removeFirst()
    var parts = PartsReader(first.bytes)
    let seed = parts.next()
    let agent = parts.next()
    shell.announcementInterval = .milliseconds(UInt64(first.b))
    if !shell.start(WebFlags(rawValue: first.a), seed: seed, agent: agent, unixEpoch: parts.next().littleEndian(width: 8)) {
        WebEvent.started.tell()
    }
}

private func carryOut(_ recorded: inout RecordedCommand, _ node: Node) {
    let (a, b, now) = (recorded.a, recorded.b, shell.now)
    switch recorded.command {
    case .start: break
    case .streamWrite: shell.stream(a)?.flush()
    case .streamFinish: shell.stream(a)?.finish()
    case .streamReset: shell.stream(a)?.reset(code: b)
    case .streamConsumed: shell.stream(a)?.consumed(Int(clamping: b))
    case .openStream: openStream(recorded, node)
    case .socketOpen: shell.socketOpened(a, node)
    case .socketData: shell.socketReceived(a, &recorded.bytes, node)
    case .socketClosed: shell.link(a).map { shell.linkEnded($0, node) }
    case .socketDrained: shell.setBlocked(a, false)
    case .socketBlocked: shell.setBlocked(a, true)
    case .closeLink: shell.close(a, node)
    case .described: node.described(link: a, description: recorded.bytes, now: now)
    case .gathered: node.gathered(link: a, candidate: recorded.bytes, now: now)
    case .peerConnected: node.peerConnected(link: a, now: now)
    case .peerFailed: shell.peerFailed(a, isRefused: b == 1, node)
    case .peerDialled: shell.peerDialled(a, recorded.bytes, node)
    case .channelOpened, .channelReady, .channelData, .channelClosed, .channelDrained:
        shell.tell(recorded.command, b, of: a, recorded.bytes)
    case .suspended: shell.probe()
    case .query: shell.answer(a, b, recorded.bytes, node)
    case .cancel: node.cancel(request: a, now: now)
    case .subscribe: node.subscribe(recorded.bytes, now: now)
    case .unsubscribe: node.unsubscribe(recorded.bytes, now: now)
    case .publish:
        var parts = PartsReader(recorded.bytes)
        let topic = parts.next()
        node.publish(request: a, topic: topic, data: parts.next(), now: now)
    case .connect: connect(recorded, node)
    case .hangUp: if let peer = try? PeerID(text: recorded.bytes) { node.hangUp(peer, now: now) }
    case .ping: ping(recorded, node)
    case .reserve: reserve(recorded, node)
    case .release: if let peer = try? PeerID(text: recorded.bytes) { node.release(relay: peer, now: now) }
    case .keepRelays: node.keepRelays(addresses(recorded.bytes), count: Int(clamping: a), now: now)
    case .protocols: setProtocols(recorded.bytes, node)
    }
}

private func addresses(_ bytes: [UInt8]) -> [Multiaddr] {
    var parts = PartsReader(bytes)
    return addresses(&parts)
}

/// The rest of the parts; what is no address is left out, as the page has checked them.
private func addresses(_ parts: inout PartsReader) -> [Multiaddr] {
    var found: [Multiaddr] = []
    while !parts.isEmpty {
        if let address = try? Multiaddr(text: parts.next()) { found.append(address) }
    }
    return found
}

private func connect(_ recorded: RecordedCommand, _ node: Node) {
    var parts = PartsReader(recorded.bytes)
    let name = parts.next()
    let known = addresses(&parts)
    guard let peer = (try? PeerID(text: name)) ?? known.first?.peerID else { return WebEvent.connected.tell(recorded.a, 0) }
    node.connect(request: recorded.a, peer: peer, addresses: known, allowsLimited: recorded.b == 1, now: shell.now)
}

private func ping(_ recorded: RecordedCommand, _ node: Node) {
    guard let peer = try? PeerID(text: recorded.bytes) else {
        return WebEvent.pong.tell(recorded.a, .max, [UInt8(truncatingIfNeeded: ErrorKind.notConnected.rawValue)])
    }
    node.ping(request: recorded.a, peer: peer, now: shell.now)
}

private func reserve(_ recorded: RecordedCommand, _ node: Node) {
    guard let address = try? Multiaddr(text: recorded.bytes) else {
        var parts = PartsWriter()
        parts.add(UInt8(truncatingIfNeeded: ErrorKind.notARelayAddress.rawValue))
        parts.add(UInt32(0))
        return WebEvent.reserved.tell(recorded.a, 0, parts.bytes)
    }
    node.reserve(request: recorded.a, relayAddress: address, now: shell.now)
}

private func setProtocols(_ bytes: [UInt8], _ node: Node) {
    var parts = PartsReader(bytes)
    var entries: [ProtocolTable.Entry] = []
    while !parts.isEmpty {
        let name = parts.next()
        entries.append(ProtocolTable.Entry(name: name, owner: .application, allowsLimited: parts.next().first == 1))
    }
    node.setApplicationProtocols(entries, now: shell.now)
}

private func openStream(_ recorded: RecordedCommand, _ node: Node) {
    var parts = PartsReader(recorded.bytes)
    let peer = try? PeerID(text: parts.next())
    var names: [[UInt8]] = []
    while !parts.isEmpty { names.append(parts.next()) }
    shell.openStream(recorded.a, to: peer, names, allowsLimited: recorded.b & 1 == 1, node)
}
