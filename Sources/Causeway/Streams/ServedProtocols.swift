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

    func add(_ name: String, _ feed: Feed<Stream>, allowsLimited: Bool) {
        state.withLock { services in
            services.removeAll { $0.name == name }
            services.append((name, Service(feed: feed, allowsLimited: allowsLimited)))
        }
    }

    @discardableResult
    func remove(_ name: String) -> Feed<Stream>? {
        state.withLock { services in
            guard let index = services.firstIndex(where: { $0.name == name }) else { return nil }
            return services.remove(at: index).service.feed
        }
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
