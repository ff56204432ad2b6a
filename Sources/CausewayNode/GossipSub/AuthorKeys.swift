import CausewayIdentity

/// Verifies messages by their authors' keys, which are prepared once and kept within a bound.
final class AuthorKeys {
    enum Verdict {
        case genuine
        /// The message is invalid by any reading of the specification: its sender is to blame.
        case forged
        /// The message contains something that this build cannot read, but others may.
        case unverifiable
        /// The author's own key cannot be used: no message of this author will ever be verified.
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
    ///   - carried: The protobuf of the author's key. Empty: the peer id contains the key.
    ///   - work: The budget. The cost is subtracted from it.
    func verdict(on signed: [UInt8], by author: PeerID, key carried: [UInt8], _ signature: [UInt8], work: inout Int) -> Verdict {
        let protobuf = carried.isEmpty ? author.inlinedBytes : carried
        guard !protobuf.isEmpty else { return .forged }
        do throws(KeyError) {
            return try isGenuine(signed, by: author, protobuf, signature, work: &work) ? .genuine : .forged
        } catch {
            switch error {
            case .malformedMessage, .malformed: return .forged
            default: return PeerID(ofKey: protobuf) == author ? .unusableKey : .unverifiable
            }
        }
    }

    #if hasFeature(Embedded)
        private func isGenuine(
            _ signed: [UInt8], by author: PeerID, _ protobuf: [UInt8], _ signature: [UInt8], work: inout Int
        ) throws(KeyError) -> Bool {
            let key = try PublicKey(protobuf: protobuf)
            guard key.peerID == author else { return false }
            // Counted in fields read, as natively. In Wasm both take longer.
            work -= 1_000
            return try key.verify(signature, of: signed)
        }
    #else
        private func isGenuine(
            _ signed: [UInt8], by author: PeerID, _ protobuf: [UInt8], _ signature: [UInt8], work: inout Int
        ) throws(KeyError) -> Bool {
            let key = try prepared(protobuf, work: &work)
            guard key.peerID == author else { return false }
            work -= key.work
            return key.accepts(signature, of: signed)
        }

        private func prepared(_ protobuf: [UInt8], work: inout Int) throws(KeyError) -> PreparedKey {
            if let known = keys[protobuf] { return known }
            work -= PreparedKey.preparing
            let key = try PreparedKey(protobuf: protobuf)
            keys[protobuf] = key
            return key
        }
    #endif
}
