import CausewayIdentity

/// Verifies messages by their authors' keys, which are made ready once and kept within a bound.
final class AuthorKeys {
    enum Verdict {
        case genuine
        /// No reading of the specification takes it: its sender is to blame.
        case forged
        /// The message has what this build does not read and others may.
        case unverifiable
        /// So has its author's own key: no message of that author will ever be verified.
        case unusableKey
    }

    #if !hasFeature(Embedded)
        private var keys: RecentTable<PreparedKey>
        var count: Int { keys.count }
    #endif

    init(limit: Int) {
        #if !hasFeature(Embedded)
            keys = RecentTable(limit: limit)
        #endif
    }

    /// - Parameters:
    ///   - carried: the protobuf of the author's key; empty: it is inlined in the peer id.
    ///   - work: what it costs is taken off.
    func verdict(on signed: [UInt8], by author: PeerID, key carried: [UInt8], _ signature: [UInt8], work: inout Int) -> Verdict {
        let protobuf = carried.isEmpty ? author.inlinedBytes : carried
        guard !protobuf.isEmpty else { return .forged }
        let key: PreparedKey
        do throws(KeyError) {
            key = try prepared(protobuf, work: &work)
        } catch {
            switch error {
            case .notDeterministic, .unknownType, .rsaSize, .unsupportedCurve, .unsupported:
                return PeerID(ofKey: protobuf) == author ? .unusableKey : .unverifiable
            case .malformedMessage, .malformed: return .forged
            }
        }
        guard key.peerID == author else { return .forged }
        work -= key.work
        return key.accepts(signature, of: signed) ? .genuine : .forged
    }

    private func prepared(_ protobuf: [UInt8], work: inout Int) throws(KeyError) -> PreparedKey {
        #if hasFeature(Embedded)
            return try PreparedKey(protobuf: protobuf)
        #else
            if let known = keys[protobuf] { return known }
            work -= PreparedKey.preparing
            let key = try PreparedKey(protobuf: protobuf)
            keys[protobuf] = key
            return key
        #endif
    }
}
