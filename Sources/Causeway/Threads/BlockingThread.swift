#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread for calls that block, which no event loop may make: reading standard input, waiting for a signal.
package enum BlockingThread {
    /// Runs `body` on a new thread that nobody waits for.
    /// - Returns: 0, or the system's error number if it has no thread left.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let work = Unmanaged.passRetained(Work(body))
        #if canImport(Darwin)
            var thread: pthread_t?
            let failure = pthread_create(&thread, nil, { Work.run($0) }, work.toOpaque())
            if failure == 0, let thread { pthread_detach(thread) }
        #else
            var thread = pthread_t()
            let failure = pthread_create(&thread, nil, { Work.run($0!) }, work.toOpaque())
            if failure == 0 { pthread_detach(thread) }
        #endif
        if failure != 0 { work.release() }
        return failure
    }

    private final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        static func run(_ work: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
            Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body()
            return nil
        }
    }
}
