import CausewayIdentity

/// Which of the association's streams is which channel of the link: those that are opened here have odd numbers, which the link gives them,
/// those of the remote even ones. The association uses the numbers of its streams again, the link its own only when it must.
struct ChannelNumbers: ~Copyable {
    private var streams = Table<UInt32, StreamID>()
    private var numbers = Table<UInt16, UInt32>()
    private var last: UInt32 = 0

    func stream(_ number: UInt32) -> StreamID? { streams[number] }

    func number(of stream: StreamID) -> UInt32? { numbers[stream.raw] }

    mutating func insert(_ number: UInt32, _ stream: StreamID) {
        streams[number] = stream
        numbers[stream.raw] = number
    }

    /// A number for a channel that the remote has opened: even, below 2^31, and no living one's.
    mutating func insert(remote stream: StreamID) -> UInt32 {
        repeat { last = last &+ 2 & 0x7fff_fffe } while last == 0 || streams[last] != nil
        insert(last, stream)
        return last
    }

    /// - Returns: the number that the stream had.
    mutating func remove(_ stream: StreamID) -> UInt32? {
        guard let number = numbers.removeValue(forKey: stream.raw) else { return nil }
        streams[number] = nil
        return number
    }
}
