import CausewayConnection
import CausewayIdentity
import CausewayRuntime

/// Looks whether a resumable stream moves. When it pauses, what has arrived is confirmed. When it stalls, all connections to its peer are
/// asked for a sign of life: a cut line says nothing by itself, and keep-alive takes most of a minute. All, because the stream is to go on
/// over one that lives.
struct StallWatch: Sendable {
    private static let look = Interval.milliseconds(500)
    /// Looks without progress until the connection is asked.
    private static let patience = 2
    /// For how long something is expected of a remote that has sent something.
    private static let attention = 20

    private let stream: ResumableStream
    private let peer: PeerID
    private let shell: NativeShell

    init(_ stream: ResumableStream, with peer: PeerID, _ shell: NativeShell) {
        self.stream = stream
        self.peer = peer
        self.shell = shell
    }

    /// Runs until it is cancelled. Returns nil, for a group of tasks in which others return carriers.
    func watch() async -> CarryingStream? {
        var last = stream.progress
        var still = 0
        while (try? await Task.sleep(for: Self.look.duration)) != nil {
            stream.look()
            let now = stream.progress
            if now.confirmed != last.confirmed || now.received != last.received {
                still = 0
            } else {
                still += 1
            }
            let isHearing = last.received > 0 && still <= Self.attention
            last = now
            if still == 1 { stream.confirmNow() }
            if still > 0, still % Self.patience == 0, now.awaits || isHearing { shell.probe(peer) }
        }
        return nil
    }
}
