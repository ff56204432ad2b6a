import CausewayConnection
import CausewayIdentity

/// Has all connections to a peer asked for a sign of life when a resumable stream stalls: a cut line says nothing by itself, and keep-alive
/// takes most of a minute. All, because the stream is to go on over one that lives.
struct StallWatch: Sendable {
    private static let look = Interval.milliseconds(500)
    /// Looks without progress until the connection is asked.
    private static let patience = 2
    /// For how long something is expected of a remote that has sent something.
    private static let attention = 20

    private let stream: ResumableStream
    private let peer: PeerID
    private let node: Node

    init(_ stream: ResumableStream, with peer: PeerID, at node: Node) {
        self.stream = stream
        self.peer = peer
        self.node = node
    }

    /// Runs until it is cancelled. Returns nil, for a group of tasks in which others return carriers.
    func watch() async -> CarryingStream? {
        var last = stream.progress
        var still = 0
        while (try? await Task.sleep(for: Self.look.duration)) != nil {
            let now = stream.progress
            if now.confirmed != last.confirmed || now.received != last.received {
                still = 0
            } else {
                still += 1
            }
            let isHearing = last.received > 0 && still <= Self.attention
            last = now
            if still > 0, still % Self.patience == 0, now.awaits || isHearing { await probe() }
        }
        return nil
    }

    private func probe() async {
        for connection in await node.connections where connection.peer == peer { node.shell.probe(connection.id) }
    }
}
