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
    private var sent: UInt64 = 0
    private var returned: UInt64 = 0
    private var ended = 0
    private var cause: SpliceEnd?

    init(circuit: UInt32, shell: NativeShell, source: SpliceEndpoint, target: SpliceEndpoint) {
        self.circuit = circuit
        self.shell = shell
        self.source = source
        self.target = target
    }

    /// Called from a leg, on the leg's loop.
    func spliceLegEnded(circuit: UInt32, isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        shell.first.loop.run { self.legEnded(isSource: isSource, moved: moved, cause: cause) }
    }

    func legEnded(isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        if isSource { sent = moved } else { returned = moved }
        if self.cause == nil || cause == .limit { self.cause = cause }
        ended += 1
        guard ended == 2 else { return }
        shell.spliceEnded(self, sent: sent, returned: returned, limit: self.cause == .limit ? .circuitBytes : nil)
    }

    func end() {
        for endpoint in [source, target] {
            endpoint.home.loop.run { endpoint.leg?.end(.ended) }
        }
    }
}

/// The loop and stream of one leg of a circuit. If the other leg runs on another loop, this stands for the leg there: calls are posted,
/// bytes are copied.
///
/// `@unchecked Sendable`: `leg` is used on its own loop only. The rest does not change.
final class SpliceEndpoint: SplicePeer, @unchecked Sendable {
    let home: LinkLoop
    let link: UInt32
    let stream: UInt32
    var leg: SpliceLeg?
    /// Bytes on their way to the leg's loop.
    private let coming = Mutex(PieceQueue(keptApart: 1))
    /// The other end. Set before either leg starts.
    unowned(unsafe) var other: SpliceEndpoint!

    init(home: LinkLoop, link: UInt32, stream: UInt32) {
        self.home = home
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
        if isFirst { home.loop.post { [self, other = other!] in takeComing(from: other) } }
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

    func moved(_ count: Int) { home.loop.post { self.leg?.moved(count) } }
    func finish() { home.loop.post { self.leg?.finish() } }
    func end(_ cause: SpliceEnd) { home.loop.post { self.leg?.end(cause) } }

    /// Makes the leg, on its loop. Returns false if its link is gone.
    func makeLeg(of splice: Splice, isSource: Bool, limit: UInt64?) -> Bool {
        guard let link = home.link(link) else { return false }
        leg = SpliceLeg(circuit: splice.circuit, isSource: isSource, link: link, stream: stream, limit: limit, observer: splice)
        return true
    }

    /// Resets the stream, on the leg's loop: it leads nowhere.
    func reset() { home.link(link)?.apply(.reset(stream: stream), now: home.loop.now) }
}

extension Splice {
    /// Joins the two streams, each on its own loop.
    func start(limit: UInt64?, received: [UInt8]) {
        source.other = target
        target.other = source
        if source.home === target.home {
            source.home.loop.run { [self] in
                guard source.makeLeg(of: self, isSource: true, limit: limit), target.makeLeg(of: self, isSource: false, limit: limit),
                    let one = source.leg, let two = target.leg
                else { return fail() }
                SpliceLeg.join(one, two, received: received)
            }
            return
        }
        // Each leg exists before the other can send to it.
        target.home.loop.run { [self] in
            guard target.makeLeg(of: self, isSource: false, limit: limit) else { return fail() }
            source.home.loop.post { [self] in
                guard source.makeLeg(of: self, isSource: true, limit: limit) else { return fail() }
                source.leg?.start(peer: target, received: received)
                target.home.loop.post { [self] in target.leg?.start(peer: source) }
            }
        }
    }

    /// One of the links was gone before the circuit was open.
    private func fail() {
        for endpoint in [source, target] {
            endpoint.home.loop.run {
                endpoint.leg = nil
                endpoint.reset()
            }
        }
        shell.first.loop.run { [self] in
            for isSource in [true, false] { legEnded(isSource: isSource, moved: 0, cause: .failed(.notConnected)) }
        }
    }
}
