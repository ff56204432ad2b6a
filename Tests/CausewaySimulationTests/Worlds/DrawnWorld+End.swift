import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

// After the faults: what everybody does alike.
extension DrawnWorld {
    /// Whoever is down comes back. What was paused, clogged or shut is so for twelve seconds more at most.
    func heal() {
        for (_, node) in all where !node.isRunning { try? node.restart() }
    }

    /// Every actor sends a message to each topic.
    func publishEverywhere() {
        for topic in WorldPlan.topics {
            for (number, _) in all { publish(number, topic, size: 100, to: recipients(of: number, topic)) }
        }
    }

    /// Who subscribes and hangs together with the author by connections that gossip uses, all through subscribers.
    private func recipients(of author: Int, _ topic: String) -> Set<Int> {
        var found: Set<Int> = [author]
        var open = [author]
        while let next = open.popLast() {
            for (number, node) in all where !found.contains(number) && subscribes(node, to: topic) {
                guard nodes[next]?.node?.bestLink(for: node.peerID, allowsLimited: false) != nil else { continue }
                found.insert(number)
                open.append(number)
            }
        }
        return found.subtracting([author])
    }

    private func subscribes(_ node: SimulatedNode, to topic: String) -> Bool {
        node.node?.joinedTopics.contains([UInt8](topic.utf8)) ?? false
    }

    /// The streams that nobody has ended so far: by both ends, or by a reset of one.
    func endStreams() {
        for opened in record.opened where !opened.end.isOver {
            let far = farEnds(of: opened)
            switch opened.number % 3 {
            case 0: far.first?.reset()
            case 1: opened.end.reset()
            default: for end in far + [opened.end] { end.finish() }
            }
        }
    }

    /// Everybody gives up what it holds at relays, and hangs up on all.
    func part() {
        for (_, node) in all { for (_, other) in all { node.release(other) } }
        for (_, node) in all { for (_, other) in all { node.hangUp(other) } }
    }
}
