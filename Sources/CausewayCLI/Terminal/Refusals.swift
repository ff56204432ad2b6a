import Causeway
import Synchronization

/// Reports refused connections once a second for each limit, so that a flood of them does not become a flood of lines.
final class Refusals: Sendable {
    private struct Refusal {
        let limit: LimitName
        let value: UInt64
        var latest: Multiaddr
        var count = 1
    }

    private let terminal: Terminal
    private let untold = Mutex<[Refusal]>([])

    init(_ terminal: Terminal) { self.terminal = terminal }

    func add(_ remote: Multiaddr, _ limit: LimitName, _ value: UInt64) {
        untold.withLock { untold in
            if let index = untold.firstIndex(where: { $0.limit == limit }) {
                untold[index].latest = remote
                untold[index].count += 1
            } else {
                untold.append(Refusal(limit: limit, value: value, latest: remote))
            }
        }
    }

    /// Reports them until the task is cancelled.
    func tell() async {
        repeat {
            try? await Task.sleep(for: .seconds(1))
            for refusal in take() { tell(refusal) }
        } while !Task.isCancelled
    }

    private func take() -> [Refusal] {
        untold.withLock { untold in
            defer { untold = [] }
            return untold
        }
    }

    private func tell(_ refusal: Refusal) {
        let others = refusal.count > 1 ? " and \(refusal.count - 1) others" : ""
        terminal.say("\("!", .yellow) refused \(refusal.latest)\(others): limit of \(refusal.value) \(refusal.limit)")
        terminal.tell(
            "refused",
            [
                "addr": .text(refusal.latest.description), "count": .integer(Int64(refusal.count)),
                "reason": .text(refusal.limit.description), "limit": .integer(Int64(clamping: refusal.value)),
            ])
    }
}
