import CDatagrams
import CausewayIdentity

/// Datagrams that wait to be sent, in order, in one block of memory. Neighbours for one remote are one run if the kernel can cut it.
///
/// The block has twice the size of what may wait. So there is always room at the end once what waits has moved to the front, which is
/// needed only after the block's first half has been sent.
struct DatagramQueue: ~Copyable {
    /// How many datagrams one run may have (Linux: UDP_MAX_SEGMENTS), and how many bytes (an IPv6 packet's, less UDP's header).
    static let longestRun = 64
    static let largestRun = 65_527 - 40

    private let limits: DatagramLimits
    private let bytes: UnsafeMutableRawBufferPointer
    private let runs: UnsafeMutableBufferPointer<cw_datagram>
    private var firstRun = 0
    private var endOfRuns = 0
    private var end = 0
    private(set) var count = 0
    private(set) var byteCount = 0
    /// Whether neighbours become runs.
    private(set) var joins: Bool

    init(_ limits: DatagramLimits, joins: Bool) {
        self.limits = limits
        self.joins = joins
        bytes = .allocate(byteCount: 2 * limits.queuedBytes, alignment: 64)
        runs = .allocate(capacity: 2 * limits.queuedDatagrams)
    }

    deinit {
        bytes.deallocate()
        runs.deallocate()
    }

    var memory: UnsafeRawPointer { UnsafeRawPointer(bytes.baseAddress!) }
    var isEmpty: Bool { count == 0 }
    var isHalfFree: Bool { count * 2 <= limits.queuedDatagrams && byteCount * 2 <= limits.queuedBytes }

    /// The runs that are next, at most so many.
    func next(_ most: Int) -> UnsafeBufferPointer<cw_datagram> {
        UnsafeBufferPointer(rebasing: runs[firstRun..<min(endOfRuns, firstRun + most)])
    }

    /// Room for a datagram of up to `size` bytes; nil if as much waits as may. `append` says what it became.
    mutating func room(_ size: Int) -> UnsafeMutableRawBufferPointer? {
        guard count < limits.queuedDatagrams, size <= limits.queuedBytes - byteCount else { return nil }
        if size > bytes.count - end || endOfRuns == runs.count { moveToFront() }
        return UnsafeMutableRawBufferPointer(rebasing: bytes[end..<end + size])
    }

    /// The room's first `size` bytes are a datagram to `remote`.
    mutating func append(_ size: Int, to remote: cw_endpoint) {
        count += 1
        byteCount += size
        defer { end += size }
        if joins, endOfRuns > firstRun {
            // Changing an element in place makes the compiler crash when it builds for the thread sanitizer.
            var last = runs[endOfRuns - 1]
            if last.take(size, for: remote) {
                runs[endOfRuns - 1] = last
                return
            }
        }
        runs[endOfRuns] = cw_datagram(
            remote: remote, offset: UInt32(end), length: UInt32(size), segment: 0, is_truncated: 0)
        endOfRuns += 1
    }

    /// The first `runs` of the queue are sent, or given up.
    /// - Returns: how many datagrams they were.
    mutating func removeFirst(_ runs: Int) -> Int {
        var datagrams = 0
        for run in self.runs[firstRun..<firstRun + runs] {
            datagrams += run.count
            byteCount -= Int(run.length)
        }
        firstRun += runs
        count -= datagrams
        if count == 0 { (firstRun, endOfRuns, end) = (0, 0, 0) }
        return datagrams
    }

    /// The kernel cannot cut runs after all: from here on each datagram is one of its own.
    mutating func separate() {
        joins = false
        let joined = Array(runs[firstRun..<endOfRuns])
        (firstRun, endOfRuns) = (0, 0)
        for run in joined {
            var left = run
            while left.length > 0 {
                var one = left
                one.length = run.segment == 0 ? left.length : min(left.length, UInt32(run.segment))
                one.segment = 0
                runs[endOfRuns] = one
                endOfRuns += 1
                left.offset += one.length
                left.length -= one.length
            }
            // An empty datagram is one, too.
            if run.length == 0 {
                runs[endOfRuns] = run
                endOfRuns += 1
            }
        }
    }

    private mutating func moveToFront() {
        let start = Int(runs[firstRun].offset)
        let base = bytes.baseAddress!
        base.copyMemory(from: base + start, byteCount: end - start)
        for index in firstRun..<endOfRuns {
            var run = runs[index]
            run.offset -= UInt32(start)
            runs[index - firstRun] = run
        }
        endOfRuns -= firstRun
        firstRun = 0
        end -= start
    }
}

extension cw_datagram {
    var count: Int { segment == 0 ? 1 : (Int(length) + Int(segment) - 1) / Int(segment) }

    /// Makes the next datagram part of the run: of the same remote, not longer than the others, and only the last is shorter.
    fileprivate mutating func take(_ size: Int, for other: cw_endpoint) -> Bool {
        guard size > 0, length > 0, remote.isSame(as: other), Int(length) + size <= DatagramQueue.largestRun else { return false }
        let step = segment == 0 ? Int(length) : Int(segment)
        guard size <= step, Int(length) % step == 0, Int(length) / step < DatagramQueue.longestRun else { return false }
        segment = UInt16(step)
        length += UInt32(size)
        return true
    }
}

extension cw_endpoint {
    fileprivate func isSame(as other: cw_endpoint) -> Bool {
        low == other.low && high == other.high && port == other.port && scope == other.scope
    }

    init(_ endpoint: Endpoint) { self.init(high: endpoint.high, low: endpoint.low, scope: endpoint.scope, port: endpoint.port) }
}

extension Endpoint {
    init(_ endpoint: cw_endpoint) { self.init(high: endpoint.high, low: endpoint.low, scope: endpoint.scope, port: endpoint.port) }
}
