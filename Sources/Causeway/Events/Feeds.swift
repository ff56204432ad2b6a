import CausewayNode
import Synchronization

/// Delivers every event to each living reader.
final class Broadcast<Element: Sendable>: Sendable {
    private struct Reader {
        weak var feed: Feed<Element>?
    }
    private let readers = Mutex<[Reader]>([])

    func subscribe(capacity: Int) -> Feed<Element> {
        let feed = Feed<Element>(capacity: capacity)
        readers.withLock { readers in
            readers.removeAll { $0.feed == nil }
            readers.append(Reader(feed: feed))
        }
        return feed
    }

    func yield(_ element: @autoclosure () -> Element) {
        let live = readers.withLock { $0.compactMap { $0.feed } }
        if live.isEmpty { return }
        let element = element()
        for feed in live { feed.yield(element) }
    }

    func end() {
        let live = readers.withLock { readers in
            defer { readers.removeAll() }
            return readers.compactMap { $0.feed }
        }
        for feed in live { feed.end() }
    }
}

/// The sequences that an application reads from its node.
final class Feeds: Sendable {
    private struct Reader {
        let number: Int
        weak var feed: Subscription?
    }
    private struct Topics {
        var readers: [[UInt8]: [Reader]] = [:]
        var last = 0
    }
    let events = Broadcast<Event>()
    let signals = Broadcast<Int32>()
    private let topics = Mutex(Topics())

    /// Adds a reader of a topic, and says whether it is the first one. `onLast` is called when the topic's last reader is gone.
    func subscribe(_ topic: String, capacity: Int, onLast: @escaping @Sendable () -> Void) -> (Subscription, isFirst: Bool) {
        let name = Array(topic.utf8)
        return topics.withLock { topics in
            topics.last += 1
            let number = topics.last
            let feed = Subscription(capacity: capacity) { [weak self] _ in
                if self?.leave(name, number) == true { onLast() }
            }
            let isFirst = topics.readers[name] == nil
            topics.readers[name, default: []].append(Reader(number: number, feed: feed))
            return (feed, isFirst)
        }
    }

    func isSubscribed(_ topic: String) -> Bool { topics.withLock { $0.readers[Array(topic.utf8)] != nil } }

    private func leave(_ topic: [UInt8], _ number: Int) -> Bool {
        topics.withLock { topics in
            guard var readers = topics.readers[topic] else { return false }
            readers.removeAll { $0.number == number }
            topics.readers[topic] = readers.isEmpty ? nil : readers
            return readers.isEmpty
        }
    }

    func yield(_ message: Message) {
        let readers = topics.withLock { $0.readers[message.topicUTF8]?.compactMap { $0.feed } ?? [] }
        for feed in readers { feed.yield(message) }
    }

    func end() {
        events.end()
        signals.end()
        let readers = topics.withLock { topics in
            defer { topics.readers.removeAll() }
            return topics.readers.values.flatMap { $0.compactMap { $0.feed } }
        }
        for feed in readers { feed.end() }
    }
}
