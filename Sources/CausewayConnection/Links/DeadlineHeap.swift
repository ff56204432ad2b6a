/// When each link wants to be woken: a binary heap that is updated lazily.
///
/// A link's deadline moves with every packet, mostly away. So only a deadline that comes closer is entered; when an entry is due its link
/// is asked for the real one. What is entered is 16 bytes, and one timer does for a whole set of links.
struct DeadlineHeap {
    private struct Entry {
        var at: UInt64
        var link: UInt32
    }
    private var entries: [Entry] = []

    var next: Instant { entries.first.map { Instant(nanoseconds: $0.at) } ?? .distantFuture }
    var count: Int { entries.count }

    mutating func insert(_ link: UInt32, at moment: Instant) {
        entries.append(Entry(at: moment.nanoseconds, link: link))
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[index].at < entries[parent].at else { return }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    /// Removes the first entry that is due.
    mutating func take(due now: Instant) -> (link: UInt32, at: Instant)? {
        guard let first = entries.first, first.at <= now.nanoseconds else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var index = 0
        while true {
            var least = index
            for child in (2 * index + 1)...(2 * index + 2) where child < entries.count && entries[child].at < entries[least].at {
                least = child
            }
            guard least != index else { break }
            entries.swapAt(index, least)
            index = least
        }
        return (first.link, Instant(nanoseconds: first.at))
    }
}
