#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    /// A number in a gossip configuration with which a mesh does not work.
    public struct GossipSettingError: Error, Equatable, Sendable {
        /// The field of `GossipSubParameters` or `GossipLimits`; times are in milliseconds.
        public let name: String
        public let value: Int
        public let range: ClosedRange<Int>
        /// The fields that set the range, if any do.
        public let bound: String?
    }

    extension GossipSubConfiguration {
        /// The largest message, in bytes of data, that a configuration can allow.
        public static let largestMessage = 16 << 20

        /// Throws the first number that is out of its range.
        public func check() throws(GossipSettingError) {
            try checkMesh()
            func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>, _ bound: String? = nil) throws(GossipSettingError) {
                guard range.contains(value) else { throw GossipSettingError(name: name, value: value, range: range, bound: bound) }
            }
            func check(_ name: String, _ time: Interval, _ range: ClosedRange<Int>) throws(GossipSettingError) {
                try check(name, Int(clamping: time.milliseconds), range)
            }
            let (hour, day) = (3_600_000, 86_400_000)
            try check("gossipPeers", parameters.gossipPeers, 0...1024)
            try check("gossipPercent", parameters.gossipPercent, 0...100)
            try check("history", parameters.history, 1...120)
            try check("gossipHistory", parameters.gossipHistory, 0...parameters.history, "history")
            try check("retransmissions", parameters.retransmissions, 0...100)
            try check("heartbeatInterval", parameters.heartbeatInterval, 10...60_000)
            try check("firstHeartbeat", parameters.firstHeartbeat, 0...hour)
            try check("fanoutLifetime", parameters.fanoutLifetime, 0...day)
            try check("pruneBackoff", parameters.pruneBackoff, 0...hour)
            try check("unsubscribeBackoff", parameters.unsubscribeBackoff, 0...hour)
            try check("seenLifetime", parameters.seenLifetime, 1000...day)
            try check("dontWantSize", parameters.dontWantSize ?? 0, 0...Self.largestMessage)
            try check("message", limits.message, 1...Self.largestMessage)
            try check("topicName", limits.topicName, 1...1024)
            try check("verdictTime", limits.verdictTime, 1...hour)
            try check("unjudged", limits.unjudged, 1...1_000_000)
            try check("unjudgedPerPeer", limits.unjudgedPerPeer, 1...limits.unjudged, "unjudged")
            try check("unjudgedBytes", limits.unjudgedBytes, 1...(1 << 30))
            try check("carried", limits.carried, 0...65_536)
            try check("carriedPerPeer", limits.carriedPerPeer, 0...limits.subscriptions, "subscriptions")
        }

        /// D_low <= D <= D_high, and D_out < D_low and <= D / 2 (gossipsub-v1.1.md, "Outbound Mesh Quotas"). All may be 0: such a node
        /// gossips ids and belongs to no mesh.
        private func checkMesh() throws(GossipSettingError) {
            func check(_ name: String, _ value: Int, atMost limit: Int, _ bound: String?) throws(GossipSettingError) {
                guard value >= 0, value <= limit else {
                    throw GossipSettingError(name: name, value: value, range: 0...max(limit, 0), bound: bound)
                }
            }
            try check("meshHigh", parameters.meshHigh, atMost: 1024, nil)
            try check("meshSize", parameters.meshSize, atMost: parameters.meshHigh, "meshHigh")
            try check("meshLow", parameters.meshLow, atMost: parameters.meshSize, "meshSize")
            let outbound = min(max(parameters.meshLow - 1, 0), parameters.meshSize / 2)
            try check("meshOutbound", parameters.meshOutbound, atMost: outbound, "meshLow - 1 and meshSize / 2")
        }
    }
#endif
