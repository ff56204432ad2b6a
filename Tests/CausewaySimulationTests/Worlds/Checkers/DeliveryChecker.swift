import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// In one life nobody has a message twice, or one that was not published so. A message that was published after the network had settled is
/// with every subscriber that hangs together with its author, through subscribers and by connections that gossip uses.
struct DeliveryChecker: WorldChecker {
    func faults(in world: DrawnWorld) -> [String] {
        world.all.flatMap { number, node in
            let lives = world.record.lives[number] ?? []
            return lives.indices.flatMap { life in
                let end = life + 1 < lives.count ? lives[life + 1] : node.events.count
                return faults(of: node, number, in: world, events: lives[life]..<end, isLast: life + 1 == lives.count)
            }
        }
    }

    private func faults(of node: SimulatedNode, _ number: Int, in world: DrawnWorld, events: Range<Int>, isLast: Bool) -> [String] {
        var counts: [[UInt8]: Int] = [:]
        var faults: [String] = []
        for case .message(let message) in node.events[events].map(\.event) {
            counts[message.data, default: 0] += 1
            guard let sent = world.record.published.first(where: { $0.data == message.data }) else {
                faults.append("\(node.name) has a message that nobody published")
                continue
            }
            if message.topicUTF8 != [UInt8](sent.topic.utf8) || message.author != world.nodes[sent.author]?.peerID {
                faults.append("\(node.name) has \(title(sent)) under another topic or author")
            }
        }
        for sent in world.record.published {
            let count = counts[sent.data, default: 0]
            if count > 1 { faults.append("\(node.name) has \(title(sent)) \(count) times") }
            guard isLast, let recipients = sent.recipients, recipients.contains(number) != (count > 0) else { continue }
            faults.append("\(node.name) has \(title(sent)) \(count) times, should be \(1 - count)")
        }
        return faults
    }

    private func title(_ sent: WorldRecord.Published) -> String {
        "'\(String(decoding: sent.data.prefix { $0 >= 0x20 && $0 < 0x7f }, as: UTF8.self))'"
    }
}
