import CausewayIdentity

/// The circuits that a relay carries between links of one thread.
public final class SpliceSet: SpliceObserver {
    private final class Splice {
        let source: SpliceLeg
        let target: SpliceLeg
        var tally: SpliceTally

        init(_ circuit: UInt32, _ source: SpliceLeg, _ target: SpliceLeg) {
            self.source = source
            self.target = target
            tally = SpliceTally(circuit: circuit)
        }
    }

    private let links: LinkSet
    private let ended: (SpliceResult) -> Void
    private var splices = Table<UInt32, Splice>()

    /// - Parameter ended: called once for each splice.
    public init(_ links: LinkSet, ended: @escaping (SpliceResult) -> Void) {
        self.links = links
        self.ended = ended
    }

    /// Current circuits.
    public var count: Int { splices.count }

    /// Moves bytes both ways between two streams of the node's until both directions ended or the limit of bytes is reached.
    public func join(
        _ circuit: UInt32, _ source: (link: UInt32, stream: UInt32), _ target: (link: UInt32, stream: UInt32), limit: UInt64?
    ) {
        guard let from = links.link(source.link), let to = links.link(target.link) else {
            links.apply(.reset(stream: source.stream), to: source.link)
            links.apply(.reset(stream: target.stream), to: target.link)
            return ended(SpliceResult(circuit: circuit))
        }
        let one = SpliceLeg(circuit: circuit, isSource: true, link: from, stream: source.stream, limit: limit, observer: self)
        let two = SpliceLeg(circuit: circuit, isSource: false, link: to, stream: target.stream, limit: limit, observer: self)
        splices[circuit] = Splice(circuit, one, two)
        SpliceLeg.join(one, two)
    }

    /// Ends a splice; `ended` follows.
    public func end(_ circuit: UInt32) {
        splices[circuit]?.source.end(.ended)
        splices[circuit]?.target.end(.ended)
    }

    public func spliceLegEnded(circuit: UInt32, isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        guard let splice = splices[circuit], let result = splice.tally.legEnded(isSource: isSource, moved: moved, cause: cause) else {
            return
        }
        splices[circuit] = nil
        ended(result)
    }
}
