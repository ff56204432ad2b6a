import CDatagrams
import CausewayIdentity
import Testing

@testable import CausewayRuntime

/// What is sent out of a queue, in whatever portions, are the datagrams that were put in.
@Suite("Datagrams that wait") struct DatagramQueueTests {
    @Test(arguments: [false, true], 0..<10 as Range<UInt64>)
    func portionsOfAnySizeGiveTheSameDatagrams(joins: Bool, seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func draw(_ count: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % count
        }
        var limits = DatagramLimits()
        (limits.queuedDatagrams, limits.queuedBytes) = (50, 20_000)
        var queue = DatagramQueue(limits, joins: joins)
        var waiting: [[UInt8]] = []
        var next: UInt8 = 0
        for _ in 0..<1000 {
            switch draw(40) {
            case 0..<25:
                let size = [0, 1, 300, 300, 300, 900][draw(6)]
                guard let room = queue.room(size) else {
                    #expect(waiting.count == 50 || waiting.reduce(0) { $0 + $1.count } + size > 20_000, "seed \(seed)")
                    continue
                }
                let bytes = [UInt8](repeating: next, count: size)
                room.copyBytes(from: bytes)
                queue.append(size, to: endpoint(next))
                waiting.append(bytes)
                next &+= draw(5) == 0 ? 1 : 0
            case 25..<39:
                let runs = queue.next(1 + draw(5))
                let taken = min(runs.count, draw(5))
                var sent: [[UInt8]] = []
                for run in runs[..<taken] { sent += datagrams(of: run, in: queue.memory) }
                #expect(queue.removeFirst(taken) == sent.count, "seed \(seed)")
                #expect(sent == Array(waiting.prefix(sent.count)), "seed \(seed)")
                waiting.removeFirst(sent.count)
            default: if draw(10) == 0 { queue.separate() }
            }
            #expect(queue.count == waiting.count && queue.byteCount == waiting.reduce(0) { $0 + $1.count }, "seed \(seed)")
        }
    }

    @Test func runsAreWhatTheKernelCuts() {
        var limits = DatagramLimits()
        limits.queuedBytes = 1 << 21
        var queue = DatagramQueue(limits, joins: true)
        for _ in 0..<130 { add(1200, to: 1, &queue) }
        for size in [500, 500, 200, 500, 600] { add(size, to: 1, &queue) }
        for remote in [2, 3, 3] as [UInt8] { add(100, to: remote, &queue) }
        let runs = queue.next(64)
        // 54 datagrams of 1200 are as much as a packet takes.
        #expect(runs.map { $0.count } == [54, 54, 23, 2, 1, 1, 1, 2])
        #expect(runs.map { $0.segment } == [1200, 1200, 1200, 500, 0, 0, 0, 100])
    }

    private func add(_ size: Int, to remote: UInt8, _ queue: inout DatagramQueue) {
        _ = queue.room(size)
        queue.append(size, to: endpoint(remote))
    }

    private func endpoint(_ number: UInt8) -> cw_endpoint { cw_endpoint(Endpoint(ip: [10, 0, 0, number], port: 1)!) }

    private func datagrams(of run: cw_datagram, in memory: UnsafeRawPointer) -> [[UInt8]] {
        let bytes = [UInt8](UnsafeRawBufferPointer(start: memory + Int(run.offset), count: Int(run.length)))
        guard run.segment != 0 else { return [bytes] }
        return stride(from: 0, to: bytes.count, by: Int(run.segment)).map { Array(bytes[$0..<min($0 + Int(run.segment), bytes.count)]) }
    }
}
