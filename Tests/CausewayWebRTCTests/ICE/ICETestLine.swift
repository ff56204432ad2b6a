/// How an agent of a test is connected to the internet.
struct ICETestLine: Equatable, CustomStringConvertible {
    /// nil: public.
    let maps: ICETestNAT.Rule?
    var filters = ICETestNAT.Rule.independent

    static let all: [ICETestLine] =
        [ICETestLine(maps: nil)]
        + [ICETestNAT.Rule.independent, .addressAndPortDependent].flatMap { maps in
            ICETestNAT.Rule.allCases.map { ICETestLine(maps: maps, filters: $0) }
        }

    var description: String { maps.map { "maps \($0), filters \(filters)" } ?? "public" }
    private var isPredictable: Bool { maps != .addressAndPortDependent }

    /// Whether there is a direct path: a mapping for each peer is met only by one whose remote is known and lets any port through.
    static func canConnect(_ a: ICETestLine, _ b: ICETestLine) -> Bool {
        switch (a.isPredictable, b.isPredictable) {
        case (true, true): true
        case (false, false): false
        case (true, false): a.maps == nil || a.filters != .addressAndPortDependent
        case (false, true): b.maps == nil || b.filters != .addressAndPortDependent
        }
    }

    /// An interface of its own, the NAT's public address by the number.
    func interface(_ number: UInt8, in network: ICETestNetwork) -> (ip: [UInt8], nat: ICETestNAT?) {
        guard let maps else { return ([198, 51, 100, number], nil) }
        let nat = ICETestNAT(ip: [203, 0, 113, number], maps: maps, filters: filters)
        network.add(nat)
        return ([10, 0, 0, number], nat)
    }
}
