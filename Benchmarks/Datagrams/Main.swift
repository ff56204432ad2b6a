import CausewayIdentity
import CausewayRuntime
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Datagrams a second of CPU time, over loopback: Benchmarks/datagrams.sh.
@main
struct Main {
    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (seconds, size) = (numbers.first ?? 3, numbers.dropFirst().first ?? 1200)
        var single = DatagramLimits()
        (single.batch, single.usesOffload) = (1, false)
        var batched = DatagramLimits()
        batched.usesOffload = false
        print("datagrams of \(size) bytes over loopback for \(seconds) s; sent and received by one thread")
        for (name, limits) in [("one a call", single), ("batches", batched), ("batches, cut and joined by the kernel", DatagramLimits())] {
            print("\(name): \(try await Exchange(limits, size: size).measure(seconds: seconds))")
        }
    }
}

/// Two sockets on one loop: what one sends, the other receives in the loop's next turn.
private final class Exchange: DatagramOwner, @unchecked Sendable {
    private let loop = EventLoop()
    private let payload: [UInt8]
    // On the loop.
    private var sender: DatagramSocket?
    private var receiver: DatagramSocket?
    private var sent = 0
    private var received = 0
    /// Datagrams that are on their way at once: fewer than the kernel's buffer of the receiver holds.
    private static let window = 64

    init(_ limits: DatagramLimits, size: Int) throws {
        payload = [UInt8](repeating: 7, count: size)
        try loop.start()
        loop.post { [self] in
            let loopback = Endpoint(ip: [127, 0, 0, 1], port: 0)!
            sender = try? DatagramSocket(on: loop, at: loopback, limits: limits)
            receiver = try? DatagramSocket(on: loop, at: loopback, limits: limits)
            receiver?.owner = self
        }
    }

    func measure(seconds: Int) async -> String {
        await perform { [self] in
            let target = receiver!.localEndpoint
            loop.turnEnded = { [self] in
                while sent - received < Self.window {
                    try? payload.withUnsafeBytes { try sender!.send($0, to: target) }
                    sent += 1
                }
                return false
            }
        }
        let begun = Self.cpuTime()
        try? await Task.sleep(for: .seconds(seconds))
        let spent = Self.cpuTime() - begun
        let (out, into) = await perform { [self] in
            loop.turnEnded = nil
            return (sender!.counts, receiver!.counts)
        }
        loop.stop()
        loop.join()
        let rate = Int(Double(into.received) / spent)
        return "\(rate) a CPU second (\(into.received) in \(spent) s; \(out.sendCalls) calls to send, \(into.receiveCalls) to receive)"
    }

    private func perform<R: Sendable>(_ work: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in loop.post { continuation.resume(returning: work()) } }
    }

    /// Of the process, in seconds.
    private static func cpuTime() -> Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) { received += 1 }
    func datagramsWritable() {}
    func datagramsLost(to remote: Endpoint, errno: Int32) {}
    func datagramSocketFailed(errno: Int32) {}
}
