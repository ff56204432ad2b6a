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

/// Whoever brings work to a loop that is ending has it done, whatever of the loop is closed already.
@Test func workComesWhileTheLoopEnds() async throws {
    for _ in 0..<200 {
        let loop = EventLoop()
        try loop.start()
        let done = Done()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { for _ in 0..<200 { loop.post { done.count.add(1, ordering: .relaxed) } } }
            }
            loop.stop()
        }
        loop.join()
        #expect(done.count.load(ordering: .relaxed) == 600)
    }
}

private final class Done: Sendable {
    let count = Atomic(0)
}
