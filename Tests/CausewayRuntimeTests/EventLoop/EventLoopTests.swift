import CausewayConnection
import Synchronization
import Testing

@testable import CausewayRuntime

private actor Counter {
    let loop: EventLoop
    private(set) var count = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(_ loop: EventLoop) { self.loop = loop }

    func increment() -> Bool {
        count += 1
        return loop.isCurrent
    }
}

private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let loop = EventLoop()
    try loop.start()
    defer {
        loop.stop()
        loop.join()
    }
    try await body(loop)
}

@Test func postsRunInOrderOnTheLoop() async throws {
    try await withLoop { loop in
        let order = Mutex<[Int]>([])
        await withCheckedContinuation { continuation in
            for index in 0..<1000 { loop.post { order.withLock { $0.append(loop.isCurrent ? index : -1) } } }
            loop.post { continuation.resume() }
        }
        #expect(order.withLock { $0 } == Array(0..<1000))
    }
}

@Test func actorsAndTasksLiveOnTheLoop() async throws {
    try await withLoop { loop in
        let counter = Counter(loop)
        for _ in 0..<10 { #expect(await counter.increment()) }
        let isOnLoop = await Task(executorPreference: loop.tasks) {
            await Task.yield()
            return loop.isCurrent
        }.value
        #expect(isOnLoop)
        #expect(await counter.count == 10)
    }
}

@Test func tasksThatWakeEachOtherDoNotStarveTimers() async throws {
    try await withLoop { loop in
        let isOver = Atomic(false)
        let spinner = Task(executorPreference: loop.tasks) {
            while !isOver.load(ordering: .relaxed) { await Task.yield() }
        }
        await withCheckedContinuation { continuation in
            loop.post {
                nonisolated(unsafe) var timer: LoopTimer?
                timer = LoopTimer(on: loop) {
                    timer?.close()
                    continuation.resume()
                }
                timer?.start(afterNanoseconds: 1_000_000)
            }
        }
        isOver.store(true, ordering: .relaxed)
        await spinner.value
    }
}

@Test func stopTellsOwnersFirstAndLaterJobsStillRun() async throws {
    let loop = EventLoop()
    let counter = Counter(loop)
    loop.stopping = { loop.post {} }
    try loop.start()
    #expect(await counter.increment())
    let order = Mutex<[String]>([])
    await withCheckedContinuation { continuation in
        loop.post {
            loop.stopping = {
                order.withLock { $0.append("stopping") }
                loop.post { order.withLock { $0.append("resumed") } }
            }
            _ = LoopTimer(on: loop) {}
            loop.stop()
            continuation.resume()
        }
    }
    loop.join()
    // The actor outlives its loop: whoever calls it runs it.
    for _ in 0..<10 { _ = await counter.increment() }
    #expect(await counter.count == 11)
    await Task(executorPreference: loop.tasks) { await Task.yield() }.value
    #expect(order.withLock { $0 } == ["stopping", "resumed"])
}

@Test func aLoopThatNeverStartedRunsWhatWasPostedAtItsEnd() async {
    let loop = EventLoop()
    let order = Mutex<[Int]>([])
    loop.ended = { order.withLock { $0.append(2) } }
    loop.post { order.withLock { $0.append(1) } }
    loop.stop()
    loop.stop()
    loop.post { order.withLock { $0.append(3) } }
    loop.join()
    #expect(order.withLock { $0 } == [1, 2, 3] && loop.isOver)
}

@Test func deadlinesComeInOrder() {
    var heap = DeadlineHeap()
    var random: UInt64 = 1
    var entered: [UInt64] = []
    for link in 0..<500 as Range<UInt32> {
        random = random &* 6_364_136_223_846_793_005 &+ 1
        entered.append(random >> 40)
        heap.insert(link, at: Instant(nanoseconds: random >> 40))
    }
    #expect(heap.next.nanoseconds == entered.min())
    #expect(heap.take(due: Instant(nanoseconds: 0)) == nil)
    var taken: [UInt64] = []
    while let entry = heap.take(due: .distantFuture) {
        #expect(entered[Int(entry.link)] == entry.at.nanoseconds)
        taken.append(entry.at.nanoseconds)
    }
    #expect(taken == entered.sorted())
    #expect(heap.next == .distantFuture)
}
