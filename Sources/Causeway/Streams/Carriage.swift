/// A stream that carries a resumable one for a while, and what wakes the two tasks that do.
final class Carriage: Sendable {
    let stream: Stream
    /// There is something to send.
    let sendable = Signal()
    /// There is room for what arrives.
    let roomy = Signal()

    init(_ stream: Stream) { self.stream = stream }

    func wake() {
        sendable.raise()
        roomy.raise()
    }
}
