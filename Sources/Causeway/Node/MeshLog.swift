import CausewayNode

/// Who came into the meshes of a node's topics, and who left them, told once a heartbeat: gossip itself tells nobody of it.
struct MeshLog {
    private let log: NodeLog
    private var meshes: [[UInt8]: Set<PeerID>] = [:]

    init(_ log: NodeLog) { self.log = log }

    /// Until the task is cancelled.
    static func run(_ log: NodeLog, of node: Node) async {
        guard let heartbeat = node.configuration.pubSub?.parameters.heartbeatInterval else { return }
        var meshes = MeshLog(log)
        while !Task.isCancelled {
            meshes.note(await node.onNode { node, _ in node.joinedTopics.map { ($0, node.mesh($0)) } })
            try? await Task.sleep(for: heartbeat.duration)
        }
    }

    mutating func note(_ topics: [([UInt8], [PeerID])]) {
        var now: [[UInt8]: Set<PeerID>] = [:]
        for (topic, mesh) in topics {
            now[topic] = Set(mesh)
            let before = meshes.removeValue(forKey: topic) ?? []
            tell(topic, came: mesh.filter { !before.contains($0) }, left: before.subtracting(mesh))
        }
        for (topic, mesh) in meshes { tell(topic, came: [], left: mesh) }
        meshes = now
    }

    private func tell(_ topic: [UInt8], came: [PeerID], left: Set<PeerID>) {
        let name = String(decoding: topic, as: UTF8.self)
        for peer in came { log.note(.gossip, .debug, "\(peer) came into the mesh of \(name)") }
        for peer in left.map(\.description).sorted() { log.note(.gossip, .debug, "\(peer) left the mesh of \(name)") }
    }
}
