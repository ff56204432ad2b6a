/// A stream that carries a resumable one for a while, and what wakes the two tasks that do.
final class Carriage: Sendable {
    let stream: Stream
    /// There is something to send.
    let sendable = Signal()
    /// It carries nothing any more: another does, or the stream is over.
    let over = Latch()

    init(_ stream: Stream) { self.stream = stream }

    /// - Parameter inOrder: whether the remote is to read the end. Otherwise, the carrier is reset.
    func end(inOrder: Bool = false) {
        if inOrder { stream.beginClosing() } else { stream.reset() }
        over.open()
        sendable.raise()
    }
}
