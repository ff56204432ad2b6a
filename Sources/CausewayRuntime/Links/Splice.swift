import CausewayConnection
import CausewayIdentity
import Synchronization

/// One circuit of a relay, as the node's loop knows it: it waits for both legs to end. Used on the first loop, except for calls from its
/// legs.
final class Splice: SpliceObserver, @unchecked Sendable {
    let circuit: UInt32
    private unowned(unsafe) let shell: NativeShell
    let source: SpliceEndpoint
    let target: SpliceEndpoint
    private var tally: SpliceTally
    /// Which of the legs exist, and whether all do that could.
    private let made = Mutex((count: 0, areWhole: true))

    init(circuit: UInt32, shell: NativeShell, source: SpliceEndpoint, target: SpliceEndpoint) {
        self.circuit = circuit
        self.shell = shell
        self.source = source
        self.target = target
        tally = SpliceTally(circuit: circuit)
    }

    /// Called from a leg, on the leg's loop.
    func spliceLegEnded(circuit: UInt32, isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        shell.first.loop.run { self.legEnded(isSource: isSource, moved: moved, cause: cause) }
    }

    private func legEnded(isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        if let result = tally.legEnded(isSource: isSource, moved: moved, cause: cause) { shell.spliceEnded(result) }
    }

    /// Whether the node refuses a connection from there. Called on the first loop.
    func end() { for endpoint in [source, target] { shell.order(.splice { _ in endpoint.leg?.end(.ended) }, of: endpoint.linkLoop) } }
}

/// The loop and stream of one leg of a circuit. If the other leg runs on another loop, this stands for the leg there: calls are posted,
/// bytes are copied.
///
/// `@unchecked Sendable`: `leg` is used on its own loop only. The rest does not change.
final class SpliceEndpoint: SplicePeer, @unchecked Sendable {
    let linkLoop: LinkLoop
    let link: UInt32
    let stream: UInt32
    var leg: SpliceLeg?
    /// Bytes on their way to the leg's loop.
    private let coming = Mutex(PieceQueue(keptApart: 1))
    /// The other end. Set before either leg starts.
    unowned(unsafe) var other: SpliceEndpoint!

    init(linkLoop: LinkLoop, link: UInt32, stream: UInt32) {
        self.linkLoop = linkLoop
        self.link = link
        self.stream = stream
    }

    /// Called from the other leg, on its loop. What leaves here is reported later. One post carries everything that arrived before it runs,
    /// so that a busy loop does not get a closure for every small frame.
    func forward(_ bytes: UnsafeRawBufferPointer) -> Int {
        let isFirst = coming.withLock { coming in
            let isFirst = coming.isEmpty
            coming.append(bytes)
            return isFirst
        }
        if isFirst { linkLoop.loop.post { [self, other = other!] in takeComing(from: other) } }
        return 0
    }

    private func takeComing(from other: SpliceEndpoint) {
        var pieces = coming.withLock { coming in
            let pieces = coming
            coming.removeAll()
            return pieces
        }
        var taken = 0
        while let piece = pieces.takeFirst() {
            if let leg { taken += piece.withUnsafeBytes { leg.forward($0) } }
        }
        if taken > 0 { other.moved(taken) }
    }

    func moved(_ count: Int) { linkLoop.loop.post { self.leg?.moved(count) } }
    func finish() { linkLoop.loop.post { self.leg?.finish() } }
    func end(_ cause: SpliceEnd) { linkLoop.loop.post { self.leg?.end(cause) } }

    /// Makes the leg, on its loop. Returns false if its link is gone.
    func makeLeg(of splice: Splice, isSource: Bool, limit: UInt64?) -> Bool {
        guard let link = linkLoop.links.link(link) else { return false }
        leg = SpliceLeg(circuit: splice.circuit, isSource: isSource, link: link, stream: stream, limit: limit, observer: splice)
        return true
    }

    /// Resets the stream, on the leg's loop: it leads nowhere.
    func reset() { linkLoop.links.apply(.reset(stream: stream), to: link) }
}

extension Splice {
    /// On the first loop: joins the two streams, each on its own loop, behind what the node has sent on them.
    func start(limit: UInt64?) {
        source.other = target
        target.other = source
        for (endpoint, isSource) in [(source, true), (target, false)] {
            shell.order(
                .splice { [self] _ in
                    let isMade = endpoint.makeLeg(of: self, isSource: isSource, limit: limit)
                    let legs = made.withLock { made in
                        made.count += 1
                        made.areWhole = made.areWhole && isMade
                        return made
                    }
                    if legs.count == 2 { legs.areWhole ? startLegs() : fail() }
                }, of: endpoint.linkLoop)
        }
    }

    /// Each leg exists before the other can send to it.
    private func startLegs() {
        if source.linkLoop === target.linkLoop, let one = source.leg, let two = target.leg { return SpliceLeg.join(one, two) }
        for endpoint in [source, target] { endpoint.linkLoop.loop.run { endpoint.leg?.start(peer: endpoint.other) } }
    }

    /// One of the links was gone before the circuit was open.
    private func fail() {
        for endpoint in [source, target] {
            endpoint.linkLoop.loop.run {
                endpoint.leg = nil
                endpoint.reset()
            }
        }
        shell.first.loop.run { [self] in
            for isSource in [true, false] { legEnded(isSource: isSource, moved: 0, cause: .failed(.notConnected)) }
        }
    }
}
