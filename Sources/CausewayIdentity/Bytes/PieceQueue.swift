/// Pieces of bytes that wait, first in, first out, each as an array.
///
/// The first few pieces stay as they arrived. Small ones behind them are joined: however the bytes were cut, they take at most twice their
/// size and some kilobytes. Otherwise a frame of one byte would take fifty.
public struct PieceQueue: Sendable {
    private var pieces: [[UInt8]] = []
    private var head = 0
    /// Bytes of the oldest piece that were taken.
    private var start = 0
    private let keptApart: Int
    /// The number of all bytes.
    public private(set) var count = 0
    /// The size of joined pieces. With an array's header, this is what allocators return. Two neighbours that cannot be joined have more
    /// than this together, so their headers matter little.
    private static let joined = 4000

    /// - Parameter keptApart: How many pieces stay as they arrived.
    public init(keptApart: Int) { self.keptApart = keptApart }

    public var isEmpty: Bool { head == pieces.count }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        if pieces.count - head >= max(1, keptApart), pieces[pieces.count - 1].count + bytes.count <= Self.joined {
            pieces[pieces.count - 1].append(contentsOf: bytes)
        } else {
            pieces.append([UInt8](copying: bytes))
        }
    }

    /// Appends a piece as it is, if it would not be joined to others anyway.
    public mutating func append(piece: [UInt8]) {
        guard pieces.count - head < max(1, keptApart) || piece.count > Self.joined else {
            return piece.withUnsafeBytes { append($0) }
        }
        count += piece.count
        pieces.append(piece)
    }

    /// The oldest piece, or no more than the first `limit` bytes of it: the rest stays the oldest piece, and is not moved.
    public mutating func takeFirst(atMost limit: Int = .max) -> [UInt8]? {
        guard head < pieces.count else { return nil }
        let left = pieces[head].count - start
        let taken = min(limit, left)
        let piece = taken == pieces[head].count ? pieces[head] : [UInt8](copying: pieces[head], start..<start + taken)
        count -= taken
        guard taken == left else {
            start += taken
            return piece
        }
        pieces[head] = []
        head += 1
        start = 0
        if head == pieces.count {
            pieces.removeAll(keepingCapacity: head <= 64)
            head = 0
        } else if head >= 64, head * 2 >= pieces.count {
            pieces.removeFirst(head)
            head = 0
        }
        return piece
    }

    public mutating func removeAll() { self = PieceQueue(keptApart: keptApart) }
}
