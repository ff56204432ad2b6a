import Causeway

/// The share of connections and bytes that goes directly, as a peer shows it.
enum ShareText {
    static func line(_ peers: Int, _ share: DirectShare) -> TerminalLine {
        let became = share.ofPeers.map { "  became direct \(share.becameDirect) of \(share.relayedPeers) relayed (\(percent($0)))" } ?? ""
        let bytes = share.ofBytes.map { "  bytes direct \(percent($0)) of \(Amount.bytes(share.directBytes &+ share.relayedBytes))" } ?? ""
        return "\("●", .green) peers \(peers)\(became)\(bytes)"
    }

    static func fields(_ share: DirectShare) -> KeyValuePairs<String, JSON?> {
        [
            "directPeers": count(share.directPeers), "relayedPeers": count(share.relayedPeers), "becameDirect": count(share.becameDirect),
            "directBytes": count(share.directBytes), "relayedBytes": count(share.relayedBytes),
            "shareOfPeers": share.ofPeers.map { .number($0) }, "shareOfBytes": share.ofBytes.map { .number($0) },
        ]
    }

    private static func count(_ value: UInt64) -> JSON { .integer(Int64(clamping: value)) }

    /// Rounded down, so that 100 % means all.
    private static func percent(_ share: Double) -> String { "\(Int(share * 100)) %" }
}

extension DirectShare {
    /// Whether no peer was met, and none became direct, between the two.
    func hasSamePeers(as other: DirectShare) -> Bool {
        directPeers == other.directPeers && relayedPeers == other.relayedPeers && becameDirect == other.becameDirect
    }
}
