import Causeway

/// The options that tune gossip, for all commands that gossip.
enum GossipOptions {
    private static let standard = Configuration.PubSub()

    static let all = [
        Option(
            "gossip", .list("NAME=NUMBER"),
            "tune gossip: \(numbers.map(\.name).joined(separator: ", "))"),
        Option(
            "message-ids", .value("FORM"), "how gossip message ids are written: \(forms.map(\.name).joined(separator: ", "))",
            standard: forms[0].name),
    ]

    private struct Number: Sendable {
        let name: String
        let set: @Sendable (inout Configuration.PubSub, Int) -> Void
    }

    /// Names as in the specification, or as `GossipSubParameters` has them, with the unit of a time.
    private static let numbers = [
        Number(name: "mesh-size") { $0.parameters.meshSize = $1 },
        Number(name: "mesh-low") { $0.parameters.meshLow = $1 },
        Number(name: "mesh-high") { $0.parameters.meshHigh = $1 },
        Number(name: "mesh-outbound") { $0.parameters.meshOutbound = $1 },
        Number(name: "gossip-peers") { $0.parameters.gossipPeers = $1 },
        Number(name: "gossip-percent") { $0.parameters.gossipPercent = $1 },
        Number(name: "heartbeat-ms") { $0.parameters.heartbeatInterval = .milliseconds(UInt64(max($1, 0))) },
        Number(name: "history") { $0.parameters.history = $1 },
        Number(name: "gossip-history") { $0.parameters.gossipHistory = $1 },
        Number(name: "fanout-seconds") { $0.parameters.fanoutLifetime = .seconds(UInt64(max($1, 0))) },
        Number(name: "seen-seconds") { $0.parameters.seenLifetime = .seconds(UInt64(max($1, 0))) },
        Number(name: "message-size") { $0.limits.message = $1 },
        Number(name: "carried-topics") { $0.limits.carried = $1 },
        Number(name: "carried-topics-per-peer") { $0.limits.carriedPerPeer = $1 },
    ]

    private static let forms: [(name: String, form: MessageIDForm)] = [
        ("learnt", .learnt), ("go", .go), ("js", .js), ("rust", .rust), ("sha256", .sha256), ("sequence-sha256", .sequenceSHA256),
    ]

    static func pubSub(_ values: Values) throws(UsageError) -> Configuration.PubSub {
        var pubSub = standard
        for text in values.texts("gossip") {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let number = numbers.first(where: { $0.name == parts[0] }) else {
                throw UsageError("--gossip \(text): expected NAME=NUMBER with one of \(numbers.map(\.name).joined(separator: ", "))")
            }
            // Every number that a node takes is smaller.
            guard parts.count == 2, let value = Int(parts[1]), abs(value) <= 1 << 40 else {
                throw UsageError("--gossip \(text): expected a whole number")
            }
            number.set(&pubSub, value)
        }
        if let name = values.text("message-ids") {
            guard let one = forms.first(where: { $0.name == name }) else {
                throw UsageError("--message-ids \(name): expected one of \(forms.map(\.name).joined(separator: ", "))")
            }
            pubSub.messageID = one.form
        }
        return pubSub
    }

    /// Topics as `--topic` names them: some by their names, others by what their names begin with.
    static func topics(_ values: Values) throws(UsageError) -> (named: [String], patterns: [TopicPattern]) {
        var named: [String] = []
        var patterns: [TopicPattern] = []
        for text in values.texts("topic") {
            do throws(TopicPattern.Fault) {
                let pattern = try TopicPattern(text)
                if pattern.isOpenEnded { patterns.append(pattern) } else { named.append(text) }
            } catch {
                throw UsageError("--topic \(text): \(error)")
            }
        }
        return (named, patterns)
    }
}
