import CausewayConnection
import CausewayIdentity

/// A stream that the page reads and writes, under a number of its own.
final class WebStream: StreamOwner {
    /// Even: the page opened it. Odd: a remote opened it.
    let number: UInt32
    private unowned(unsafe) let shell: WebShell
    private var link: Link?
    private var stream: UInt32 = 0
    private var queue = ByteQueue()
    private var isFinishing = false
    private var owesWritable = false
    /// Below this many queued bytes, the page may continue to write.
    private static let lowWater = 64 << 10

    init(_ number: UInt32, shell: WebShell) {
        self.number = number
        self.shell = shell
    }

    func attach(_ stream: UInt32, on link: Link) {
        self.stream = stream
        self.link = link
    }

    // MARK: From the page

    /// Takes all bytes. Returns how many wait to be sent.
    func write(_ bytes: [UInt8]) -> Int {
        guard !isFinishing else { return 0 }
        queue.append(bytes)
        flush()
        owesWritable = !queue.isEmpty
        return queue.count
    }

    private func flush() {
        guard let link else { return }
        if !queue.isEmpty {
            // A stream that has ended takes nothing, and reports that by `closed`.
            queue.drop((try? link.write(stream, queue.bytes)) ?? queue.count)
        }
        if queue.isEmpty {
            queue.release()
            if isFinishing { link.finish(stream) }
        }
        guard owesWritable, queue.count < Self.lowWater else { return }
        owesWritable = false
        WebEvent.streamWritable.tell(number)
    }

    func finish() {
        isFinishing = true
        if queue.isEmpty { link?.finish(stream) }
    }

    func reset() { link?.reset(stream) }

    func consumed(_ count: Int) { link?.consumed(stream, count) }

    // MARK: From the link

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) { WebEvent.streamReady.tell(number, link.id, protocolID) }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        WebEvent.streamReceived.tell(number, 0, UnsafeRawBufferPointer(bytes))
    }

    func writable(_ stream: UInt32, on link: Link) { flush() }

    func delivered(_ stream: UInt32, error: StreamError?, on link: Link) {
        shell.add(Fault(error).number)
        shell.tell(.streamDelivered, number, link.socket)
    }

    func finished(_ stream: UInt32, on link: Link) { WebEvent.streamFinished.tell(number) }

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        self.link = nil
        shell.ended(self, error)
    }
}
