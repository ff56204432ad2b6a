import CausewayNode
import Synchronization

/// The functions by which an application judges messages, and those of their calls that run.
final class Validators: Sendable {
    typealias Validator = @Sendable (Message) async -> MessageVerdict

    private struct State {
        var byTopic: [[UInt8]: Validator] = [:]
        var running: [UInt32: Task<Void, Never>] = [:]
        var isOver = false
    }
    private let state = Mutex(State())
    /// How many calls run at the same time. A function that does not return when it is cancelled takes one of them.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func set(_ validator: Validator?, for topic: String) { state.withLock { $0.byTopic[Array(topic.utf8)] = validator } }

    /// Calls the topic's function for the message, and then `answer`. Without a function, or if too many calls run, the answer is `ignore`.
    func judge(_ message: Message, _ number: UInt32, answer: @escaping @Sendable (MessageVerdict) -> Void) {
        let hasBegun = state.withLock { state in
            guard let validator = state.byTopic[message.topicUTF8], state.running.count < limit, !state.isOver else { return false }
            // Not on the node's thread: the function may take long.
            state.running[number] = Task {
                let verdict = await validator(message)
                if self.finish(number) { answer(verdict) }
            }
            return true
        }
        if !hasBegun { answer(.ignore) }
    }

    /// Whether the call had not been cancelled before.
    private func finish(_ number: UInt32) -> Bool {
        _ = state.withLock { $0.running.removeValue(forKey: number) }
        return !Task.isCancelled
    }

    /// The verdict comes too late.
    func cancel(_ number: UInt32) { state.withLock { $0.running[number] }?.cancel() }

    func end() {
        let running = state.withLock { state in
            state.isOver = true
            state.byTopic = [:]
            return state.running.values
        }
        for task in running { task.cancel() }
    }
}

extension Node {
    /// Judges every message of a topic that another peer published, before anybody else gets it: the node neither delivers nor forwards it
    /// until the function has answered `accept`. For `reject` the neighbour that forwarded it is blamed, for `ignore` nobody is
    /// (gossipsub-v1.1.md, "Extended Validators"). It does not matter whether the node has joined the topic, or carries it for others. A
    /// topic has one function; a new one takes the place of the old one. Discovery gets what the function accepts.
    ///
    /// The function runs in a task of its own for each message. If it has not answered in time (`GossipLimits.verdictTime`), the message is
    /// ignored and the task is cancelled. `GossipLimits.unjudged` says how many messages may wait; what comes above is dropped and may come
    /// again. `verdicts` counts all of this.
    public func validate(_ topic: String, _ validator: @escaping @Sendable (Message) async -> MessageVerdict) async throws(NodeError) {
        guard configuration.pubSub != nil else { throw .publish(.off) }
        try await ready()
        validators.set(validator, for: topic)
        guard await onNode({ node, now in node.setJudged(Array(topic.utf8), true, now: now) }) else {
            validators.set(nil, for: topic)
            throw .publish(.badTopic)
        }
    }

    /// Has the topic's function judge a message, and passes its verdict on.
    func judge(_ message: Message, _ number: UInt32) {
        validators.judge(message, number) { verdict in self.tell { $0.judge(number, verdict, now: $1) } }
    }

    /// Lets the topic's messages pass without a verdict from now on.
    public func stopValidating(_ topic: String) async {
        _ = await onNode { node, now in node.setJudged(Array(topic.utf8), false, now: now) }
        validators.set(nil, for: topic)
    }

    /// What became of the messages that were judged.
    public var verdicts: VerdictCounts { get async { await onNode { node, _ in node.verdictCounts } } }
}
