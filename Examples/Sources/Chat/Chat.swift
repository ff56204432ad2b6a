// Shows: gossip and discovery. Peers that reserve at the same relay find each other, and talk in a room.
//
// Each line that you type is published to the room's topic. Messages of other peers are printed with the end of their
// author's peer id, which their signature proves.
//
//   Chat <relay address> <name of the room>
import Causeway

@main
struct Chat {
    static func main() async throws {
        guard CommandLine.arguments.count == 3 else { return print("usage: Chat <relay address> <room>") }
        var configuration = Configuration()
        configuration.relays = .init([try Multiaddr(CommandLine.arguments[1])])
        configuration.discovery = [.pubsub]
        // Whoever types before somebody is here talks to nobody.
        configuration.pubSub?.allowsPublishToZeroTopicPeers = true
        let node = try Node(configuration)
        let room = CommandLine.arguments[2]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            let messages = try await node.subscribe(room)
            group.addTask { for await message in messages { print(message.author?.description.suffix(6) ?? "?", message.text) } }
            group.addTask { while let line = readLine() { try await node.publish(line, to: room) } }
            try await group.waitForAll()
        }
    }
}
