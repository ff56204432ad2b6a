public import CausewayConnection
import CausewayIdentity

/// A topic on which peers announce themselves.
public final class DiscoveryTopic: Equatable, Sendable {
    /// The format of an announcement.
    public enum Form: UInt8, Sendable {
        /// js-libp2p's pubsub-peer-discovery: `Peer { publicKey = 1, addrs = 2 }`.
        case protobuf
        /// `{"peerId": "...", "addrs": ["..."]}`
        case json
    }
    /// Between two announcements, if nobody asks for another time.
    public static var usualInterval: Interval { .seconds(10) }

    /// UTF-8.
    public let name: [UInt8]
    public let form: Form
    /// The time between two announcements when nothing changes.
    public let interval: Interval
    /// Listen to others without announcing this node.
    public let listenOnly: Bool
    /// Request a connection to each discovered peer that is not connected.
    public let dials: Bool

    public init(
        name: [UInt8], form: Form, interval: Interval = DiscoveryTopic.usualInterval, listenOnly: Bool = false, dials: Bool = false
    ) {
        self.name = name
        self.form = form
        self.interval = interval
        self.listenOnly = listenOnly
        self.dials = dials
    }

    /// The topic and form of js-libp2p's `pubsubPeerDiscovery()`.
    public static let protobuf = DiscoveryTopic(name: [UInt8](utf8: "_peer-discovery._p2p._pubsub"), form: .protobuf)
    public static let json = DiscoveryTopic(name: [UInt8](utf8: "p2p-discovery"), form: .json)

    public static func == (a: DiscoveryTopic, b: DiscoveryTopic) -> Bool {
        a.name == b.name && a.form == b.form && a.interval == b.interval && a.listenOnly == b.listenOnly && a.dials == b.dials
    }
}
