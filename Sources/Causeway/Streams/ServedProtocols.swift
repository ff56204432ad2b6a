import CausewayConnection
import Synchronization

/// The application's protocols, and the feeds that receive their inbound streams.
final class ServedProtocols: Sendable {
    /// Bound: inbound streams of one protocol that wait for the application. Beyond it the oldest is reset.
    static let waitingStreams = 256

    private struct Service {
        let feed: Feed<Stream>
        let allowsLimited: Bool
    }
    private let state = Mutex<[(name: String, service: Service)]>([])

    /// Serves a protocol by this feed. The one that served it before ends.
    func add(_ name: String, _ feed: Feed<Stream>, allowsLimited: Bool) {
        // Its life ends when the lock is free again: its end may come back here.
        let previous = state.withLock { services in
            defer { services.append((name, Service(feed: feed, allowsLimited: allowsLimited))) }
            return Self.take(name, from: &services) { _ in true }
        }
        previous?.end()
    }

    /// Ends the feed that serves a protocol, if it is the wanted one. Returns whether there was one.
    @discardableResult
    func remove(_ name: String, where isWanted: (Feed<Stream>) -> Bool = { _ in true }) -> Bool {
        let feed = state.withLock { Self.take(name, from: &$0, where: isWanted) }
        feed?.end()
        return feed != nil
    }

    private static func take(
        _ name: String, from services: inout [(name: String, service: Service)], where isWanted: (Feed<Stream>) -> Bool
    ) -> Feed<Stream>? {
        guard let index = services.firstIndex(where: { $0.name == name && isWanted($0.service.feed) }) else { return nil }
        return services.remove(at: index).service.feed
    }

    func feed(of name: String) -> Feed<Stream>? { state.withLock { $0.first { $0.name == name }?.service.feed } }

    func end() {
        let feeds = state.withLock { services in
            defer { services.removeAll() }
            return services.map(\.service.feed)
        }
        for feed in feeds { feed.end() }
    }

    var entries: [ProtocolTable.Entry] {
        state.withLock { services in
            services.map {
                ProtocolTable.Entry(name: Array($0.name.utf8), owner: .application, allowsLimited: $0.service.allowsLimited)
            }
        }
    }
}
