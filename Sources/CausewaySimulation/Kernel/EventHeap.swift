/// The scheduled events by time: the one queue of a simulation.
///
/// Events of the same moment run in the order in which they were scheduled, or first by a random `tie` if the simulation shuffles ties.
struct EventHeap {
    struct Event {
        let time: UInt64
        let tie: UInt64
        let sequence: UInt64
        let action: () -> Void

        func precedes(_ other: Event) -> Bool {
            if time != other.time { return time < other.time }
            if tie != other.tie { return tie < other.tie }
            return sequence < other.sequence
        }
    }

    private var events: [Event] = []

    var count: Int { events.count }
    var soonest: UInt64? { events.first?.time }

    mutating func insert(_ event: Event) {
        events.append(event)
        var index = events.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard events[index].precedes(events[parent]) else { return }
            events.swapAt(index, parent)
            index = parent
        }
    }

    mutating func removeSoonest() -> Event? {
        guard let last = events.popLast() else { return nil }
        guard let first = events.first else { return last }
        events[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < events.count && events[child].precedes(events[least]) {
                least = child
            }
            guard least != index else { return first }
            events.swapAt(index, least)
            index = least
        }
    }
}
