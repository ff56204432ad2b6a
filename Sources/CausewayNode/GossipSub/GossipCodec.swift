import CausewayIdentity

/// The RPC protobuf of pubsub/README.md and gossipsub-v1.1.md, framed by its length.
///
/// `ProtobufReader` reads RPCs where they arrive. This type writes them.
enum GossipCodec {
    enum RPCField {
        static let subscriptions: UInt32 = 1
        static let publish: UInt32 = 2
        static let control: UInt32 = 3
    }
    enum SubscriptionField {
        static let subscribe: UInt32 = 1
        static let topic: UInt32 = 2
    }
    enum ControlField {
        static let have: UInt32 = 1
        static let want: UInt32 = 2
        static let graft: UInt32 = 3
        static let prune: UInt32 = 4
        #if hasFeature(Embedded)
            static let last = prune
        #else
            static let dontWant: UInt32 = 5
            static let last = dontWant
        #endif
    }
    enum HaveField {
        static let topic: UInt32 = 1
        static let ids: UInt32 = 2
    }
    static let wantIDs: UInt32 = 1
    static let dontWantIDs: UInt32 = 1
    static let graftTopic: UInt32 = 1
    enum PruneField {
        static let topic: UInt32 = 1
        /// Peer exchange. Not used.
        static let peers: UInt32 = 2
        /// Seconds.
        static let backoff: UInt32 = 3
    }

    // MARK: Writing

    static func subscriptions(_ topics: [[UInt8]], subscribe: Bool) -> [UInt8] {
        var rpc = ProtobufWriter()
        for topic in topics {
            var entry = ProtobufWriter()
            entry.varint(SubscriptionField.subscribe, subscribe ? 1 : 0)
            entry.content(SubscriptionField.topic, topic)
            rpc.content(RPCField.subscriptions, entry.bytes)
        }
        return rpc.framed
    }

    static func graft(_ topic: [UInt8]) -> [UInt8] {
        var entry = ProtobufWriter()
        entry.content(graftTopic, topic)
        return control(ControlField.graft, entry)
    }

    static func prune(_ topic: [UInt8], backoffSeconds: UInt64) -> [UInt8] {
        var entry = ProtobufWriter()
        entry.content(PruneField.topic, topic)
        entry.varint(PruneField.backoff, backoffSeconds)
        return control(ControlField.prune, entry)
    }

    /// Takes ids until `size` is reached.
    static func have(_ topic: [UInt8], ids: [[UInt8]], size: Int = .max) -> [UInt8] {
        var entry = ProtobufWriter()
        entry.content(HaveField.topic, topic)
        for id in ids where entry.bytes.count < size { entry.content(HaveField.ids, id) }
        return control(ControlField.have, entry)
    }

    static func want(_ ids: [[UInt8]]) -> [UInt8] {
        var entry = ProtobufWriter()
        for id in ids { entry.content(wantIDs, id) }
        return control(ControlField.want, entry)
    }

    #if !hasFeature(Embedded)
        static func dontWant(_ ids: [[UInt8]]) -> [UInt8] {
            var entry = ProtobufWriter()
            for id in ids { entry.content(dontWantIDs, id) }
            return control(ControlField.dontWant, entry)
        }
    #endif

    private static func control(_ field: UInt32, _ entry: ProtobufWriter) -> [UInt8] {
        var control = ProtobufWriter()
        control.content(field, entry.bytes)
        var rpc = ProtobufWriter()
        rpc.content(RPCField.control, control.bytes)
        return rpc.framed
    }
}
