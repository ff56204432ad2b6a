import Causeway
import Synchronization

/// The messages received from one topic.
struct TopicRecord: Sendable {
    var task: Task<Void, Never>?
    var count = 0
    var duplicates = 0
    var bytes = 0
    var seen: Set<[UInt8]> = []
}

extension TestPeer {
    func pubSub(_ name: String, _ arguments: Arguments) async throws -> Fields {
        let topic = try arguments.text("topic")
        switch name {
        case "subscribe":
            try await subscribe(topic, events: arguments.flag("events", or: true))
            return []
        case "unsubscribe":
            topics.withLock { $0[topic]?.task }?.cancel()
            return []
        case "publish": return [("sent", .count(try await publish(topic, arguments)))]
        case "mesh":
            return [
                ("mesh", .texts(await node.mesh(of: topic).map(\.description))),
                ("subscribers", .texts(await node.subscribers(of: topic).map(\.description))),
            ]
        default:
            let record = topics.withLock { $0[topic] } ?? TopicRecord()
            return [("count", .count(record.count)), ("duplicates", .count(record.duplicates)), ("bytes", .count(record.bytes))]
        }
    }

    private func subscribe(_ topic: String, events: Bool) async throws {
        let subscription = try await node.subscribe(topic)
        let task = Task(executorPreference: node.executor) {
            while let message = await subscription.next() {
                if events { await Console.room() }
                self.note(message, tells: events)
            }
            subscription.cancel()
        }
        topics.withLock { $0[topic, default: TopicRecord()].task = task }
    }

    private func note(_ message: Message, tells: Bool) {
        let key = (message.author?.bytes ?? []) + message.sequenceNumber
        topics.withLock { topics in
            topics[message.topic]?.count += 1
            topics[message.topic]?.bytes += message.data.count
            if !message.sequenceNumber.isEmpty, topics[message.topic]?.seen.insert(key).inserted == false {
                topics[message.topic]?.duplicates += 1
            }
        }
        guard tells else { return }
        let hash = SHA256.hash(message.data).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        Console.event(
            "message",
            [
                "topic": .text(message.topic), "from": (message.author?.description).map { .text($0) },
                "receivedFrom": .text(message.receivedFrom.description), "size": .count(message.data.count), "sha256": .text(hash),
                "text": message.data.count <= 1024 ? .text(message.text) : nil, "t": .number(milliseconds() - startedAt),
            ])
    }

    private func publish(_ topic: String, _ arguments: Arguments) async throws -> Int {
        let count = max(arguments.integer("count", or: 1), 1)
        let pause = arguments.integer("everyMs", or: 0)
        for number in 0..<count {
            if let text = arguments.json["text"]?.text {
                try await node.publish(text, to: topic)
            } else {
                var generator = SystemRandomNumberGenerator()
                var data = TestProtocols.bigEndian(UInt64(number))
                let size = arguments.integer("bytes", or: 64)
                while data.count < size { withUnsafeBytes(of: generator.next()) { data.append(contentsOf: $0) } }
                if data.count > max(size, 8) { data.removeLast(data.count - max(size, 8)) }
                try await node.publish(data, to: topic)
            }
            if pause > 0, number + 1 < count { try await Task.sleep(for: .milliseconds(pause)) }
        }
        return count
    }
}
