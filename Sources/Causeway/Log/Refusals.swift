import CausewayConnection
import CausewayNode
import Synchronization

/// Refusals of one kind for one reason, summed up.
package struct RefusalSum: Sendable {
    /// The latest.
    package fileprivate(set) var event: Event
    package fileprivate(set) var count = 1

    /// The latest refusal's, with the number of all.
    package var record: EventRecord { event.record.adding("count", .number(UInt64(count))) }
}

/// Sums up what a node refuses, so that a flood of refusals does not become a flood of lines: once a second there is one for each kind and
/// limit.
package final class Refusals: Sendable {
    private enum Kind: Equatable {
        case connection(LimitName)
        case reservation(status: UInt16, LimitName?)
        case circuit(status: UInt16, LimitName?)

        /// nil: the event is no refusal.
        init?(_ event: Event) {
            switch event {
            case .refused(_, let limit, _): self = .connection(limit)
            case .relay(.reservationRefused(_, let status, let limit)): self = .reservation(status: status, limit?.name)
            case .relay(.circuitRefused(_, _, let status, let limit)): self = .circuit(status: status, limit?.name)
            default: return nil
            }
        }
    }

    private let untold = Mutex<[(kind: Kind, sum: RefusalSum)]>([])
    private let tell: @Sendable (RefusalSum) -> Void

    package init(tell: @escaping @Sendable (RefusalSum) -> Void) { self.tell = tell }

    /// Notes an event if it is a refusal. Returns whether it is.
    package func add(_ event: Event) -> Bool {
        guard let kind = Kind(event) else { return false }
        untold.withLock { untold in
            if let index = untold.firstIndex(where: { $0.kind == kind }) {
                untold[index].sum.event = event
                untold[index].sum.count += 1
            } else {
                untold.append((kind, RefusalSum(event: event)))
            }
        }
        return true
    }

    /// Tells of them until the task is cancelled, and of the last ones then.
    package func run() async {
        repeat {
            try? await Task.sleep(for: .seconds(1))
            tellAll()
        } while !Task.isCancelled
    }

    func tellAll() {
        let sums = untold.withLock { untold in
            defer { untold = [] }
            return untold
        }
        for (_, sum) in sums { tell(sum) }
    }
}
