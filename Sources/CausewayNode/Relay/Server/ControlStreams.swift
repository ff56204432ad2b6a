import CausewayConnection
import CausewayIdentity

/// The hop streams in progress. When there are too many, the oldest stream of the place with the most goes, and never a newcomer of another
/// place. A stream that waits for its circuit stays, because circuits have limits of their own.
struct ControlStreams {
    private var streams: [UInt64: HopStream] = [:]
    private var countOfLink: [UInt32: Int] = [:]
    private let queue = FairQueue()
    private var keys: [UInt32: StreamKey] = [:]
    private var lastNumber: UInt32 = 0

    var count: Int { streams.count }
    var deadlines: [(UInt64, Instant)] { streams.values.map { ($0.key.packed, $0.deadline) } }

    subscript(key: UInt64) -> HopStream? { streams[key] }

    func count(on link: UInt32) -> Int { countOfLink[link, default: 0] }

    /// The stream that makes room for a newcomer. nil: all wait for their circuits.
    var first: HopStream? { queue.first.flatMap { keys[$0] }.flatMap { streams[$0.packed] } }

    mutating func insert(_ key: StreamKey, of place: [UInt8], deadline: Instant) {
        repeat { lastNumber &+= 1 } while keys[lastNumber] != nil
        keys[lastNumber] = key
        queue.insert(lastNumber, of: place)
        streams[key.packed] = HopStream(key: key, number: lastNumber, deadline: deadline)
        countOfLink[key.link, default: 0] += 1
    }

    /// Keeps a stream from being dropped: it waits for its circuit from now on.
    func keep(_ stream: HopStream) { queue.remove(stream.number) }

    mutating func remove(_ key: StreamKey) {
        guard let stream = streams.removeValue(forKey: key.packed) else { return }
        queue.remove(stream.number)
        keys[stream.number] = nil
        let rest = countOfLink[key.link, default: 1] - 1
        countOfLink[key.link] = rest > 0 ? rest : nil
    }
}
